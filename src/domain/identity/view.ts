/**
 * What the identity plane holds, as a decision sees it. `attribute()` reads an `IdentityView` and
 * answers a `Decision`; whoever calls it writes the decision through the identity store.
 */
import type { Digest, Identifier, IdentifierKey, Pid } from './identifier.ts';

/** The place in the raw log of the event that created a profile: total order, oldest survives. */
export interface CreatedAt {
  readonly logTime: number;
  /** Index of (raw topic, partition), unique in an installation. */
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

export type Mark = 'none' | 'shared' | 'hub';

/** One per claimed identifier. `owners` is kept only once shared: distinct roots, up to the limit. */
export interface IndexEntry {
  readonly digest: Digest;
  readonly owner: Pid;
  readonly mark: Mark;
  readonly owners: readonly Pid[];
  /** Log time at which owner or mark last changed (identity.md 2.6). */
  readonly since: number;
}

export interface Fence {
  readonly kind: 'merge';
  readonly token: string;
  readonly into: Pid;
  readonly since: number;
}

export interface ProfileRecord {
  readonly pid: Pid;
  readonly createdAt: CreatedAt;
  /** What the pid derives from: a digest, or `anon:` + a digest. */
  readonly founder: string;
  readonly epoch: number;
  readonly parent: Pid | null;
  /** All identifiers listed with this profile, its absorbed profiles' included. */
  readonly identifiers: readonly IdentifierKey[];
  /** Every profile ever absorbed, directly or through another. */
  readonly absorbed: readonly Pid[];
  readonly fence: Fence | null;
  /** Tokens of the latest fences whose absorb this profile refused: that answer stays. */
  readonly declined?: readonly string[];
}

/** Reads are of roots: `root` follows parents. Everything an event may need was loaded before. */
export interface IdentityView {
  entry(digest: Digest): IndexEntry | undefined;
  root(pid: Pid): ProfileRecord;
}

export type RefusalReason = 'strong_conflict' | 'ambiguous' | 'limit' | 'cannot_link';

export interface Refusal {
  readonly reason: RefusalReason;
  /** The identifiers left out. */
  readonly identifiers: readonly IdentifierKey[];
  /** The roots that were kept apart. */
  readonly pids: readonly Pid[];
}

/** What an event does to the identity plane, and where it goes. */
export type Decision =
  | { readonly kind: 'unresolved' }
  | { readonly kind: 'dead'; readonly reason: 'two_values_of_unique_type' }
  | Attribution;

export interface Attribution {
  readonly kind: 'attributed';
  /** The profile the event belongs to: after the merges below, a root. */
  readonly target: Pid;
  /** Set when the target is anon(x): the digest x. Such a profile may have to be created. */
  readonly anonymousOf?: Digest;
  /** The target must be created, founded by this. */
  readonly create?: { readonly founder: string };
  /** New listings of the target, claims to be made; empty for the known case. */
  readonly attach: readonly Identifier[];
  /** Roots to absorb into the target, oldest first. */
  readonly merge: readonly Pid[];
  /** Verified rebinds: taken from another root, marks cleared. */
  readonly rebind: readonly { readonly identifier: Identifier; readonly from: Pid }[];
  readonly refused: readonly Refusal[];
  /** Marks and owners to add; `nowHub` are those whose owners go over the limit by this. */
  readonly nowShared: readonly IdentifierKey[];
  readonly nowHub: readonly IdentifierKey[];
  readonly ownersAdded: readonly { readonly identifier: IdentifierKey; readonly owner: Pid }[];
  /** Accepted edges: the strongest accepted identifier to each other accepted one. */
  readonly edges: readonly { readonly from: Digest; readonly to: Digest }[];
  /** Identifiers of the event that are now listed with the target. */
  readonly accepted: readonly Digest[];
}
