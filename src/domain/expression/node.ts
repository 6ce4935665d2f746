/**
 * What a piece of an expression becomes: the kind of value it yields, as far as that is known, and a
 * closure that yields it. `undefined` stands for absent, and takes everything built on it with it.
 */
export type Kind = 'number' | 'string' | 'boolean' | 'list' | 'object' | 'null' | 'any';

/** Values inside an expression; lists and objects are whatever the scope holds. */
export type Value = number | string | boolean | object | null | undefined;

export type Run = (scope: Readonly<Record<string, unknown>>) => Value;

export interface Node {
  readonly kind: Kind;
  readonly run: Run;
}

/** May a node of this kind be used where `wanted` is asked for? Only running it tells for `any`. */
export const canBe = (kind: Kind, wanted: Kind): boolean => kind === wanted || kind === 'any';

/** Only what CEL knows, and never a function, symbol or number that is no number. */
export function toValue(raw: unknown): Value {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined;
  if (typeof raw === 'string' || typeof raw === 'boolean' || typeof raw === 'object') return raw;
  return undefined;
}

/** An object whose fields are worked out when they are asked for. */
export abstract class LazyFields {
  abstract readonly names: readonly string[];
  /** undefined: it has none of this name. */
  abstract field(name: string): unknown;
}

/** Own properties only: `constructor`, `__proto__` and `length` are absent. */
export function fieldOf(value: Value, name: string): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (value instanceof LazyFields) return toValue(value.field(name));
  if (!Object.hasOwn(value, name)) return undefined;
  return toValue((value as Readonly<Record<string, unknown>>)[name]);
}
