/**
 * How a tag's value is made from windows: what a definition of the catalogue comes down to. Units say
 * what a number is; inside it is an integer (`SCALES`), so that equal values are equal.
 */
import type { SeriesOptions } from '../aggregates/series.ts';
import type { Expression, NameType } from '../expression.ts';

export type Unit =
  | 'money'
  | 'count'
  | 'share'
  | 'number'
  | 'days'
  | 'moment'
  | 'text'
  | 'list'
  | 'boolean';

/** A window: a series, seen over n tiles. */
export interface Term {
  readonly series: SeriesOptions;
  readonly tiles: number;
}

export type Recipe =
  /** Sums of `plus`, less those of `minus`, times `factor`. Absent at zero. */
  | {
      readonly kind: 'total';
      readonly plus: readonly Term[];
      readonly minus: readonly Term[];
      readonly unit: Unit;
      readonly factor: number;
    }
  /** ⌊above / below · factor + ½⌋; absent where there is nothing below the line. */
  | {
      readonly kind: 'ratio';
      readonly above: readonly Term[];
      readonly below: readonly Term[];
      readonly unit: Unit;
      readonly factor: number;
    }
  | {
      readonly kind: 'extreme';
      readonly which: 'min' | 'max';
      readonly term: Term;
      readonly unit: Unit;
      readonly factor: number;
    }
  | { readonly kind: 'edge'; readonly which: 'first' | 'last'; readonly term: Term }
  | { readonly kind: 'top'; readonly k: number; readonly term: Term }
  | { readonly kind: 'peak_hour' | 'peak_weekday' | 'weekend'; readonly term: Term }
  | { readonly kind: 'distinct' | 'sessions'; readonly term: Term }
  /** Whole days since the latest event. */
  | { readonly kind: 'clock'; readonly term: Term }
  | { readonly kind: 'cart' }
  | { readonly kind: 'when'; readonly text: string; readonly unit: Unit };

/** What a value is multiplied by to be an integer inside. Money is fen inside and out. */
export const SCALES: Readonly<Record<Unit, number>> = {
  money: 1,
  count: 1,
  share: 10_000,
  number: 10_000,
  days: 1,
  moment: 1,
  text: 1,
  list: 1,
  boolean: 1,
};

const NAME_TYPES: Readonly<Record<Unit, NameType>> = {
  money: 'money',
  count: 'number',
  share: 'number',
  number: 'number',
  days: 'number',
  moment: 'number',
  text: 'string',
  list: 'list',
  boolean: 'boolean',
};

export const nameTypeOf = (unit: Unit): NameType => NAME_TYPES[unit];

/** What an expression must yield for a tag of the unit. */
export const yieldsOf = (unit: Unit): Expression['yields'] => {
  const type = NAME_TYPES[unit];
  return type === 'money' || type === 'object' ? 'number' : type;
};

export function unitOf(recipe: Recipe): Unit {
  switch (recipe.kind) {
    case 'total':
    case 'ratio':
    case 'extreme':
    case 'when':
      return recipe.unit;
    case 'edge':
      return 'text';
    case 'top':
      return recipe.k === 1 ? 'text' : 'list';
    case 'peak_hour':
    case 'peak_weekday':
    case 'distinct':
    case 'sessions':
      return 'count';
    case 'weekend':
      return 'share';
    case 'clock':
      return 'days';
    case 'cart':
      return 'money';
  }
}

/** The windows a recipe reads. */
export function termsOf(recipe: Recipe): readonly Term[] {
  switch (recipe.kind) {
    case 'total':
      return [...recipe.plus, ...recipe.minus];
    case 'ratio':
      return [...recipe.above, ...recipe.below];
    case 'cart':
    case 'when':
      return [];
    case 'extreme':
    case 'edge':
    case 'top':
    case 'peak_hour':
    case 'peak_weekday':
    case 'weekend':
    case 'distinct':
    case 'sessions':
    case 'clock':
      return [recipe.term];
  }
}

/** In expressions a count or sum that is absent is 0; so is a cart. */
export const isZeroWhenAbsent = ({ kind }: Recipe): boolean =>
  kind === 'total' || kind === 'distinct' || kind === 'sessions' || kind === 'cart';
