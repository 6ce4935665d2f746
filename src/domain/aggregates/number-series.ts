/** Numbers by tile: counts and sums, least and greatest values, hours of the day. */
import { hourOf } from '../zone.ts';
import { nothingToForget, type Behaviour } from './behaviour.ts';
import { add, get, indexFrom, mergeSums, pairsOf, put, valueAt } from './cells.ts';
import { numberOf, type Field } from './fields.ts';
import type { Occurrence } from './occurrence.ts';
import type { SeriesState } from './series-state.ts';

const byTile = { perTile: 1, forget: nothingToForget };

/** Adds what other code puts in (returns, which the order book works out). */
export const filledElsewhere: Behaviour = {
  ...byTile,
  fold: () => false,
  merge: (into, from) => mergeSums(into.cells, from.cells),
};

const adds = (amountOf: (occurrence: Occurrence) => number): Behaviour => ({
  ...filledElsewhere,
  fold: ({ cells }, tile, occurrence) => {
    const amount = amountOf(occurrence);
    add(cells, tile, amount);
    return amount !== 0;
  },
});

/** How many events. */
export const counts: Behaviour = adds(() => 1);

/** How many events have the field at all: what an average is divided by. */
export const countsOf = (field: Field): Behaviour =>
  adds((occurrence) => (numberOf(field, occurrence) === undefined ? 0 : 1));

export const sums = (field: Field): Behaviour =>
  adds((occurrence) => numberOf(field, occurrence) ?? 0);

/** Least or greatest: `isBetter(a, b)` says whether a takes the place of b. */
const extremes = (field: Field, isBetter: (a: number, b: number) => boolean): Behaviour => {
  const keep = ({ cells }: SeriesState, tile: number, stored: number): boolean => {
    const known = get(cells, tile);
    if (known !== undefined && !isBetter(stored, known)) return false;
    put(cells, tile, stored);
    return true;
  };
  return {
    ...byTile,
    fold: (state, tile, occurrence) => {
      const number = numberOf(field, occurrence);
      return number !== undefined && keep(state, tile, toStored(number));
    },
    merge: (into, from) => {
      for (const [tile, stored] of pairsOf(from.cells)) keep(into, tile, stored);
    },
  };
};

export const least = (field: Field): Behaviour => extremes(field, (a, b) => a < b);
export const greatest = (field: Field): Behaviour => extremes(field, (a, b) => a > b);

/** Cells hold no zero: numbers from zero on are kept one higher, which keeps their order. */
const toStored = (number: number): number => (number >= 0 ? number + 1 : number);
export const fromStored = (stored: number): number => (stored > 0 ? stored - 1 : stored);

/** The least or greatest over the tiles from `from` on. */
export function extremeFrom(
  { cells }: SeriesState,
  from: number,
  isBetter: (a: number, b: number) => boolean,
): number | undefined {
  let best: number | undefined;
  for (let index = indexFrom(cells, from); index < cells.count; index++) {
    const number = fromStored(valueAt(cells, index));
    if (best === undefined || isBetter(number, best)) best = number;
  }
  return best;
}

/** Cells are numbered tile · 24 + hour. */
export const HOURS = 24;

export const hours: Behaviour = {
  ...filledElsewhere,
  perTile: HOURS,
  fold: ({ cells }, tile, { event, zone }) => {
    add(cells, tile * HOURS + hourOf(event.at, zone), 1);
    return true;
  },
};
