import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDraws, createRandom, createZipf, pickWeighted, scramble } from './random.ts';

describe('chance', () => {
  it('draws the same numbers on every machine', () => {
    const random = createRandom(42, 7);
    const words = Array.from({ length: 5 }, () => random.next() * 2 ** 32);
    expect(words).toEqual(GOLDEN_SFC32);
    const draw = createDraws(42, 7, 1);
    expect([draw() * 2 ** 32, draw() * 2 ** 32]).toEqual(GOLDEN_SPLITMIX32);
  });

  it('is another one for every word of the seed, beyond 32 bits too', () => {
    const firstOf = (...words: readonly number[]) => createRandom(...words).next();
    const firsts = [firstOf(1), firstOf(2), firstOf(1, 0), firstOf(0, 1), firstOf(1 + 2 ** 32)];
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it('stays within its bounds and reaches them', () => {
    const random = createRandom(5);
    const seen = new Set(Array.from({ length: 500 }, () => random.between(-1, 3)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual([-1, 0, 1, 2, 3]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (count) => {
        const drawn = random.below(count);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < count).toBe(true);
      }),
    );
  });

  it('spreads evenly: sixteen boxes, none off by more than a tenth', () => {
    const random = createRandom(11);
    const boxes = Array.from({ length: 16 }, () => 0);
    for (let n = 0; n < 64_000; n++) boxes[random.below(16)]! += 1;
    for (const count of boxes) expect(Math.abs(count - 4_000)).toBeLessThan(400);
  });

  it('picks by weight, and never what weighs nothing', () => {
    const random = createRandom(3);
    const counts = [0, 0, 0];
    for (let n = 0; n < 4_000; n++) counts[pickWeighted(random, [1, 0, 3])]! += 1;
    expect(counts[1]).toBe(0);
    expect(counts[2]! / counts[0]!).toBeCloseTo(3, 0);
  });
});

describe('scrambling', () => {
  it('never gives two words the same image', () => {
    const images = new Set(Array.from({ length: 50_000 }, (_, word) => scramble(word * 83_777)));
    expect(images.size).toBe(50_000);
  });
});

describe('a Zipf draw', () => {
  it('gives the first rank twice the share of the second, and reaches the last', () => {
    const random = createRandom(9);
    const draw = createZipf(50, 1);
    const counts = Array.from({ length: 50 }, () => 0);
    for (let n = 0; n < 60_000; n++) counts[draw(random)]! += 1;
    expect(counts[0]! / counts[1]!).toBeCloseTo(2, 0);
    expect(counts[0]! / counts[9]!).toBeGreaterThan(8);
    expect(counts[49]).toBeGreaterThan(100);
  });
});

/** Computed by an implementation in another language, with integers of its own. */
const GOLDEN_SFC32 = [3_719_350_221, 1_749_793_899, 494_100_611, 2_329_497_476, 3_034_778_296];
const GOLDEN_SPLITMIX32 = [3_253_816_066, 2_973_080_679];
