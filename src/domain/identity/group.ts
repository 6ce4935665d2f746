/**
 * What one event may join (identity.md 2.4, step 5): roots and new identifiers, taken strongest
 * first; whoever would bring a second value of a unique (type, scope), or too much, stays outside.
 */
import { keyOf } from './identifier.ts';
import type { Identifier, IdentifierKey, IdentifierType, Pid } from './identifier.ts';
import type { Policy } from './policy.ts';
import type { Absorption, ProfileRecord } from './view.ts';

/** A root with all it holds, or an identifier nobody has claimed or that comes without its root. */
export interface Candidate {
  readonly root: ProfileRecord | undefined;
  readonly identifiers: readonly IdentifierKey[];
  /** Of its identifiers, those that are unique. */
  readonly strong: readonly IdentifierKey[];
}

export interface Group {
  /** Roots taken so far, each with the identifier that led there. */
  readonly roots: readonly (Absorption & { readonly record: ProfileRecord })[];
  /** Does the group hold strong values? */
  isStrong(): boolean;
  hasRoot(pid: Pid): boolean;
  clashes(candidate: Candidate): boolean;
  fits(candidate: Candidate): boolean;
  take(candidate: Candidate, by: Identifier): void;
}

export const rootCandidate = (root: ProfileRecord, policy: Policy): Candidate => ({
  root,
  identifiers: root.identifiers,
  strong: strongOf(root, policy),
});

export const loneCandidate = (identifier: Identifier, policy: Policy): Candidate => ({
  root: undefined,
  identifiers: [identifier],
  strong: policy.types[identifier.type].isUnique ? [identifier] : [],
});

export const strongOf = (root: ProfileRecord, policy: Policy): readonly IdentifierKey[] =>
  root.identifiers.filter(({ type }) => policy.types[type].isUnique);

/** Different values for the same unique (type, scope). */
export const clash = (left: readonly IdentifierKey[], right: readonly IdentifierKey[]): boolean =>
  left.some((a) =>
    right.some((b) => a.type === b.type && a.scope === b.scope && a.digest !== b.digest),
  );

export function createGroup(policy: Policy): Group {
  const roots: (Absorption & { record: ProfileRecord })[] = [];
  const strong: IdentifierKey[] = [];
  const counts = new Map<IdentifierType, number>();
  let identifiersCount = 0;
  let absorbedCount = 0;

  return {
    roots,
    isStrong: () => strong.length > 0,
    hasRoot: (pid) => roots.some((one) => one.pid === pid),
    clashes: (candidate) => clash(strong, candidate.strong),
    fits({ root, identifiers }) {
      // The first is taken as it is: where limits were lowered it may be beyond them already.
      if (identifiersCount === 0) return true;
      if (identifiersCount + identifiers.length > policy.identifiersMax) return false;
      // Of all roots in the group one survives, and the others are absorbed with all they had.
      const absorbed = root === undefined ? 0 : absorbedCount + root.absorbed.length + roots.length;
      if (absorbed > policy.absorbedMax) return false;
      for (const [type, added] of countByType(identifiers)) {
        if ((counts.get(type) ?? 0) + added > policy.types[type].valuesMax) return false;
      }
      return true;
    },
    take({ root, identifiers, strong: more }, by) {
      strong.push(...more);
      identifiersCount += identifiers.length;
      for (const [type, added] of countByType(identifiers)) {
        counts.set(type, (counts.get(type) ?? 0) + added);
      }
      if (root === undefined) return;
      absorbedCount += root.absorbed.length;
      roots.push({ pid: root.pid, record: root, by: keyOf(by) });
    },
  } satisfies Group;
}

function countByType(identifiers: readonly IdentifierKey[]): ReadonlyMap<IdentifierType, number> {
  const counts = new Map<IdentifierType, number>();
  for (const { type } of identifiers) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}
