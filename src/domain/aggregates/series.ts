/**
 * A series: the events of a filter, aggregated one way, in tiles of one resolution. All windows that
 * differ in their span only share one; a series is known by the hash of its definition.
 */
import type { Expression } from '../expression.ts';
import { hash32 } from '../hash.ts';
import type { Behaviour } from './behaviour.ts';
import type { Field } from './fields.ts';
import { distinct, top } from './keyed-series.ts';
import {
  counts,
  countsOf,
  filledElsewhere,
  greatest,
  hours,
  least,
  sums,
} from './number-series.ts';
import { scopeOf, type Occurrence } from './occurrence.ts';
import { sessions } from './session-series.ts';
import { firstText, lastText } from './text-series.ts';
import { tierOf, type Resolution } from './window.ts';

/** Which events: of these types (null: of any), and meeting `where`. */
export interface Filter {
  readonly types: readonly string[] | null;
  readonly where: Expression | null;
}

export type SeriesKind =
  | { readonly kind: 'count' | 'hours' | 'returned_count' | 'returned_money' }
  | {
      readonly kind: 'count_of' | 'sum' | 'min' | 'max' | 'first' | 'last' | 'distinct';
      readonly field: Field;
    }
  | { readonly kind: 'top'; readonly field: Field; readonly by: Field | null }
  | { readonly kind: 'sessions'; readonly gapMs: number };

export interface Series {
  readonly id: number;
  /** Among the series of the plan, which are sorted by id. */
  readonly place: number;
  /** What the id is the hash of. */
  readonly definition: string;
  readonly kind: SeriesKind['kind'];
  readonly filter: Filter;
  readonly resolution: Resolution;
  /** Of the resolution. */
  readonly tier: number;
  readonly behaviour: Behaviour;
  /** n of each of its windows, ascending. */
  readonly spans: readonly number[];
  /** n of its longest window. */
  readonly tilesMax: number;
}

export interface SeriesOptions {
  readonly kind: SeriesKind;
  readonly filter: Filter;
  readonly resolution: Resolution;
}

export function newSeries(
  options: SeriesOptions,
  { spans, place }: { readonly spans: Iterable<number>; readonly place: number },
): Series {
  const { kind, filter, resolution } = options;
  const ascending = [...spans].toSorted((a, b) => a - b);
  return {
    ...identify(options),
    place,
    kind: kind.kind,
    filter,
    resolution,
    tier: tierOf(resolution),
    behaviour: behaviourOf(kind, resolution),
    spans: ascending,
    tilesMax: ascending.at(-1) ?? 0,
  };
}

export function identify({ kind, filter, resolution }: SeriesOptions) {
  const types = filter.types === null ? '*' : filter.types.toSorted().join(',');
  const where = filter.where?.text ?? '';
  const definition = [definitionOf(kind), types, where, resolution].join('|');
  return { id: hash32(definition), definition };
}

export const meets = ({ where }: Filter, occurrence: Occurrence): boolean =>
  where === null || where.evaluate(scopeOf(occurrence)) === true;

function definitionOf(kind: SeriesKind): string {
  switch (kind.kind) {
    case 'top':
      return `top:${kind.field.name}:${kind.by?.name ?? ''}`;
    case 'sessions':
      return `sessions:${kind.gapMs}`;
    case 'count':
    case 'hours':
    case 'returned_count':
    case 'returned_money':
      return kind.kind;
    case 'count_of':
    case 'sum':
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'distinct':
      return `${kind.kind}:${kind.field.name}`;
  }
}

function behaviourOf(kind: SeriesKind, resolution: Resolution): Behaviour {
  switch (kind.kind) {
    case 'count':
      return counts;
    case 'count_of':
      return countsOf(kind.field);
    case 'sum':
      return sums(kind.field);
    case 'min':
      return least(kind.field);
    case 'max':
      return greatest(kind.field);
    case 'first':
      return firstText(kind.field);
    case 'last':
      return lastText(kind.field);
    case 'distinct':
      return distinct(kind.field);
    case 'top':
      return top(kind.field, kind.by);
    case 'hours':
      return hours;
    case 'sessions':
      return sessions(kind.gapMs, resolution === '5m' ? 300_000 : 3_600_000);
    case 'returned_count':
    case 'returned_money':
      return filledElsewhere;
  }
}
