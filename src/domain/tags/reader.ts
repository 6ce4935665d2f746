/** From windows to a tag's value, as an integer or as texts (`values.ts`). */
import { clamp, countFrom, pairsOf, sumFrom, type Cells } from '../aggregates/cells.ts';
import { firstCellOf, newTopScratch, topFrom } from '../aggregates/keyed-series.ts';
import { extremeFrom, HOURS } from '../aggregates/number-series.ts';
import { cartValue } from '../aggregates/open-carts.ts';
import { identify } from '../aggregates/series.ts';
import {
  cartsOf,
  hasSeries,
  seriesAt,
  type OpenAggregates,
} from '../aggregates/open-aggregates.ts';
import type { SeriesState } from '../aggregates/series-state.ts';
import { edgeFrom } from '../aggregates/text-series.ts';
import { tierOf, tilesAt, type Resolution } from '../aggregates/window.ts';
import { HOUR_MS, weekdayOf, type Zone } from '../zone.ts';
import { SCALES, type Recipe, type Term } from './recipe.ts';
import type { Raw } from './values.ts';

/** A profile's windows at a moment. */
export interface View {
  readonly opened: OpenAggregates;
  readonly now: number;
  /** tile(now), by tier. */
  readonly tiles: readonly number[];
}

export type Read = (view: View) => Raw;

/** Where among the plan's series one is, by its id. */
export type PlaceOf = (id: number) => number;

export const viewAt = (opened: OpenAggregates, now: number, zone: Zone): View => ({
  opened,
  now,
  tiles: tilesAt(now, zone),
});

/** `when` has no reader: it reads other tags. */
export function readerOf(
  recipe: Exclude<Recipe, { readonly kind: 'when' }>,
  placeOf: PlaceOf,
): Read {
  const window = (term: Term): Window => windowOf(term, placeOf);
  switch (recipe.kind) {
    case 'total':
      return totalReader(recipe, placeOf);
    case 'ratio':
      return ratioReader(recipe, placeOf);
    case 'extreme':
      return extremeReader(window(recipe.term), recipe.which, recipe.factor);
    case 'clock':
      return extremeReader(window(recipe.term), 'max', 1);
    case 'edge':
      return withState(window(recipe.term), (state, from) => {
        const text = edgeFrom(state, from, recipe.which);
        return text === undefined ? undefined : [text];
      });
    case 'top':
      return topReader(window(recipe.term), recipe.k);
    case 'peak_hour':
      return withState(window(recipe.term), ({ cells }, from) =>
        greatestSlot(pairsOf(cells), from, (number) => number % HOURS, HOURS),
      );
    case 'peak_weekday':
      return withState(window(recipe.term), ({ cells }, from) =>
        greatestSlot(pairsOf(cells), from, weekdayOf, 1),
      );
    case 'weekend':
      return withState(window(recipe.term), ({ cells }, from) => weekendShare(cells, from));
    case 'distinct':
      return withState(window(recipe.term), ({ cells }, from) =>
        presence(countFrom(cells, firstCellOf(from))),
      );
    case 'sessions':
      return sessionsReader(window(recipe.term));
    case 'cart':
      return ({ opened, now }) => presence(cartValue(cartsOf(opened), now));
  }
}

/** A term, ready to be read. */
interface Window {
  readonly place: number;
  readonly resolution: Resolution;
  readonly tier: number;
  /** n of the window rule: tile ≥ tile(now) − n. */
  readonly tiles: number;
}

const windowOf = ({ series, tiles }: Term, placeOf: PlaceOf): Window => ({
  place: placeOf(identify(series).id),
  resolution: series.resolution,
  tier: tierOf(series.resolution),
  tiles,
});

type Sum = (view: View) => number;

const sumReader =
  ({ place, tier, tiles }: Window): Sum =>
  ({ opened, tiles: current }) =>
    hasSeries(opened, place)
      ? sumFrom(seriesAt(opened, place).cells, (current[tier] as number) - tiles)
      : 0;

function totalReader(recipe: Recipe & { readonly kind: 'total' }, placeOf: PlaceOf): Read {
  const sumOf = (term: Term): Sum => sumReader(windowOf(term, placeOf));
  const plus = recipe.plus.map(sumOf);
  const minus = recipe.minus.map(sumOf);
  const { factor } = recipe;
  const [only] = plus;
  if (only !== undefined && plus.length === 1 && minus.length === 0) {
    return (view) => presence(clamp(only(view) * factor));
  }
  return (view) => presence(clamp((sumUp(plus, view) - sumUp(minus, view)) * factor));
}

function ratioReader(recipe: Recipe & { readonly kind: 'ratio' }, placeOf: PlaceOf): Read {
  const sumOf = (term: Term): Sum => sumReader(windowOf(term, placeOf));
  const above = recipe.above.map(sumOf);
  const below = recipe.below.map(sumOf);
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

function withState(
  { place, tier, tiles }: Window,
  read: (state: SeriesState, from: number) => Raw,
): Read {
  return ({ opened, tiles: current }) =>
    hasSeries(opened, place)
      ? read(seriesAt(opened, place), (current[tier] as number) - tiles)
      : undefined;
}

function extremeReader(window: Window, which: 'min' | 'max', factor: number): Read {
  const isBetter =
    which === 'min' ? (a: number, b: number) => a < b : (a: number, b: number) => a > b;
  return withState(window, (state, from) => {
    const best = extremeFrom(state, from, isBetter);
    return best === undefined ? undefined : clamp(best * factor);
  });
}

function topReader(window: Window, k: number): Read {
  // Read to its end at once: one scratch list serves all profiles.
  const sums = newTopScratch();
  return withState(window, (state, from) => {
    const best = topFrom(state, from, { k, sums });
    return best.length === 0 ? undefined : best;
  });
}

function sessionsReader(window: Window): Read {
  const tileMs = window.resolution === '5m' ? HOUR_MS / 12 : HOUR_MS;
  return withState(window, ({ cells }, from) => presence(countFrom(cells, from * tileMs)));
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
