/** Numbers by tile: counts and sums, least and greatest values, hours of the day. */
import { hourOf } from '../zone.ts';
import type { Behaviour } from './behaviour.ts';
import { add, dropBefore, firstFrom, get, mergeSums, pairsOf, put } from './cells.ts';
import { numberOf, type Field } from './fields.ts';
import type { SeriesState } from './state.ts';

const byTile = {
  drop: ({ cells }: SeriesState, from: number): void => void dropBefore(cells, from),
  oldest: ({ cells }: SeriesState, from: number): number | undefined => firstFrom(cells, from),
};

/** Adds what other code puts in (returns, which the order book works out). */
export const filledElsewhere: Behaviour = {
  ...byTile,
  fold: () => undefined,
  merge: (into, from) => mergeSums(into.cells, from.cells),
};

/** How many events. */
export const counts: Behaviour = {
  ...filledElsewhere,
  fold: ({ cells }, tile) => add(cells, tile, 1),
};

/** How many events have the field at all: what an average is divided by. */
export const countsOf = (field: Field): Behaviour => ({
  ...filledElsewhere,
  fold: ({ cells }, tile, occurrence) => {
    if (numberOf(field, occurrence) !== undefined) add(cells, tile, 1);
  },
});

export const sums = (field: Field): Behaviour => ({
  ...filledElsewhere,
  fold: ({ cells }, tile, occurrence) => add(cells, tile, numberOf(field, occurrence) ?? 0),
});

/** Least or greatest: `isBetter(a, b)` says whether a takes the place of b. */
const extremes = (field: Field, isBetter: (a: number, b: number) => boolean): Behaviour => {
  const keep = ({ cells }: SeriesState, tile: number, stored: number): void => {
    const known = get(cells, tile);
    if (known === undefined || isBetter(stored, known)) put(cells, tile, stored);
  };
  return {
    ...byTile,
    fold: (state, tile, occurrence) => {
      const number = numberOf(field, occurrence);
      if (number !== undefined) keep(state, tile, toStored(number));
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
  for (const [tile, stored] of pairsOf(cells)) {
    const number = fromStored(stored);
    if (tile >= from && (best === undefined || isBetter(number, best))) best = number;
  }
  return best;
}

/** Cells are numbered tile · 24 + hour. */
export const HOURS = 24;

export const hours: Behaviour = {
  fold: ({ cells }, tile, { event, zone }) => add(cells, tile * HOURS + hourOf(event.at, zone), 1),
  merge: (into, from) => mergeSums(into.cells, from.cells),
  drop: ({ cells }, from) => void dropBefore(cells, from * HOURS),
  oldest: ({ cells }, from) => {
    const first = firstFrom(cells, from * HOURS);
    return first === undefined ? undefined : Math.floor(first / HOURS);
  },
};
