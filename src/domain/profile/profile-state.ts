/**
 * Everything the state plane holds about one shopper: plain data, exactly what
 * `schemas/profile-state.avsc` writes. What every event looks at is packed: few objects a profile, and
 * little to do to write one or to read one. Every part merges commutatively, so it does not matter in
 * which order profiles became one; values of tags are not merged but evaluated again.
 */
import { emptyAggregates, type Aggregates } from '../aggregates/state.ts';
import type { Pid } from '../identity/identifier.ts';
import { emptyValues, type TagValues } from '../tags/values.ts';
import { noTriggers, type PackedTriggers } from '../triggers/packed-triggers.ts';
import type { Attribute, Consent } from './facts.ts';
import { noIdentifiers, type HeldIdentifiers } from './held-identifiers.ts';
import { noRecentIds, type RecentIds } from './recent-ids.ts';

/** The profile was absorbed: whatever still comes is sent on. */
export interface Forward {
  readonly to: Pid;
  readonly mergeId: string;
}

export interface ProfileState {
  forward: Forward | null;
  /** It is anon(x): no trigger sends to it unless it says so. */
  anonymous: boolean;
  /** The latest `now` it was brought up to. */
  clock: number;
  /** `Catalogue.id` under which `tags` were evaluated; 0: never. */
  catalogue: number;
  /** When time alone may next change a tag; null: never. */
  decayAt: number | null;
  recent: RecentIds;
  identifiers: HeldIdentifiers;
  /** Merges whose state is in here already. */
  merges: string[];
  attributes: Attribute[];
  consents: Consent[];
  aggregates: Aggregates;
  tags: TagValues;
  triggers: PackedTriggers;
}

export const newProfile = (anonymous: boolean): ProfileState => ({
  forward: null,
  anonymous,
  clock: 0,
  catalogue: 0,
  decayAt: null,
  recent: noRecentIds(),
  identifiers: noIdentifiers(),
  merges: [],
  attributes: [],
  consents: [],
  aggregates: emptyAggregates(),
  tags: emptyValues(),
  triggers: noTriggers(),
});

/** What is left of a profile that was absorbed. */
export const forwarded = (forward: Forward, clock: number): ProfileState => ({
  ...newProfile(false),
  forward,
  clock,
});
