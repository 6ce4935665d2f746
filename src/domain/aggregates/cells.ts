/**
 * A small map from integers to integers, by ascending number, in two arrays side by side. New numbers
 * usually are the greatest, so they are looked for and added at the end; windows are read from the
 * end. No value is zero: what comes to zero is not there, so that the same content always has the
 * same form.
 *
 * All windows' tiles, sessions, refunds and carts are such maps. The arrays only grow: they serve one
 * profile after the other, and `count` says how much of them is meant.
 */
import { SIGNED_MAX } from '../bytes.ts';

export interface Cells {
  count: number;
  numbers: Float64Array;
  values: Float64Array;
}

export type Pair = readonly [number: number, value: number];

export const newCells = (capacity = 8): Cells => ({
  count: 0,
  numbers: new Float64Array(capacity),
  values: new Float64Array(capacity),
});

/** Room for `count` pairs. */
export function reserve(cells: Cells, count: number): void {
  if (count <= cells.numbers.length) return;
  const capacity = Math.max(count, cells.numbers.length * 2);
  const { numbers, values } = cells;
  cells.numbers = new Float64Array(capacity);
  cells.numbers.set(numbers);
  cells.values = new Float64Array(capacity);
  cells.values.set(values);
}

/** Adds; a sum of zero removes. Values stay safe integers. */
export function add(cells: Cells, number: number, amount: number): void {
  if (amount === 0) return;
  const index = place(cells, number);
  const sum = clamp(valueAt(cells, index) + amount);
  if (sum === 0) removeAt(cells, index);
  else cells.values[index] = sum;
}

/** Sets; zero removes. */
export function put(cells: Cells, number: number, value: number): void {
  const index = place(cells, number);
  if (value === 0) removeAt(cells, index);
  else cells.values[index] = value;
}

export function get(cells: Cells, number: number): number | undefined {
  const index = indexFrom(cells, number);
  return index < cells.count && numberAt(cells, index) === number
    ? valueAt(cells, index)
    : undefined;
}

/** The greatest number. */
export const newest = (cells: Cells): number | undefined =>
  cells.count === 0 ? undefined : cells.numbers[cells.count - 1];

/** The sum of the values of all numbers from `from` on. */
export function sumFrom({ count, numbers, values }: Cells, from: number): number {
  let sum = 0;
  for (let index = count - 1; index >= 0 && (numbers[index] as number) >= from; index--) {
    sum += values[index] as number;
  }
  return sum;
}

/** How many numbers there are from `from` on. */
export const countFrom = (cells: Cells, from: number): number =>
  cells.count - indexFrom(cells, from);

/** The least number from `from` on. */
export function firstFrom(cells: Cells, from: number): number | undefined {
  const index = indexFrom(cells, from);
  return index < cells.count ? numberAt(cells, index) : undefined;
}

/** Removes all numbers below `from`; answers how many. */
export function dropBefore(cells: Cells, from: number): number {
  const { count, numbers, values } = cells;
  const dropped = indexFrom(cells, from);
  if (dropped > 0) {
    for (let index = dropped; index < count; index++) {
      numbers[index - dropped] = numberAt(cells, index);
      values[index - dropped] = valueAt(cells, index);
    }
    cells.count = count - dropped;
  }
  return dropped;
}

/** For what is rarely done. By ascending number. */
export function pairsOf(cells: Cells): Pair[] {
  const pairs: Pair[] = [];
  for (let index = 0; index < cells.count; index++) {
    pairs.push([numberAt(cells, index), valueAt(cells, index)]);
  }
  return pairs;
}

/** Replaces what is in `cells` by pairs by ascending number, each number once, no value zero. */
export function assign(cells: Cells, pairs: readonly Pair[]): void {
  cells.count = 0;
  for (const [number, value] of pairs) append(cells, number, value);
}

/** A number greater than all others, without asking. */
export function append(cells: Cells, number: number, value: number): void {
  reserve(cells, cells.count + 1);
  cells.numbers[cells.count] = number;
  cells.values[cells.count] = value;
  cells.count++;
}

/** Adds up, number by number. */
export function mergeSums(into: Cells, from: Cells): void {
  for (const [number, value] of pairsOf(from)) add(into, number, value);
}

export const numberAt = (cells: Cells, index: number): number => cells.numbers[index] as number;
export const valueAt = (cells: Cells, index: number): number => cells.values[index] as number;

/** Where the numbers from `from` on begin; looked for from the end. */
export function indexFrom({ count, numbers }: Cells, from: number): number {
  let index = count;
  while (index > 0 && (numbers[index - 1] as number) >= from) index--;
  return index;
}

/** What can be written down; no honest sum comes near. */
export const clamp = (value: number): number => Math.max(-SIGNED_MAX, Math.min(SIGNED_MAX, value));

/** The index of a number, which is added with value 0 where it is not there. */
function place(cells: Cells, number: number): number {
  const { count } = cells;
  const index = indexFrom(cells, number);
  if (index < count && numberAt(cells, index) === number) return index;
  reserve(cells, count + 1);
  const { numbers, values } = cells;
  for (let later = count; later > index; later--) {
    numbers[later] = numberAt(cells, later - 1);
    values[later] = valueAt(cells, later - 1);
  }
  numbers[index] = number;
  values[index] = 0;
  cells.count = count + 1;
  return index;
}

function removeAt(cells: Cells, index: number): void {
  const { count, numbers, values } = cells;
  for (let later = index + 1; later < count; later++) {
    numbers[later - 1] = numberAt(cells, later);
    values[later - 1] = valueAt(cells, later);
  }
  cells.count = count - 1;
}
