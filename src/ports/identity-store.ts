/**
 * The identity plane: which profile an identifier points at, by keyed digest. Every call of a
 * session touches one shard, is atomic, idempotent and bounded (identity.md 5). Record first, index
 * second: `ensure` or `attach`, then `claim`. A session sees its own writes; where all shards share
 * one transaction (LMDB) they become visible to others with `commit`, elsewhere at once.
 */
import type { Digest, Identifier, IdentifierKey, Pid } from '../domain/identity/identifier.ts';
import type { CreatedAt, IndexEntry, ProfileRecord } from '../domain/identity/view.ts';
import type { NewRecord, TopicPartition } from './event-log.ts';
import type { CommitAnswer, OutboxRow, Position } from './outbox.ts';

export interface RawPosition extends TopicPartition {
  readonly position: Position;
}

export interface RawClaim extends TopicPartition {
  readonly epoch: number;
  readonly position: Position;
}

/** What is known of one digest: its entry, and the records its pids lead to (parents included). */
export interface Resolved {
  readonly entry: IndexEntry | undefined;
  readonly records: readonly ProfileRecord[];
}

export interface NewProfile {
  readonly pid: Pid;
  readonly createdAt: CreatedAt;
  readonly founder: string;
  readonly epoch: number;
  readonly identifiers: readonly IdentifierKey[];
}

export type AttachAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'moved'; readonly parent: Pid }
  | { readonly kind: 'fenced'; readonly token: string }
  /** Another strong value of a unique (type, scope) is there. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'over_limit' }
  | { readonly kind: 'stale_epoch' };

export type FenceAnswer =
  | { readonly kind: 'ok'; readonly token: string }
  | { readonly kind: 'moved'; readonly parent: Pid }
  | { readonly kind: 'fenced'; readonly token: string; readonly into: Pid };

export type AbsorbAnswer =
  /** Also when it was absorbed before. */
  | { readonly kind: 'ok' }
  | { readonly kind: 'moved'; readonly parent: Pid }
  | { readonly kind: 'fenced'; readonly token: string; readonly into: Pid }
  | { readonly kind: 'refused' };

export interface AttachLimits {
  /** Most values of a type a profile may hold, over all scopes; unique types: 1 a scope. */
  readonly perType: Readonly<Record<string, number>>;
  readonly uniqueTypes: readonly string[];
  readonly identifiersMax: number;
  readonly absorbedMax: number;
}

export interface IdentitySession {
  resolve(tenant: string, digests: readonly Digest[]): Promise<readonly Resolved[]>;
  /** The record under this very pid, parents not followed. */
  record(tenant: string, pid: Pid): Promise<ProfileRecord | undefined>;
  /** Creates the record with its identifiers. `collision`: another founder has this pid. */
  ensure(tenant: string, profile: NewProfile): Promise<'created' | 'exists' | 'collision'>;
  /** Inserts if absent; answers the owner, whoever it is. */
  claim(tenant: string, identifier: IdentifierKey, pid: Pid, since: number): Promise<Pid>;
  /** Lists identifiers with a root and reserves its strong values. */
  attach(
    tenant: string,
    root: Pid,
    epoch: number,
    identifiers: readonly IdentifierKey[],
    limits: AttachLimits,
  ): Promise<AttachAnswer>;
  /** Takes a listing back whose claim went elsewhere, or which a rebind moved away. */
  detach(tenant: string, pid: Pid, digest: Digest): Promise<void>;
  /**
   * Marks as shared, adds an owner; more than `ownersMax` make a hub, whose owners are counted no
   * further. Monotone: a mark never weakens here. An entry nobody claimed stays unclaimed.
   */
  share(
    tenant: string,
    digest: Digest,
    owner: Pid,
    ownersMax: number,
    since: number,
  ): Promise<IndexEntry | undefined>;
  /** Verified rebind: owner `from` → `to`, mark cleared. False when the owner was not `from`. */
  rebind(
    tenant: string,
    identifier: Identifier | IdentifierKey,
    from: Pid,
    to: Pid,
    since: number,
  ): Promise<boolean>;
  /** Only a live, unfenced root can be fenced; nothing but finish or unfence is written to it then. */
  fence(tenant: string, pid: Pid, into: Pid, token: string, since: number): Promise<FenceAnswer>;
  absorb(
    tenant: string,
    survivor: Pid,
    absorbed: ProfileRecord,
    limits: AttachLimits,
  ): Promise<AbsorbAnswer>;
  /** Sets the parent and clears the fence. */
  finish(tenant: string, absorbed: Pid, survivor: Pid, token: string): Promise<void>;
  /** Only with the matching token. */
  unfence(tenant: string, pid: Pid, token: string): Promise<void>;
  /**
   * The work of one batch over several raw partitions: the outputs, and where to go on. Answered as
   * in `outbox.ts`. A fenced session has changed nothing where that can be (LMDB); elsewhere its
   * identity changes stand, being idempotent, and its outputs are not published.
   */
  commit(
    to: readonly (RawPosition & { readonly epoch: number; readonly from: Position })[],
    outputs: readonly NewRecord[],
  ): Promise<CommitAnswer>;
}

export interface IdentityStore {
  claim(partitions: readonly TopicPartition[]): Promise<readonly RawClaim[]>;
  begin(): IdentitySession;
  unpublished(): Promise<readonly OutboxRow[]>;
  trim(sequence: number): Promise<void>;
  /** For readers who own nothing. */
  resolve(tenant: string, digests: readonly Digest[]): Promise<readonly Resolved[]>;
  positions(): Promise<readonly RawPosition[]>;
  /** Forgets everything but the positions. For `rebuild` only. */
  reset(): Promise<void>;
}
