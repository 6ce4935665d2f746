/**
 * A small map from integers to integers, in one flat array that Avro writes in few bytes: pairs
 * (gap, value) by ascending number, where a pair's gap leads to the next pair's number and the last
 * one's is its own number. New numbers usually are the greatest, so they are found and added at the
 * end; windows are read from the end. No value is zero: what comes to zero is not there, so that the
 * same content always has the same bytes.
 *
 * All windows' tiles, sessions, refunds and carts are such maps.
 */
export type Cells = number[];

const STRIDE = 2;

/** The pair at index 2i as a number and its value; for what is rarely done. */
export type Pair = readonly [number: number, value: number];

/** Adds; a sum of zero removes. Values stay safe integers. */
export function add(cells: Cells, number: number, amount: number): void {
  if (amount === 0) return;
  const index = place(cells, number);
  const sum = clamp((cells[index + 1] ?? 0) + amount);
  if (sum === 0) removeAt(cells, index);
  else cells[index + 1] = sum;
}

/** Sets; zero removes. */
export function put(cells: Cells, number: number, value: number): void {
  const index = place(cells, number);
  if (value === 0) removeAt(cells, index);
  else cells[index + 1] = value;
}

export function get(cells: Cells, number: number): number | undefined {
  let index = cells.length - STRIDE;
  let at = index < 0 ? 0 : valueAt(cells, index);
  while (index >= 0 && at > number) {
    index -= STRIDE;
    at -= index < 0 ? 0 : valueAt(cells, index);
  }
  return index >= 0 && at === number ? valueAt(cells, index + 1) : undefined;
}

/** The greatest number. */
export const newest = (cells: Cells): number | undefined => cells[cells.length - STRIDE];

/** The sum of the values of all numbers from `from` on. */
export function sumFrom(cells: Cells, from: number): number {
  let index = cells.length - STRIDE;
  if (index < 0) return 0;
  let number = valueAt(cells, index);
  let sum = 0;
  while (number >= from) {
    sum += valueAt(cells, index + 1);
    index -= STRIDE;
    if (index < 0) break;
    number -= valueAt(cells, index);
  }
  return sum;
}

/** How many numbers there are from `from` on. */
export function countFrom(cells: Cells, from: number): number {
  return (cells.length - indexFrom(cells, from)) / STRIDE;
}

/** The least number from `from` on. */
export function firstFrom(cells: Cells, from: number): number | undefined {
  let index = cells.length - STRIDE;
  if (index < 0) return undefined;
  let number = valueAt(cells, index);
  let first: number | undefined;
  while (number >= from) {
    first = number;
    index -= STRIDE;
    if (index < 0) break;
    number -= valueAt(cells, index);
  }
  return first;
}

/** Removes all numbers below `from`; answers how many. */
export function dropBefore(cells: Cells, from: number): number {
  const index = indexFrom(cells, from);
  if (index > 0) cells.splice(0, index);
  return index / STRIDE;
}

/** By ascending number. */
export function pairsOf(cells: Cells): Pair[] {
  const pairs: Pair[] = [];
  let index = cells.length - STRIDE;
  let number = index < 0 ? 0 : valueAt(cells, index);
  while (index >= 0) {
    pairs.push([number, valueAt(cells, index + 1)]);
    index -= STRIDE;
    if (index >= 0) number -= valueAt(cells, index);
  }
  return pairs.reverse();
}

/** From pairs by ascending number, each number once, no value zero. */
export function cellsOf(pairs: readonly Pair[]): Cells {
  const cells: Cells = [];
  for (const [number, value] of pairs) append(cells, number, value);
  return cells;
}

/** Replaces what is in `cells`. */
export function assign(cells: Cells, pairs: readonly Pair[]): void {
  cells.length = 0;
  for (const [number, value] of pairs) append(cells, number, value);
}

/** Adds up, number by number. */
export function mergeSums(into: Cells, from: Cells): void {
  for (const [number, value] of pairsOf(from)) add(into, number, value);
}

/** The index of a pair, which is added with value 0 where there is none. */
function place(cells: Cells, number: number): number {
  let index = cells.length - STRIDE;
  if (index < 0) return append(cells, number, 0);
  let at = valueAt(cells, index);
  if (number === at) return index;
  if (number > at) return append(cells, number, 0);
  while (index > 0) {
    const gap = valueAt(cells, index - STRIDE);
    if (at - gap === number) return index - STRIDE;
    if (at - gap < number) {
      cells[index - STRIDE] = number - (at - gap);
      break;
    }
    at -= gap;
    index -= STRIDE;
  }
  cells.splice(index, 0, at - number, 0);
  return index;
}

function append(cells: Cells, number: number, value: number): number {
  const index = cells.length;
  if (index > 0) cells[index - STRIDE] = number - valueAt(cells, index - STRIDE);
  cells.push(number, value);
  return index;
}

function removeAt(cells: Cells, index: number): void {
  const isLast = index === cells.length - STRIDE;
  if (index > 0) {
    const gap = valueAt(cells, index);
    const before = valueAt(cells, index - STRIDE);
    cells[index - STRIDE] = isLast ? gap - before : before + gap;
  }
  cells.splice(index, STRIDE);
}

/** Where the numbers from `from` on begin. */
function indexFrom(cells: Cells, from: number): number {
  let index = cells.length - STRIDE;
  if (index < 0) return 0;
  let number = valueAt(cells, index);
  while (number >= from) {
    index -= STRIDE;
    if (index < 0) break;
    number -= valueAt(cells, index);
  }
  return index + STRIDE;
}

/** Callers stay within the array. */
const valueAt = (cells: Cells, index: number): number => cells[index] as number;

/** Avro writes no integer beyond these; no honest sum comes near. */
export const clamp = (value: number): number =>
  Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
