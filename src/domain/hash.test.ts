import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32, hash48 } from './hash.ts';

describe('a hash kept in states', () => {
  it('is a signed 32-bit integer', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(hash32(text)).toBe(hash32(text) | 0);
      }),
    );
  });

  it('never changes: it is on disk', () => {
    expect([hash32('abandoned_cart'), hash48('abandoned_cart'), hash32('购物车')]).toEqual([
      500_527_534, 128_901_059_015_086, -1_366_279_651,
    ]);
  });

  it('of 48 bits is a safe non-negative integer', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const hash = hash48(text);
        expect(Number.isSafeInteger(hash) && hash >= 0 && hash < 2 ** 48).toBe(true);
      }),
    );
  });

  it('tells 20,000 names apart, and spreads them over 8 partitions', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `trigger_${index}`);
    expect(new Set(names.map(hash48)).size).toBe(names.length);
    const counts = Array.from({ length: 8 }, () => 0);
    for (const name of names) counts[(hash32(name) >>> 0) % 8]! += 1;
    for (const count of counts) expect(Math.abs(count - 2_500)).toBeLessThan(250);
  });
});
