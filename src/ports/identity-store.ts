/**
 * The identity plane: which profile an identifier points at, by keyed digest. Every call of a
 * session touches one shard, is atomic, idempotent and bounded (identity.md 5). Record first, index
 * second: `ensure` or `attach`, then `claim`. A session sees its own writes; where all shards share
 * one transaction (LMDB) they become visible to others with `commit`, elsewhere at once.
 */
import type { Digest, IdentifierKey, Pid } from '../domain/identity/identifier.ts';
import type { Rebind, Share } from '../domain/identity/index-entry.ts';
import type {
  AbsorbAnswer,
  AttachAnswer,
  DetachAnswer,
  EnsureAnswer,
  FenceAnswer,
  NewProfile,
  ProfileLimits,
} from '../domain/identity/profile-record.ts';
import type { Fence, IndexEntry, ProfileRecord } from '../domain/identity/view.ts';
import type { NewRecord, TopicPartition } from './event-log.ts';
import type { OutboxRow, Position } from './outbox.ts';

export interface RawPosition extends TopicPartition {
  readonly position: Position;
}

export interface RawClaim extends RawPosition {
  /** Greater than any before; commits under an older one are `fenced`. */
  readonly epoch: number;
  readonly unpublished: readonly OutboxRow[];
}

export interface RawMove extends TopicPartition {
  readonly epoch: number;
  /** Must equal the stored position, else `moved`. */
  readonly from: Position;
  readonly to: Position;
}

/** As `CommitAnswer` (outbox.ts), for work over several partitions. */
export type StitchCommitAnswer =
  /** Done. `unpublished` are the rows the caller must append to the log, then `trim`. */
  | { readonly kind: 'committed'; readonly unpublished: readonly OutboxRow[] }
  /** These belong to another owner now: stop them, drop everything, publish nothing. */
  | { readonly kind: 'fenced'; readonly partitions: readonly TopicPartition[] }
  /** These stand elsewhere, or another session wrote meanwhile: seek to these and begin again. */
  | { readonly kind: 'moved'; readonly positions: readonly RawPosition[] };

/** What is known of one digest: its entry, and the records its pids lead to (parents included). */
export interface Resolved {
  readonly entry: IndexEntry | undefined;
  readonly records: readonly ProfileRecord[];
}

/** A fence somebody left open: whoever finds it completes it (identity.md 8). */
export interface OpenFence {
  readonly tenant: string;
  readonly pid: Pid;
  readonly fence: Fence;
}

export interface IdentitySession {
  resolve(tenant: string, digests: readonly Digest[]): Promise<readonly Resolved[]>;
  /** The record under this very pid, parents not followed. */
  record(tenant: string, pid: Pid): Promise<ProfileRecord | undefined>;
  /**
   * Creates the record with its identifiers if absent. `exists`: it is there, perhaps without them
   * (attach), perhaps absorbed. `collision`: another founder has this pid.
   */
  ensure(tenant: string, profile: NewProfile): Promise<EnsureAnswer>;
  /** Inserts if absent; answers the owner, whoever it is. */
  claim(tenant: string, digest: Digest, pid: Pid): Promise<Pid>;
  /** Lists identifiers with a root and reserves its strong values: all of them or none. */
  attach(
    tenant: string,
    root: Pid,
    epoch: number,
    identifiers: readonly IdentifierKey[],
    limits: ProfileLimits,
  ): Promise<AttachAnswer>;
  /**
   * Takes a listing back whose claim went elsewhere, or which a rebind moved away. After `moved`,
   * look again before following: the new root may hold it by right.
   */
  detach(tenant: string, pid: Pid, digest: Digest): Promise<DetachAnswer>;
  /** Never weakens a mark. Answers the entry; an unclaimed one stays unclaimed: undefined. */
  share(tenant: string, share: Share): Promise<IndexEntry | undefined>;
  /** Verified rebind: owner `from` → `to`, mark cleared. False when the owner was not `from`. */
  rebind(tenant: string, rebind: Rebind): Promise<boolean>;
  /**
   * Only a live, unfenced root can be fenced. Every attempt has a token of its own, never used
   * before; the same token again is `ok`, as after a lost reply.
   */
  fence(tenant: string, pid: Pid, fence: Fence): Promise<FenceAnswer>;
  /** `absorbed` as read after its fence. The survivor takes its identifiers and its ancestors. */
  absorb(
    tenant: string,
    survivor: Pid,
    absorbed: ProfileRecord,
    limits: ProfileLimits,
  ): Promise<AbsorbAnswer>;
  /** Sets the parent and clears the fence. Only with the matching token. */
  finish(tenant: string, absorbed: Pid, survivor: Pid, token: string): Promise<void>;
  /** Only with the matching token. */
  unfence(tenant: string, pid: Pid, token: string): Promise<void>;
  /**
   * The work of one batch over several raw partitions: the outputs, and where to go on. Outputs
   * belong to the first partition of `to`, whose next owner finds them. A session not answered
   * `committed` has changed nothing where that can be (LMDB); elsewhere its identity changes stand,
   * being idempotent, and its outputs are not published. A lost reply may be sent again: the second
   * try of a commit that took effect is answered `moved` to its own `to`, and the rows are in
   * `unpublished`. Without partitions (a rebuild) there are no outputs. An open fence is a mistake
   * where a commit is all or nothing.
   */
  commit(to: readonly RawMove[], outputs: readonly NewRecord[]): Promise<StitchCommitAnswer>;
}

export interface IdentityStore {
  claim(partitions: readonly TopicPartition[]): Promise<readonly RawClaim[]>;
  begin(): IdentitySession;
  /** Committed under this raw partition, and perhaps not in the log yet. */
  unpublished(partition: TopicPartition): Promise<readonly OutboxRow[]>;
  /** These rows of this raw partition, up to and including `sequence`, are in the log. */
  trim(partition: TopicPartition, sequence: number): Promise<void>;
  /** For readers who own nothing. */
  resolve(tenant: string, digests: readonly Digest[]): Promise<readonly Resolved[]>;
  /** For readers: the record under this very pid, parents not followed. */
  record(tenant: string, pid: Pid): Promise<ProfileRecord | undefined>;
  /** Fences set before this moment, oldest first, at most `limit`; none where none outlives a commit. */
  openFences(before: number, limit: number): Promise<readonly OpenFence[]>;
  positions(): Promise<readonly RawPosition[]>;
  /** Forgets everything but the positions. For `rebuild` only. */
  reset(): Promise<void>;
}
