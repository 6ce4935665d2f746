import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, isKnown, mergeRecentIds, noRecentIds, remember } from './recent-ids.ts';

const HOUR_MS = 3_600_000;

describe('recent ids', () => {
  it('tell an event that was seen from one that was not', () => {
    const recent = noRecentIds();
    expect(remember(recent, 'e1', 0)).toBe(true);
    expect(remember(recent, 'e1', 5)).toBe(false);
    expect(isKnown(recent, 'e2')).toBe(false);
  });

  it('keep everything of the last 24 hours, whatever its number up to the bound', () => {
    const recent = noRecentIds();
    for (let i = 0; i < 3_000; i += 1) remember(recent, `e${i}`, (i / 3_000) * 23 * HOUR_MS);
    expect(isKnown(recent, 'e0')).toBe(true);
  });

  it('keep at least the last 128 of any age, and let older ones go', () => {
    const recent = noRecentIds();
    for (let i = 0; i < 200; i += 1) remember(recent, `e${i}`, i * 48 * HOUR_MS);
    const known = Array.from({ length: 200 }, (_, i) => isKnown(recent, `e${i}`));
    expect(known.slice(72).every(Boolean)).toBe(true);
    expect(known[0]).toBe(false);
  });

  it.each([1_000, 1])('never hold more than the bound, at one event every %i ms', (gapMs) => {
    const recent = noRecentIds();
    for (let i = 0; i < 9_000; i += 1) remember(recent, `e${i}`, i * gapMs);
    expect(countOf(recent)).toBeLessThanOrEqual(4_096);
    expect(isKnown(recent, 'e8999')).toBe(true);
  });

  it('merge as sets, in either direction', () => {
    const ids = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(99)));
    const build = (entries: [string, number][]): ReturnType<typeof noRecentIds> => {
      const recent = noRecentIds();
      for (const [id, hour] of entries) remember(recent, id, hour * HOUR_MS);
      return recent;
    };
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        const one = build(left);
        mergeRecentIds(one, build(right));
        const other = build(right);
        mergeRecentIds(other, build(left));
        for (const id of ['a', 'b', 'c', 'd', 'e']) {
          const expected = [...left, ...right].some(([each]) => each === id);
          expect([isKnown(one, id), isKnown(other, id)]).toEqual([expected, expected]);
        }
      }),
    );
  });
});
