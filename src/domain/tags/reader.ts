/** From windows to a tag's value, as an integer or as texts (`values.ts`). */
import { clamp, countFrom, pairsOf, sumFrom, type Cells } from '../aggregates/cells.ts';
import { firstCellOf, newTopScratch, topFrom } from '../aggregates/keyed-series.ts';
import { extremeFrom, HOURS } from '../aggregates/number-series.ts';
import { cartValue } from '../aggregates/open-carts.ts';
import { identify } from '../aggregates/series.ts';
import { seriesOf, type Aggregates, type SeriesState } from '../aggregates/state.ts';
import { edgeFrom } from '../aggregates/text-series.ts';
import { tileOf, type Resolution } from '../aggregates/window.ts';
import { HOUR_MS, weekdayOf, type Zone } from '../zone.ts';
import { SCALES, type Recipe, type Term } from './recipe.ts';
import type { Raw } from './values.ts';

/** A profile's windows at a moment. */
export interface View {
  readonly aggregates: Aggregates;
  readonly now: number;
  /** tile(now), by resolution. */
  readonly tiles: Readonly<Record<Resolution, number>>;
}

export type Read = (view: View) => Raw;

export const viewAt = (aggregates: Aggregates, now: number, zone: Zone): View => ({
  aggregates,
  now,
  tiles: {
    '5m': tileOf('5m', now, zone),
    '1h': tileOf('1h', now, zone),
    '1d': tileOf('1d', now, zone),
    ever: 0,
  },
});

/** `when` has no reader: it reads other tags. */
export function readerOf(recipe: Exclude<Recipe, { readonly kind: 'when' }>): Read {
  switch (recipe.kind) {
    case 'total':
      return totalReader(recipe);
    case 'ratio':
      return ratioReader(recipe);
    case 'extreme':
      return extremeReader(recipe.term, recipe.which, recipe.factor);
    case 'clock':
      return extremeReader(recipe.term, 'max', 1);
    case 'edge':
      return withState(recipe.term, (state, from) => {
        const text = edgeFrom(state, from, recipe.which);
        return text === undefined ? undefined : [text];
      });
    case 'top':
      return topReader(recipe.term, recipe.k);
    case 'peak_hour':
      return withState(recipe.term, ({ cells }, from) =>
        greatestSlot(pairsOf(cells), from, (number) => number % HOURS, HOURS),
      );
    case 'peak_weekday':
      return withState(recipe.term, ({ cells }, from) =>
        greatestSlot(pairsOf(cells), from, weekdayOf, 1),
      );
    case 'weekend':
      return withState(recipe.term, ({ cells }, from) => weekendShare(cells, from));
    case 'distinct':
      return withState(recipe.term, ({ cells }, from) =>
        presence(countFrom(cells, firstCellOf(from))),
      );
    case 'sessions':
      return sessionsReader(recipe.term);
    case 'cart':
      return ({ aggregates, now }) => presence(cartValue(aggregates.carts, now));
  }
}

type Sum = (view: View) => number;

/** n of the window rule: tile ≥ tile(now) − n. */
function sumReader({ series, tiles }: Term): Sum {
  const { id } = identify(series);
  const { resolution } = series;
  return ({ aggregates, tiles: current }) => {
    const state = seriesOf(aggregates, id);
    return state === undefined ? 0 : sumFrom(state.cells, current[resolution] - tiles);
  };
}

function totalReader(recipe: Recipe & { readonly kind: 'total' }): Read {
  const plus = recipe.plus.map(sumReader);
  const minus = recipe.minus.map(sumReader);
  const { factor } = recipe;
  const [only] = plus;
  if (only !== undefined && plus.length === 1 && minus.length === 0) {
    return (view) => presence(clamp(only(view) * factor));
  }
  return (view) => presence(clamp((sumUp(plus, view) - sumUp(minus, view)) * factor));
}

function ratioReader(recipe: Recipe & { readonly kind: 'ratio' }): Read {
  const above = recipe.above.map(sumReader);
  const below = recipe.below.map(sumReader);
  const { factor } = recipe;
  return (view) => {
    const under = sumUp(below, view);
    if (under <= 0) return undefined;
    return clamp(Math.floor((sumUp(above, view) / under) * factor + 0.5));
  };
}

function sumUp(sums: readonly Sum[], view: View): number {
  let total = 0;
  for (const sum of sums) total += sum(view);
  return total;
}

function withState({ series, tiles }: Term, read: (state: SeriesState, from: number) => Raw): Read {
  const { id } = identify(series);
  const { resolution } = series;
  return (view) => {
    const state = seriesOf(view.aggregates, id);
    return state === undefined ? undefined : read(state, view.tiles[resolution] - tiles);
  };
}

function extremeReader(term: Term, which: 'min' | 'max', factor: number): Read {
  const isBetter =
    which === 'min' ? (a: number, b: number) => a < b : (a: number, b: number) => a > b;
  return withState(term, (state, from) => {
    const best = extremeFrom(state, from, isBetter);
    return best === undefined ? undefined : clamp(best * factor);
  });
}

function topReader(term: Term, k: number): Read {
  // Read to its end at once: one scratch list serves all profiles.
  const sums = newTopScratch();
  return withState(term, (state, from) => {
    const best = topFrom(state, from, { k, sums });
    return best.length === 0 ? undefined : best;
  });
}

function sessionsReader(term: Term): Read {
  const tileMs = term.series.resolution === '5m' ? HOUR_MS / 12 : HOUR_MS;
  return withState(term, ({ cells }, from) => presence(countFrom(cells, from * tileMs)));
}

/** Which slot has the greatest sum; among equals the least. */
function greatestSlot(
  pairs: readonly (readonly [number, number])[],
  from: number,
  slotOf: (number: number) => number,
  perTile: number,
): number | undefined {
  const sums = new Map<number, number>();
  for (const [number, value] of pairs) {
    if (number < from * perTile) continue;
    const slot = slotOf(number);
    sums.set(slot, (sums.get(slot) ?? 0) + value);
  }
  let best: number | undefined;
  for (const [slot, sum] of sums) {
    const known = best === undefined ? 0 : (sums.get(best) ?? 0);
    if (sum > known || (sum === known && best !== undefined && slot < best)) best = slot;
  }
  return best;
}

/** Saturday and Sunday. */
const WEEKEND_FROM = 5;

function weekendShare(cells: Cells, from: number): number | undefined {
  let total = 0;
  let weekend = 0;
  for (const [day, value] of pairsOf(cells)) {
    if (day < from) continue;
    total += value;
    if (weekdayOf(day) >= WEEKEND_FROM) weekend += value;
  }
  return total <= 0 ? undefined : Math.floor((weekend / total) * SCALES.share + 0.5);
}

/** Counts and sums of nothing are absent. */
const presence = (number: number): number | undefined => (number === 0 ? undefined : number);
