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
  /** Log time at which owner or mark last changed (identity.md 2.6); 0: it is as first claimed. */
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

/** Everything an event may need was loaded before. */
export interface IdentityView {
  entry(digest: Digest): IndexEntry | undefined;
  /** Follows parents; throws for a pid without a record, as no entry may point at one. */
  root(pid: Pid): ProfileRecord;
  /** The record under this very pid, as far as it was loaded. */
  record(pid: Pid): ProfileRecord | undefined;
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

/**
 * To be written in this order: create, absorb, attach and claim, rebind, share. The edges of the
 * event run from `accepted[0]`, its strongest, to each other accepted one.
 */
export interface Attribution {
  readonly kind: 'attributed';
  /** The profile the event belongs to: after the merges below, a root. */
  readonly target: Pid;
  /** Set when the target is anon(x): the digest x. */
  readonly anonymousOf?: Digest | undefined;
  /**
   * The target must be created. Where it turns out to exist, it is this very profile (another
   * worker, a lost answer, an anon(x) that was not loaded), and the rest holds.
   */
  readonly create?: { readonly founder: string; readonly epoch: number } | undefined;
  /** New listings of the target, claims to be made, the founder's too; empty for the known case. */
  readonly attach: readonly Identifier[];
  /** Roots to absorb into the target, oldest first. */
  readonly merge: readonly Absorption[];
  readonly rebind: readonly RebindOrder[];
  readonly refused: readonly Refusal[];
  readonly nowShared: readonly IdentifierKey[];
  /** Those whose owners go over the limit by this. */
  readonly nowHub: readonly IdentifierKey[];
  /** All shares to be made, those of `nowShared` and `nowHub` too. */
  readonly ownersAdded: readonly OwnerAdded[];
  /** Identifiers of the event that are listed with the target and join it, in canonical order. */
  readonly accepted: readonly Digest[];
}

export interface Absorption {
  readonly pid: Pid;
  /** The identifier of the event that leads there. */
  readonly by: IdentifierKey;
}

/** A verified rebind: to be listed with the target, its mark cleared. */
export interface RebindOrder {
  readonly identifier: Identifier;
  /** The pid its entry names, absorbed or not. */
  readonly from: Pid;
  /** The root that lists it so far; the target itself: then only the mark goes. */
  readonly root: Pid;
}

/** The target becomes an owner; `merged` says which roots owners listed so far have become. */
export interface OwnerAdded {
  readonly identifier: IdentifierKey;
  readonly owner: Pid;
  readonly merged: readonly { readonly pid: Pid; readonly root: Pid }[];
}
