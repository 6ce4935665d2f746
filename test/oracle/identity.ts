/**
 * Policy P0 (identity.md 2.4 and 2.5) as plainly as possible: profiles are sets of identifiers that
 * are poured together, one event after another. Shares no code with src/.
 */
import type { ModelIdentifier } from './event.ts';

export interface ModelProfile {
  /** Order of creation: the least survives. */
  readonly born: number;
  readonly anonymous: boolean;
  /** By key. Empty for an anonymous one, and for one that was absorbed. */
  readonly identifiers: Map<string, ModelIdentifier>;
  absorbed: number;
}

export type Attributed =
  | { readonly kind: 'unresolved' | 'dead' }
  | {
      readonly kind: 'attributed';
      readonly target: ModelProfile;
      /** Oldest first. */
      readonly absorbed: readonly ModelProfile[];
      /** Those listed with the target, of the event's. */
      readonly accepted: readonly ModelIdentifier[];
      /** Whom a verified rebind took an identifier from. */
      readonly released: readonly { readonly key: string; readonly from: ModelProfile }[];
    };

const STRONG = new Set(['member', 'uid', 'unionid']);
const VALUES_MAX: Readonly<Record<string, number>> = {
  phone: 3,
  email: 5,
  buyer: 10,
  openid: 20,
  device: 50,
};
const OWNERS_MAX: Readonly<Record<string, number>> = {
  phone: 3,
  email: 3,
  buyer: 3,
  openid: 3,
  device: 10,
};
const IDENTIFIERS_MAX = 1_000;
const ABSORBED_MAX = 100;

const isStrong = ({ type }: ModelIdentifier): boolean => STRONG.has(type);

export class IdentityModel {
  readonly #holder = new Map<string, ModelProfile>();
  readonly #anonymous = new Map<string, ModelProfile>();
  /** Shared identifiers and their owners; null: a hub. */
  readonly #shared = new Map<string, Set<ModelProfile> | null>();
  #count = 0;

  /** `all`: usable identifiers, each once, in canonical order. */
  attribute(all: readonly ModelIdentifier[]): Attributed {
    const [first] = all;
    if (first === undefined) return { kind: 'unresolved' };
    if (holdTwoOfOne(all)) return { kind: 'dead' };
    const live = all.filter(({ key }) => !this.#shared.has(key));
    const [strongest] = live;
    if (strongest === undefined) return this.#toAnonymous(first);
    const roots = new Set(live.flatMap(({ key }) => this.#holder.get(key) ?? []));
    const held = [...roots].flatMap((root) => [...root.identifiers.values()]);
    if (!live.some(isStrong) && holdTwoOfOne(held)) return this.#toAnonymous(strongest);
    return this.#join(all, live);
  }

  holderOf(key: string): ModelProfile | undefined {
    return this.#holder.get(key);
  }

  #toAnonymous({ key }: ModelIdentifier): Attributed {
    let target = this.#anonymous.get(key);
    if (target === undefined) this.#anonymous.set(key, (target = this.#create(true)));
    return { kind: 'attributed', target, absorbed: [], accepted: [], released: [] };
  }

  #create(anonymous: boolean): ModelProfile {
    return { born: this.#count++, anonymous, identifiers: new Map(), absorbed: 0 };
  }

  #join(all: readonly ModelIdentifier[], live: readonly ModelIdentifier[]): Attributed {
    const roots: ModelProfile[] = [];
    const together: ModelIdentifier[] = [];
    const taken: ModelIdentifier[] = [];
    const accepted = new Set<string>();
    const conflicted: ModelIdentifier[] = [];
    const move = (one: ModelIdentifier): boolean => {
      if (!fits([...together, one])) return false;
      together.push(one);
      taken.push(one);
      accepted.add(one.key);
      return true;
    };
    for (const one of live) {
      const root = this.#holder.get(one.key);
      if (root !== undefined && roots.includes(root)) {
        accepted.add(one.key);
        continue;
      }
      const more = root === undefined ? [one] : [...root.identifiers.values()];
      if (holdTwoOfOne([...together, ...more])) {
        if (isStrong(one) || (one.verified && move(one))) continue;
        conflicted.push(one);
      } else if (fits([...together, ...more]) && absorbsFew([...roots, root])) {
        together.push(...more);
        if (root === undefined) taken.push(one);
        else roots.push(root);
        accepted.add(one.key);
      }
    }
    if (live.some(isStrong)) {
      for (const one of all) if (one.verified && this.#shared.has(one.key)) move(one);
    }
    const [oldest, ...younger] = roots.toSorted((a, b) => a.born - b.born);
    const target = oldest ?? this.#create(false);
    for (const other of younger) this.#pour(other, target);
    const released = taken.flatMap((one) => this.#list(one, target) ?? []);
    this.#share(all, conflicted, target);
    return {
      kind: 'attributed',
      target,
      absorbed: younger,
      accepted: all.filter(({ key }) => accepted.has(key)),
      released,
    };
  }

  #pour(from: ModelProfile, into: ModelProfile): void {
    for (const [key, one] of from.identifiers) {
      into.identifiers.set(key, one);
      this.#holder.set(key, into);
    }
    from.identifiers.clear();
    into.absorbed += from.absorbed + 1;
    for (const owners of this.#shared.values()) if (owners?.delete(from)) owners.add(into);
  }

  /** Takes it from whoever has it (a verified rebind), and its mark away. */
  #list(one: ModelIdentifier, target: ModelProfile) {
    const { key } = one;
    const from = this.#holder.get(key);
    from?.identifiers.delete(key);
    this.#holder.set(key, target);
    target.identifiers.set(key, one);
    this.#shared.delete(key);
    return from === undefined || from === target ? undefined : { key, from };
  }

  #share(
    all: readonly ModelIdentifier[],
    conflicted: readonly ModelIdentifier[],
    target: ModelProfile,
  ): void {
    for (const { key } of conflicted) {
      const holder = this.#holder.get(key);
      this.#shared.set(key, new Set(holder === undefined ? [] : [holder]));
    }
    if (![...target.identifiers.values()].some(isStrong)) return;
    for (const { key, type } of all) {
      const owners = this.#shared.get(key);
      if (!owners) continue;
      owners.add(target);
      if (owners.size > (OWNERS_MAX[type] ?? 0)) this.#shared.set(key, null);
    }
  }
}

/** Two different values of one strong type and scope. */
function holdTwoOfOne(identifiers: readonly ModelIdentifier[]): boolean {
  const values = new Map<string, string>();
  return identifiers.filter(isStrong).some(({ type, scope, value }) => {
    const slot = `${type} ${scope}`;
    const known = values.get(slot);
    values.set(slot, value);
    return known !== undefined && known !== value;
  });
}

const fits = (identifiers: readonly ModelIdentifier[]): boolean =>
  identifiers.length <= IDENTIFIERS_MAX &&
  Object.entries(VALUES_MAX).every(
    ([type, max]) => identifiers.filter((one) => one.type === type).length <= max,
  );

function absorbsFew(roots: readonly (ModelProfile | undefined)[]): boolean {
  const joined = roots.filter((root) => root !== undefined);
  return joined.reduce((sum, root) => sum + root.absorbed, joined.length - 1) <= ABSORBED_MAX;
}
