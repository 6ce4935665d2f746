/**
 * The state plane: one state a profile, its timers, the outbox and the position they belong to, by
 * partition of `events`. All of a commit or nothing of it, and only for the owner of the partition.
 * It holds bytes; what they mean is the stage's business. Keys are `<tenant>/<pid>`.
 */
import type { NewRecord } from './event-log.ts';
import type { CommitAnswer, OutboxRow, Position } from './outbox.ts';

export interface PartitionState {
  readonly position: Position;
  /** The partition clock, ms; 0 at the beginning. Never goes back. */
  readonly clock: number;
  /** What the stage keeps for the partition as a whole (the current catalogue). */
  readonly notes: Uint8Array | null;
  /**
   * Outputs of everything before this position have been published already (a rebuild): compute
   * them, publish none. null: no rebuild.
   */
  readonly horizon: Position | null;
}

export interface PartitionClaim extends PartitionState {
  /** Greater than any before; commits under an older one are `fenced`. */
  readonly epoch: number;
  readonly unpublished: readonly OutboxRow[];
}

export interface StateWrite {
  readonly key: string;
  /** null deletes, the timer as well. */
  readonly value: Uint8Array | null;
  /** When this key is due in the index, before and after; null: not at all. */
  readonly dueBefore: number | null;
  readonly dueAfter: number | null;
}

export interface PartitionCommit {
  readonly partition: number;
  readonly epoch: number;
  /** Must equal the stored position, else `moved`. */
  readonly from: Position;
  readonly to: Position;
  readonly clock: number;
  /** undefined: as before. */
  readonly notes?: Uint8Array | undefined;
  readonly states: readonly StateWrite[];
  readonly outputs: readonly NewRecord[];
}

export interface DueTimer {
  readonly key: string;
  readonly dueAt: number;
}

export interface ProfileStore {
  /** How many partitions the store was made for; a different number in the log is refused at start. */
  readonly partitions: number;
  claim(partition: number): Promise<PartitionClaim>;
  /** The states of these keys, in the same order; undefined where there is none. */
  load(partition: number, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Each commit is atomic for its partition; several go in one round trip and are answered in the
   * same order. A lost reply may be sent again: the second try of a commit that took effect is
   * answered `moved` to its own `to`, and the rows are in `unpublished`.
   */
  commit(commits: readonly PartitionCommit[]): Promise<readonly CommitAnswer[]>;
  /** Committed, and perhaps not in the log yet. */
  unpublished(partition: number): Promise<readonly OutboxRow[]>;
  /** These rows, up to and including `sequence`, are in the log. */
  trim(partition: number, sequence: number): Promise<void>;
  /** The earliest due keys with `dueAt <= until`, by (dueAt, key), at most `limit`. */
  dueTimers(partition: number, until: number, limit: number): Promise<readonly DueTimer[]>;
  /** For readers who own nothing: `undefined` when the partition was never claimed. */
  peek(partition: number): Promise<PartitionState | undefined>;
  /** Every state of the partition, by key. */
  scan(partition: number): AsyncIterable<readonly [key: string, state: Uint8Array]>;
  /**
   * Forget states, timers, outbox and notes and go back to the beginning of the log, remembering
   * the former position as the horizon. For `rebuild` only.
   */
  reset(partition: number): Promise<void>;
}
