import { couponStoreContract } from '../../ports/coupon-store.contract.ts';
import { createMemoryCouponStore } from './coupon-store.ts';

couponStoreContract('a coupon store in memory', async () => ({
  store: createMemoryCouponStore(),
  close: async () => {},
}));
