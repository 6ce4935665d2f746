import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRecentMap } from './recent-map.ts';

it('answers what was set last, and nothing once deleted or cleared', () => {
  const map = createRecentMap<string, number>(8);
  map.set('a', 1);
  map.set('a', 2);
  map.set('b', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([2, 3, undefined]);
  map.delete('a');
  expect([map.get('a'), map.size]).toEqual([undefined, 1]);
  map.clear();
  expect([map.get('b'), map.size]).toEqual([undefined, 0]);
});

it('holds no more than it may, always the most recent half, and never a value replaced since', () => {
  const step = fc.record({ key: fc.nat(20), write: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 2, max: 12 }),
      (steps, max) => {
        const map = createRecentMap<number, number>(max);
        const truth = new Map<number, number>();
        let used: number[] = [];
        let wrong = false;
        for (const [time, { key, write }] of steps.entries()) {
          if (write) {
            map.set(key, time);
            truth.set(key, time);
          } else {
            const seen = map.get(key);
            if (seen === undefined) continue;
            wrong ||= seen !== truth.get(key);
          }
          used = [...used.filter((one) => one !== key), key].slice(-Math.floor(max / 2));
          expect(map.size).toBeLessThanOrEqual(max);
        }
        expect(wrong).toBe(false);
        for (const key of used.toReversed()) expect(map.get(key)).toBe(truth.get(key));
      },
    ),
  );
});
