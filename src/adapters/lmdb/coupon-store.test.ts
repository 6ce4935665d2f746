import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contendForCoupons } from '../../ports/coupon-contention.contract.ts';
import { couponStoreContract } from '../../ports/coupon-store.contract.ts';
import { createLmdbCouponStore } from './coupon-store.ts';
import { openEnvironment } from './environment.ts';

const OPTIONS = { clock: { now: () => 1_000 }, partitions: 1, topics: [], ballastBytes: 0 };

describe('a coupon store in LMDB', () => {
  couponStoreContract(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'weft-coupons-'));
    const environment = openEnvironment(dir, OPTIONS);
    return {
      store: createLmdbCouponStore(environment),
      async close() {
        await environment.close();
        rmSync(dir, { recursive: true });
      },
    };
  });
});

it('coupons issued before a restart are known after it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weft-coupons-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const request = {
    tenant: 'default',
    coupon: 'five_off',
    action: 'a',
    profile: 'p',
    at: 1,
    expiresAt: null,
    madeCode: null,
    stock: null,
    mergedProfiles: [],
    perProfile: 1,
  };
  const before = openEnvironment(dir, OPTIONS);
  await createLmdbCouponStore(before).importCodes('default', 'five_off', ['A', 'B']);
  await createLmdbCouponStore(before).issue(request);
  await before.close();
  const after = openEnvironment(dir, OPTIONS);
  onTestFinished(() => after.close());
  const store = createLmdbCouponStore(after);
  expect(await store.stock('default', 'five_off')).toEqual({ issued: 1, pool: 1 });
  expect(await store.issue(request)).toMatchObject({ code: 'A', again: true });
  const more = { ...request, action: 'b' };
  expect(await store.issue(more)).toEqual({ kind: 'refused', reason: 'profile_limit' });
});

it.each([
  [1, false],
  [2, true],
])('64 issuers who ask twice get one code an action (seed %i, pool: %s)', async (seed, pooled) => {
  const dir = mkdtempSync(join(tmpdir(), 'weft-coupons-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const environment = openEnvironment(dir, OPTIONS);
  onTestFinished(() => environment.close());
  const store = createLmdbCouponStore(environment);
  expect(await contendForCoupons({ store, lossy: store, seed, pooled })).toEqual([]);
});
