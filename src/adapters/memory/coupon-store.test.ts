import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contendForCoupons } from '../../ports/coupon-contention.contract.ts';
import { couponStoreContract } from '../../ports/coupon-store.contract.ts';
import type { CouponStore } from '../../ports/coupon-store.ts';
import { retryingPort } from '../../ports/retrying.contract.ts';
import { createMemoryCouponStore } from './coupon-store.ts';
import type { Faults } from './faults.ts';
import { createFaults } from './faults.ts';

const CALLS = ['issue', 'importCodes', 'stock', 'find'] as const satisfies (keyof CouponStore)[];

const open = async (faults?: Faults) => {
  const store = createMemoryCouponStore();
  return {
    store: faults ? retryingPort(faults.wrap(store, { calls: CALLS }), CALLS) : store,
    close: async () => {},
  };
};

describe('a coupon store in memory', () => {
  couponStoreContract(() => open());

  it('keeps stock, limits and codes right under 64 issuers who lose replies and ask again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, pooled) => {
        const faults = createFaults({ seed, percent: { before: 5, after: 15, twice: 5 } });
        const store = createMemoryCouponStore();
        const lossy = faults.wrap(store, { calls: ['issue'] });
        const problems = await contendForCoupons({ store, lossy, seed, pooled });
        expect(problems).toEqual([]);
        expect(faults.counts.after).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });
});

for (const seed of [1, 2, 3]) {
  describe(`a coupon store in memory over a bad network (seed ${seed})`, () => {
    const faults = createFaults({ seed, percent: { before: 10, after: 10, twice: 10 } });
    couponStoreContract(() => open(faults));

    it('met every kind of fault on the way', () => {
      const { before, after, twice } = faults.counts;
      expect(Math.min(before, after, twice)).toBeGreaterThan(0);
    });
  });
}
