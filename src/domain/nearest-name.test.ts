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
});
