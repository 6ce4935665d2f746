/**
 * The identifiers listed with a profile, with their values: the state plane's side of identity. Late
 * events move first and last seen, by minimum and maximum; a merge is the union.
 */
import type { IdentifierChange, StitchedIdentifier } from '../message.ts';
import type { IdentifierType } from '../identity/identifier.ts';

export interface HeldIdentifier {
  readonly type: IdentifierType;
  readonly scope: string;
  readonly value: string;
  readonly digest: string;
  firstSeen: number;
  lastSeen: number;
  /** When it came to be listed here: the clock, not the event. */
  readonly since: number;
}

export interface Seen {
  readonly at: number;
  readonly now: number;
}

/** Notes that an event carried these; answers those that are newly listed. */
export function hold(
  held: HeldIdentifier[],
  identifiers: readonly StitchedIdentifier[],
  seen: Seen,
): readonly IdentifierChange[] {
  let changes: IdentifierChange[] | undefined;
  for (const identifier of identifiers) {
    if (!identifier.accepted) continue;
    const known = heldAs(held, identifier.digest);
    if (known) {
      if (seen.at < known.firstSeen) known.firstSeen = seen.at;
      if (seen.at > known.lastSeen) known.lastSeen = seen.at;
      continue;
    }
    const { type, scope, value, digest } = identifier;
    const { at, now } = seen;
    held.push({ type, scope, value, digest, firstSeen: at, lastSeen: at, since: now });
    (changes ??= []).push({ type, scope, value, digest, validFrom: now, validTo: null });
  }
  return changes ?? NOTHING;
}

const NOTHING: readonly IdentifierChange[] = [];

function heldAs(held: readonly HeldIdentifier[], digest: string): HeldIdentifier | undefined {
  for (const each of held) if (each.digest === digest) return each;
  return undefined;
}

/** The union; answers what is newly listed in `into`. */
export function mergeHeld(
  into: HeldIdentifier[],
  from: readonly HeldIdentifier[],
  now: number,
): readonly IdentifierChange[] {
  const changes: IdentifierChange[] = [];
  for (const other of from) {
    const known = into.find((each) => each.digest === other.digest);
    if (known) {
      known.firstSeen = Math.min(known.firstSeen, other.firstSeen);
      known.lastSeen = Math.max(known.lastSeen, other.lastSeen);
      continue;
    }
    into.push({ ...other, since: now });
    const { type, scope, value, digest } = other;
    changes.push({ type, scope, value, digest, validFrom: now, validTo: null });
  }
  return changes;
}

/** What it means for the archive that these are no longer listed here. */
export const closeHeld = (
  held: readonly HeldIdentifier[],
  now: number,
): readonly IdentifierChange[] =>
  held.map(({ type, scope, value, digest, since }) => ({
    type,
    scope,
    value,
    digest,
    validFrom: since,
    validTo: now,
  }));

/** Takes one away (a verified rebind moved it elsewhere). */
export function release(
  held: HeldIdentifier[],
  digest: string,
  now: number,
): readonly IdentifierChange[] {
  const index = held.findIndex((each) => each.digest === digest);
  return index < 0 ? [] : closeHeld(held.splice(index, 1), now);
}

/** The bytewise least identifier: the profile's name where no event gives one (decisions.md Q2). */
export function leastIdentifier(held: readonly HeldIdentifier[]): string {
  const names = held.map((each) => `${each.type}\u001f${each.scope}\u001f${each.value}`);
  return names.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0] ?? '';
}
