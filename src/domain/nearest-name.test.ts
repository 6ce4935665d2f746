import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('the nearest name', () => {
  it.each([
    ['order_90d', 'orders_90d'],
    ['oders_90d', 'orders_90d'],
    ['orders_09d', 'orders_90d'],
    ['cart_vlaue', 'cart_value'],
    ['cart_valu', 'cart_value'],
  ])('takes %s for %s', (name, meant) => {
    expect(nearestName(name, ['orders_30d', 'orders_90d', 'cart_value'])).toBe(meant);
  });

  it('can be asked for slips of the finger only', () => {
    expect(nearestName('coupon_viewed', ['coupon_issued'])).toBe('coupon_issued');
    expect(nearestName('coupon_viewed', ['coupon_issued'], 2)).toBeUndefined();
    expect(nearestName('order_payed', ['order_paid'], 2)).toBe('order_paid');
  });

  it.each(['wholly_different', '', 'x'])('guesses nothing for %j', (name) => {
    expect(nearestName(name, ['orders_30d', 'orders_90d', 'cart_value'])).toBeUndefined();
  });

  it('is one that no other is nearer than, and none where all are too far', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'é', '_'), maxLength: 8 });
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 5 }), (name, known) => {
        const far = Math.max(1, Math.floor(name.length / 3)) + 1;
        const nearest = Math.min(far, ...known.map((one) => stepsBetween(name, one)));
        const found = nearestName(name, known);
        expect(found === undefined ? far : stepsBetween(name, found)).toBe(nearest);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The definition, without a thought for time. */
function stepsBetween(from: string, to: string): number {
  if (from === '' || to === '') return from.length + to.length;
  const [a = '', b = ''] = from;
  const [c = '', d = ''] = to;
  const rest = stepsBetween(from.slice(1), to.slice(1)) + (a === c ? 0 : 1);
  const steps = [
    rest,
    ...(a === c ? [] : [stepsBetween(from.slice(1), to) + 1, stepsBetween(from, to.slice(1)) + 1]),
    ...(b !== '' && a === d && b === c ? [stepsBetween(from.slice(2), to.slice(2)) + 1] : []),
  ];
  return Math.min(...steps);
}
