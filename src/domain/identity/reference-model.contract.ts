/**
 * identity.md 2.4 and 2.5 once more, as plainly as possible: profiles are sets of identifiers that
 * are poured together. Shares no code with what it judges. Says of each event where it belongs: the
 * founder of the profile, `anon:` and an identifier, or why nowhere.
 */
import type { Digest, Identifier } from './identifier.ts';
import type { Policy } from './policy.ts';

interface ModelProfile {
  readonly born: number;
  readonly founder: Digest;
  readonly ids: Map<Digest, Identifier>;
  absorbed: number;
}

export interface Model {
  take(all: readonly Identifier[]): string;
  /** As `partitionOf` a world. */
  partition(): readonly string[];
  marks(): ReadonlyMap<Digest, 'shared' | 'hub'>;
}

export function createModel(policy: Policy): Model {
  const owner = new Map<Digest, ModelProfile>();
  const marks = new Map<Digest, 'shared' | 'hub'>();
  const owners = new Map<Digest, Set<ModelProfile>>();
  let clock = 0;

  const isStrong = (one: Identifier) => ['member', 'uid', 'unionid'].includes(one.type);

  function holdTwo(ids: readonly Identifier[]): boolean {
    const held = new Map<string, Digest>();
    return ids.filter(isStrong).some(({ type, scope, digest }) => {
      const before = held.get(`${type} ${scope}`);
      held.set(`${type} ${scope}`, digest);
      return before !== undefined && before !== digest;
    });
  }

  const isTooMuch = (ids: readonly Identifier[]): boolean =>
    ids.length > policy.identifiersMax ||
    ids.some(({ type }) => {
      const count = ids.filter((one) => one.type === type).length;
      return count > policy.types[type].valuesMax;
    });

  function take(all: readonly Identifier[]): string {
    clock++;
    if (all.length === 0) return 'unresolved';
    if (holdTwo(all)) return 'dead';
    const live = all.filter(({ digest }) => !marks.has(digest));
    const hasStrong = live.some(isStrong);
    if (live.length === 0) return `anon:${all[0]?.digest}`;
    const roots = new Set(live.flatMap(({ digest }) => owner.get(digest) ?? []));
    const held = [...roots].flatMap(({ ids }) => [...ids.values()]);
    if (!hasStrong && holdTwo(held)) return `anon:${live[0]?.digest}`;

    const profiles = new Set<ModelProfile>();
    const ids: Identifier[] = [];
    const [fresh, moved, conflicted]: [Identifier[], Identifier[], Identifier[]] = [[], [], []];
    for (const one of live) {
      const root = owner.get(one.digest);
      if (root && profiles.has(root)) continue;
      const more = root ? [...root.ids.values()] : [one];
      const absorbed = [...profiles, root].reduce((sum, each) => sum + (each?.absorbed ?? 0), 0);
      if (holdTwo([...ids, ...more])) {
        if (isStrong(one)) continue;
        if (one.verified && !isTooMuch([...ids, one])) {
          moved.push(one);
          ids.push(one);
        } else conflicted.push(one);
      } else if (
        !isTooMuch([...ids, ...more]) &&
        (!root || absorbed + profiles.size <= policy.absorbedMax)
      ) {
        ids.push(...more);
        if (root) profiles.add(root);
        else fresh.push(one);
      }
    }
    for (const one of hasStrong ? all : []) {
      if (!marks.has(one.digest) || !one.verified) continue;
      const root = owner.get(one.digest);
      const isInside = root !== undefined && profiles.has(root);
      if (!isInside && isTooMuch([...ids, one])) continue;
      moved.push(one);
      if (!isInside) ids.push(one);
    }

    const byAge = [...profiles].toSorted((a, b) => a.born - b.born);
    const founder = fresh[0]?.digest ?? '';
    const target = byAge[0] ?? { born: clock, founder, ids: new Map(), absorbed: 0 };
    for (const other of byAge.slice(1)) pour(other, target);
    for (const one of [...fresh, ...moved]) {
      owner.get(one.digest)?.ids.delete(one.digest);
      target.ids.set(one.digest, one);
      owner.set(one.digest, target);
    }
    for (const { digest } of moved) {
      marks.delete(digest);
      owners.delete(digest);
    }
    for (const { digest } of conflicted) {
      const first = owner.get(digest);
      marks.set(digest, 'shared');
      if (first) owners.set(digest, new Set([first]));
    }
    if ([...target.ids.values()].some(isStrong)) {
      for (const { type, digest } of all) {
        if (marks.get(digest) !== 'shared') continue;
        const known = owners.get(digest)?.add(target);
        if ((known?.size ?? 0) > policy.types[type].ownersMax) marks.set(digest, 'hub');
      }
    }
    return target.founder;
  }

  function pour(from: ModelProfile, to: ModelProfile): void {
    for (const [digest, one] of from.ids) {
      to.ids.set(digest, one);
      owner.set(digest, to);
    }
    to.absorbed += from.absorbed + 1;
    for (const known of owners.values()) if (known.delete(from)) known.add(to);
  }

  return {
    take,
    partition: () =>
      [...new Set(owner.values())]
        .map(({ ids }) => [...ids.keys()].toSorted().join(' '))
        .filter((group) => group !== '')
        .toSorted(),
    marks: () => marks,
  };
}
