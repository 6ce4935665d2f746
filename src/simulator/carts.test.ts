import { describe, expect, it } from 'vitest';
import { fatesOf, type CartTruth } from './carts.ts';

const MINUTE = 60_000;
const at = (minutes: number) => minutes * MINUTE;
const cart = (added: readonly number[], paid?: number): CartTruth => ({
  cart: 'C-1',
  shopper: 1,
  addedAt: added.map(at),
  paidAt: paid === undefined ? undefined : at(paid),
  valueFen: 100,
});
const fates = (one: CartTruth, waitMinutes: number, untilMinutes = 1_000) => {
  const { dueAt, paidInTime } = fatesOf([one], {
    waitMs: at(waitMinutes),
    until: at(untilMinutes),
  });
  return { due: dueAt.map((due) => due / MINUTE), paidInTime };
};

describe('the fate of a cart', () => {
  it.each([
    ['left alone is due once the wait is over', cart([0]), 30, [30], 0],
    ['paid within the wait is never due', cart([0], 29), 30, [], 1],
    ['paid on the very last moment is paid in time', cart([0], 30), 30, [], 1],
    ['paid too late was due before', cart([0], 31), 30, [30], 0],
    ['filled again waits anew', cart([0, 20]), 30, [50], 0],
    ['filled again and paid is paid in time once', cart([0, 20], 45), 30, [], 1],
    ['filled again after it was due is due twice', cart([0, 40]), 30, [30, 70], 0],
    ['filled twice, the second time paid in time, was due once', cart([0, 40], 50), 30, [30], 1],
  ])('%s', (_, one, wait, due, paidInTime) => {
    expect(fates(one, wait)).toEqual({ due, paidInTime });
  });

  it('is open where the clock stops before the wait is over', () => {
    expect(fates(cart([0, 90]), 30, 100)).toEqual({ due: [30], paidInTime: 0 });
  });
});
