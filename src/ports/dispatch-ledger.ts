/**
 * What dispatch has taken on and where each action stands: intent before sending, result after, next
 * try in between. Fenced by partition of `actions` like every store of a stage.
 */
import type { NewRecord } from './event-log.ts';
import type { CommitAnswer, OutboxRow, Position } from './outbox.ts';

export interface DispatchEntry {
  readonly tenant: string;
  /** Action id. */
  readonly id: string;
  /** The encoded action and what is known of its steps; the stage's own bytes. */
  readonly value: Uint8Array;
  /**
   * `open`: an attempt may be under way (after a crash: unknown whether it was) · `waiting`: the
   * next try is at `nextTryAt` · `done`: nothing more will be done; kept to know repeats.
   */
  readonly state: 'open' | 'waiting' | 'done';
  /** When it is due; `open`: since when. */
  readonly nextTryAt: number | null;
  /** What it waits for next, as the stage calls it (a channel). Nobody waits behind another lane. */
  readonly lane: string;
}

export interface DueEntries {
  /** By when they are due. */
  readonly entries: readonly DispatchEntry[];
  /** When the first of the lane is due that is not among `entries`; null: there is none. */
  readonly nextAt: number | null;
}

export interface DispatchClaim {
  readonly epoch: number;
  readonly position: Position;
  /** Lanes in which something is not `done`. */
  readonly lanes: readonly string[];
  readonly unpublished: readonly OutboxRow[];
}

export interface DispatchCommit {
  readonly partition: number;
  readonly epoch: number;
  readonly from: Position;
  readonly to: Position;
  readonly entries: readonly DispatchEntry[];
  readonly outputs: readonly NewRecord[];
}

export interface DispatchLedger {
  claim(partition: number): Promise<DispatchClaim>;
  /** What is not `done` of a lane and due by `until`, the earliest first, `limit` at most. */
  due(
    partition: number,
    lane: string,
    upTo: { readonly until: number; readonly limit: number },
  ): Promise<DueEntries>;
  /** Which of these action ids of the partition are recorded already, and as what. */
  known(
    partition: number,
    ids: readonly { readonly tenant: string; readonly id: string }[],
  ): Promise<readonly (DispatchEntry['state'] | undefined)[]>;
  /** How many actions of all partitions are not `done`. */
  unfinished(): Promise<number>;
  commit(commit: DispatchCommit): Promise<CommitAnswer>;
  unpublished(partition: number): Promise<readonly OutboxRow[]>;
  trim(partition: number, sequence: number): Promise<void>;
}
