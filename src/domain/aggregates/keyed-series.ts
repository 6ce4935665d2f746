/**
 * Numbers by tile and text: what is wanted most, and how many different ones there are. Texts stand
 * once in `keys`, sorted; cells are numbered tile · SLOTS + place in `keys`.
 */
import type { Item } from '../event.ts';
import type { Behaviour } from './behaviour.ts';
import {
  add,
  assign,
  indexFrom,
  numberAt,
  pairsOf,
  valueAt,
  type Cells,
  type Pair,
} from './cells.ts';
import { eachText, numberOf, numberOfItem, type Field } from './fields.ts';
import type { Occurrence } from './occurrence.ts';
import { findKey, insertKey, keyAt, keyCount, keysOf, type SeriesState } from './series-state.ts';

/** Beyond as many different texts, those with the least are forgotten. */
const TOP_KEYS_MAX = 200;
/** Beyond as many pairs of tile and text, the oldest are forgotten. */
const TOP_CELLS_MAX = 2_000;
/** Beyond as many different texts, those longest not seen are forgotten: 64 reads "64 or more". */
export const DISTINCT_MAX = 64;

const SLOTS = 256;

const tileOfCell = (number: number): number => Math.floor(number / SLOTS);
const slotOfCell = (number: number): number => number & (SLOTS - 1);

const shared = {
  perTile: SLOTS,
  forget: (state: SeriesState): void => forgetUnused(state),
};

/** Counts, or sums of `by`, for each text of `field`. */
export const top = (field: Field, by: Field | null): Behaviour => ({
  ...shared,
  fold: (state, tile, occurrence) => {
    let isChanged = false;
    eachText(field, occurrence, (text, item) => {
      const amount = by === null ? 1 : weightOf(by, occurrence, item);
      if (amount === 0) return;
      isChanged = true;
      add(state.cells, tile * SLOTS + slotOf(state, text), amount);
      if (keyCount(state) > TOP_KEYS_MAX) boundTop(state);
    });
    if (state.cells.count > TOP_CELLS_MAX) boundTop(state);
    return isChanged;
  },
  merge: (into, from) => {
    const texts = keysOf(from);
    for (const [number, value] of pairsOf(from.cells)) {
      const slot = slotOf(into, texts[slotOfCell(number)] ?? '');
      add(into.cells, tileOfCell(number) * SLOTS + slot, value);
      if (keysOf(into).length > TOP_KEYS_MAX) boundTop(into);
    }
    boundTop(into);
    forgetUnused(into);
  },
});

/** Each text once, in the newest tile it was seen in: enough to count those of any window. */
export const distinct = (field: Field): Behaviour => {
  const see = (state: SeriesState, tile: number, text: string): boolean => {
    const slot = slotOf(state, text);
    const pairs = pairsOf(state.cells);
    const known = pairs.find(([number]) => slotOfCell(number) === slot);
    if (known !== undefined && tileOfCell(known[0]) >= tile) return false;
    if (known !== undefined) add(state.cells, known[0], -1);
    add(state.cells, tile * SLOTS + slot, 1);
    if (keyCount(state) > DISTINCT_MAX) forgetLongestNotSeen(state);
    return true;
  };
  return {
    ...shared,
    fold: (state, tile, occurrence) => {
      let isChanged = false;
      eachText(field, occurrence, (text) => {
        if (see(state, tile, text)) isChanged = true;
      });
      return isChanged;
    },
    merge: (into, from) => {
      const texts = keysOf(from);
      for (const [number] of pairsOf(from.cells)) {
        see(into, tileOfCell(number), texts[slotOfCell(number)] ?? '');
      }
    },
  };
};

/** Where `numberFrom` begins to count a window of tiles from `from` on. */
export const firstCellOf = (from: number): number => from * SLOTS;

/**
 * The `k` texts with the greatest sums above zero from tile `from` on, greatest first, equal ones by
 * text. `sums` is scratch, at least `TOP_KEYS_MAX` long.
 */
export function topFrom(
  state: SeriesState,
  from: number,
  { k, sums }: { readonly k: number; readonly sums: number[] },
): string[] {
  const best: string[] = [];
  if (state.cells.count === 0) return best;
  const slots = keyCount(state);
  for (let slot = 0; slot < slots; slot++) sums[slot] = 0;
  addUp(state.cells, from * SLOTS, sums);
  while (best.length < k) {
    let slot = -1;
    let greatest = 0;
    for (let index = 0; index < slots; index++) {
      const sum = sums[index] as number;
      if (sum <= greatest) continue;
      slot = index;
      greatest = sum;
    }
    if (slot < 0) break;
    best.push(keyAt(state, slot));
    sums[slot] = 0;
  }
  return best;
}

export const newTopScratch = (): number[] => Array.from({ length: SLOTS }, () => 0);

/** By slot, over the numbers from `first` on. */
function addUp(cells: Cells, first: number, sums: number[]): void {
  for (let index = indexFrom(cells, first); index < cells.count; index++) {
    const slot = slotOfCell(numberAt(cells, index));
    sums[slot] = (sums[slot] ?? 0) + valueAt(cells, index);
  }
}

function weightOf(by: Field, occurrence: Occurrence, item: Item | undefined): number {
  const weight =
    by.ofItem !== null && item !== undefined ? numberOfItem(by, item) : numberOf(by, occurrence);
  return weight ?? 0;
}

/** The place of a text in `keys`, which it is given if it has none. */
function slotOf(state: SeriesState, text: string): number {
  const known = findKey(state, text);
  if (known >= 0) return known;
  const { cells } = state;
  const slot = insertKey(state, text);
  if (slot === keyCount(state) - 1) return slot;
  for (let index = 0; index < cells.count; index++) {
    const number = numberAt(cells, index);
    if (slotOfCell(number) >= slot) cells.numbers[index] = number + 1;
  }
  return slot;
}

function boundTop(state: SeriesState): void {
  const { cells } = state;
  const keys = keysOf(state);
  if (keys.length > TOP_KEYS_MAX) {
    const sums = newTopScratch();
    addUp(cells, -Infinity, sums);
    const order = keys.map((_, slot) => slot);
    order.sort((a, b) => (sums[b] ?? 0) - (sums[a] ?? 0) || a - b);
    keepSlots(state, new Set(order.slice(0, TOP_KEYS_MAX)));
  }
  const excess = cells.count - TOP_CELLS_MAX;
  if (excess <= 0) return;
  assign(cells, pairsOf(cells).slice(excess));
  forgetUnused(state);
}

function forgetLongestNotSeen(state: SeriesState): void {
  const slots = pairsOf(state.cells).map(([number]) => slotOfCell(number));
  keepSlots(state, new Set(slots.slice(-DISTINCT_MAX)));
}

function forgetUnused(state: SeriesState): void {
  const used = new Set(pairsOf(state.cells).map(([number]) => slotOfCell(number)));
  if (used.size < keysOf(state).length) keepSlots(state, used);
}

function keepSlots(state: SeriesState, kept: ReadonlySet<number>): void {
  const { cells } = state;
  const keys = keysOf(state);
  const newSlots = new Map<number, number>();
  for (let slot = 0; slot < keys.length; slot++) {
    if (kept.has(slot)) newSlots.set(slot, newSlots.size);
  }
  const pairs = pairsOf(cells).flatMap(([number, value]): Pair[] => {
    const slot = newSlots.get(slotOfCell(number));
    return slot === undefined ? [] : [[tileOfCell(number) * SLOTS + slot, value]];
  });
  const texts = keys.filter((_, slot) => kept.has(slot));
  assign(cells, pairs);
  keys.splice(0, keys.length, ...texts);
}
