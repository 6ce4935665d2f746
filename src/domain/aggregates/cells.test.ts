import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newReader, newWriter, SIGNED_MAX, written } from '../bytes.ts';
import {
  add,
  assign,
  countFrom,
  dropBefore,
  firstFrom,
  get,
  mergeSums,
  newCells,
  newest,
  pairsOf,
  put,
  sumFrom,
  type Cells,
} from './cells.ts';
import { readCells, writeCells } from './series-state.ts';

const number = fc.integer({ min: -5, max: 30 });
const amount = fc.integer({ min: -3, max: 3 });
const step = fc.record({
  what: fc.constantFrom('add', 'put', 'drop'),
  number: fc.oneof(number, fc.constantFrom(1_780_000_000_000)),
  amount,
});
const steps = fc.array(step, { maxLength: 60 });

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The same by a Map, which is trusted. */
function model(list: readonly Step[]): [number, number][] {
  let map = new Map<number, number>();
  for (const { what, number: key, amount: by } of list) {
    if (what === 'add') map.set(key, (map.get(key) ?? 0) + by);
    if (what === 'put') map.set(key, by);
    if (what === 'drop') map = new Map([...map].filter(([one]) => one >= key - 20));
    map = new Map([...map].filter(([, value]) => value !== 0));
  }
  return [...map].toSorted(([a], [b]) => a - b);
}

function cellsOf(list: readonly Step[]): Cells {
  const cells = newCells(1);
  for (const { what, number: key, amount: by } of list) {
    if (what === 'add') add(cells, key, by);
    if (what === 'put') put(cells, key, by);
    if (what === 'drop') dropBefore(cells, key - 20);
  }
  return cells;
}

describe('cells', () => {
  it('hold what a map would hold, zeros left out', () => {
    fc.assert(
      fc.property(steps, number, (list, from) => {
        const cells = cellsOf(list);
        const expected = model(list);
        const later = expected.filter(([key]) => key >= from);
        expect(pairsOf(cells)).toEqual(expected);
        expect(sumFrom(cells, from)).toBe(later.reduce((sum, [, value]) => sum + value, 0));
        expect(countFrom(cells, from)).toBe(later.length);
        expect(firstFrom(cells, from)).toBe(later[0]?.[0]);
        expect(newest(cells)).toBe(expected.at(-1)?.[0]);
        expect(get(cells, from)).toBe(new Map(expected).get(from));
      }),
    );
  });

  it('are written and read back as they are', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const cells = cellsOf(list);
        const writer = newWriter();
        writeCells(writer, cells);
        const back = newCells();
        readCells(newReader(written(writer)), back, cells.count);
        expect(pairsOf(back)).toEqual(pairsOf(cells));
      }),
    );
  });

  it('add up number by number, in any order', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const [a, b] = [cellsOf(one), cellsOf(one)];
        mergeSums(a, cellsOf(other));
        const c = cellsOf(other);
        mergeSums(c, b);
        expect(pairsOf(a)).toEqual(pairsOf(c));
      }),
    );
  });

  it('can be filled from pairs', () => {
    const cells = newCells(1);
    assign(cells, [
      [-3, 1],
      [7, 2],
    ]);
    expect(pairsOf(cells)).toEqual([
      [-3, 1],
      [7, 2],
    ]);
  });

  it('stop at what can be written down', () => {
    const cells = newCells();
    add(cells, 1, SIGNED_MAX);
    add(cells, 1, SIGNED_MAX);
    expect(get(cells, 1)).toBe(SIGNED_MAX);
  });
});
