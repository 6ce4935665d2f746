/**
 * What nearly all events are, decided without a group: all identifiers known and of one shopper, or none
 * of them known. undefined: it is not that plain.
 */
import { foundedPid, type Founding } from './founding.ts';
import type { Digest, Identifier, IdentifierType, Pid } from './identifier.ts';
import type { Policy } from './policy.ts';
import type { Attribution, IdentityView } from './view.ts';

export interface Attributing extends Founding {
  readonly policy: Policy;
}

const NONE: readonly never[] = [];

/** All identifiers known, unmarked, of one root: nothing to decide, nothing to write. */
export function attributeKnown(
  identifiers: readonly Identifier[],
  view: IdentityView,
): Attribution | undefined {
  let target: Pid | undefined;
  const accepted: Digest[] = [];
  for (const { digest } of identifiers) {
    const entry = view.entry(digest);
    if (entry === undefined || entry.mark !== 'none') return undefined;
    if (entry.owner !== target) {
      const { pid } = view.root(entry.owner);
      if (pid !== (target ?? pid)) return undefined;
      target = pid;
    }
    accepted.push(digest);
  }
  return target === undefined ? undefined : unchanged(target, accepted);
}

/** As `decide` builds it, key by key: all attributions have one shape. */
export const unchanged = (target: Pid, accepted: readonly Digest[]): Attribution => ({
  kind: 'attributed',
  target,
  anonymousOf: undefined,
  create: undefined,
  attach: NONE,
  merge: NONE,
  rebind: NONE,
  refused: NONE,
  nowShared: NONE,
  nowHub: NONE,
  ownersAdded: NONE,
  accepted,
});

/** No identifier known, and no more of them than a profile may hold. */
export function attributeNew(
  identifiers: readonly Identifier[],
  view: IdentityView,
  options: Attributing,
): Attribution | undefined {
  const accepted: Digest[] = [];
  for (const { digest } of identifiers) {
    if (view.entry(digest) !== undefined) return undefined;
    accepted.push(digest);
  }
  if (!fitsOneProfile(identifiers, options.policy)) return undefined;
  const founded = foundedPid(identifiers[0], view, options);
  return (
    founded && {
      kind: 'attributed',
      target: founded.pid,
      anonymousOf: undefined,
      create: { founder: founded.founder, epoch: founded.epoch },
      attach: identifiers,
      merge: NONE,
      rebind: NONE,
      refused: NONE,
      nowShared: NONE,
      nowHub: NONE,
      ownersAdded: NONE,
      accepted,
    }
  );
}

/** In canonical order those of a type are neighbours. */
function fitsOneProfile(identifiers: readonly Identifier[], policy: Policy): boolean {
  let before: IdentifierType | undefined;
  let count = 0;
  for (const { type } of identifiers) {
    count = type === before ? count + 1 : 1;
    if (count > policy.types[type].valuesMax) return false;
    before = type;
  }
  return identifiers.length <= policy.identifiersMax;
}
