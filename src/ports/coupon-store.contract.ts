/**
 * What every coupon store must honour, one sentence a test. The store may need to be asked again
 * (lost replies, doubled calls): who asks again gets what was meant for it, and nothing is lost.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { CouponStore, IssueRequest } from './coupon-store.ts';
import { COUPON_CODE_LENGTH_MAX } from './coupon-store.ts';

export interface OpenedCouponStore {
  readonly store: CouponStore;
  close(): Promise<void>;
}

const T = 'default';
const request = (action: string, more: Partial<IssueRequest> = {}): IssueRequest => ({
  tenant: T,
  coupon: 'five_off',
  action,
  profile: `shopper-${action}`,
  mergedProfiles: [],
  at: 1_000,
  expiresAt: 9_000,
  madeCode: `CODE-${action}`,
  stock: null,
  perProfile: null,
  ...more,
});

export function couponStoreContract(openStore: () => Promise<OpenedCouponStore>): void {
  const open = async (): Promise<CouponStore> => {
    const opened = await openStore();
    onTestFinished(() => opened.close());
    return opened.store;
  };
  describeIssues(open);
  describePools(open);
  describeLookups(open);
}

type Open = () => Promise<CouponStore>;

function describeIssues(open: Open): void {
  it('gives the code made for an action', async () => {
    const store = await open();
    expect(await store.issue(request('a'))).toMatchObject({
      kind: 'issued',
      code: 'CODE-a',
      expiresAt: 9_000,
    });
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 0 });
  });

  it('gives a repeated action the code it had, whatever else the repeat says', async () => {
    const store = await open();
    await store.issue(request('a'));
    const repeat = request('a', { madeCode: 'ANOTHER', expiresAt: null, stock: 0, perProfile: 0 });
    expect(await store.issue(repeat)).toEqual({
      kind: 'issued',
      code: 'CODE-a',
      expiresAt: 9_000,
      again: true,
    });
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 0 });
  });

  it('issues no more than the stock, and more when the stock grows', async () => {
    const store = await open();
    await store.issue(request('a', { stock: 1 }));
    const second = request('b', { stock: 1 });
    expect(await store.issue(second)).toEqual({ kind: 'refused', reason: 'out_of_stock' });
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 0 });
    expect(await store.issue({ ...second, stock: 2 })).toMatchObject({ kind: 'issued' });
  });

  it('issues a shopper no more than the limit of one shopper', async () => {
    const store = await open();
    const limited = { profile: 'p', perProfile: 1 };
    await store.issue(request('a', limited));
    expect(await store.issue(request('b', limited))).toEqual({
      kind: 'refused',
      reason: 'profile_limit',
    });
    const another = request('c', { ...limited, profile: 'q' });
    expect(await store.issue(another)).toMatchObject({ kind: 'issued' });
  });

  it('counts what a shopper got under every profile that became one, whichever asks', async () => {
    const store = await open();
    const asked = (
      action: string,
      profile: string,
      mergedProfiles: readonly string[],
      perProfile = 2,
    ) => store.issue(request(action, { profile, mergedProfiles, perProfile }));
    await asked('a', 'p', []);
    await asked('b', 'q', []);
    const refused = { kind: 'refused', reason: 'profile_limit' };
    expect(await asked('c', 'p', ['q'])).toEqual(refused);
    expect(await asked('c', 'q', ['p'])).toEqual(refused);
    expect(await asked('c', 'r', ['q', 'p'])).toEqual(refused);
    expect(await asked('c', 'p', ['q', 'p', 'q'], 3)).toMatchObject({ kind: 'issued' });
    expect(await asked('d', 'q', ['p'], 3)).toEqual(refused);
    expect(await asked('e', 'q', [])).toMatchObject({ kind: 'issued' });
  });

  it('gives no code twice, though it was made twice or lies in a pool', async () => {
    const store = await open();
    await store.issue(request('a', { madeCode: 'X' }));
    await store.importCodes(T, 'other', ['Y']);
    const taken = { kind: 'refused', reason: 'code_taken' };
    expect(await store.issue(request('b', { madeCode: 'X' }))).toEqual(taken);
    expect(await store.issue(request('c', { madeCode: 'X', coupon: 'other' }))).toEqual(taken);
    expect(await store.issue(request('d', { madeCode: 'Y' }))).toEqual(taken);
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 0 });
  });

  it('counts each coupon for itself, and each action once a coupon', async () => {
    const store = await open();
    await store.issue(request('a', { madeCode: 'X', stock: 1, profile: 'p', perProfile: 1 }));
    const other = request('a', {
      coupon: 'gift',
      madeCode: 'Y',
      stock: 1,
      profile: 'p',
      perProfile: 1,
    });
    expect(await store.issue(other)).toMatchObject({ kind: 'issued', code: 'Y' });
    expect(await store.stock(T, 'gift')).toEqual({ issued: 1, pool: 0 });
  });

  it('keeps tenants apart', async () => {
    const store = await open();
    await store.issue(request('a', { stock: 1, madeCode: 'X' }));
    const elsewhere = request('a', { tenant: 'other', stock: 1, madeCode: 'X' });
    expect(await store.issue(elsewhere)).toMatchObject({ kind: 'issued', code: 'X' });
    expect(await store.find('third', 'X')).toBeUndefined();
    expect(await store.stock('third', 'five_off')).toEqual({ issued: 0, pool: 0 });
  });
}

function describePools(open: Open): void {
  const fromPool = (action: string, more: Partial<IssueRequest> = {}) =>
    request(action, { madeCode: null, ...more });

  it('gives the codes of a pool in the order they were imported, each once', async () => {
    const store = await open();
    await store.importCodes(T, 'five_off', ['Z9', '甲-001']);
    await store.importCodes(T, 'five_off', ['A1']);
    const given: unknown[] = [];
    for (const action of ['a', 'b', 'c', 'd']) given.push(await store.issue(fromPool(action)));
    expect(given).toMatchObject([
      { code: 'Z9' },
      { code: '甲-001' },
      { code: 'A1' },
      { kind: 'refused', reason: 'pool_empty' },
    ]);
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 3, pool: 0 });
  });

  it('gives a repeated action the same code of the pool', async () => {
    const store = await open();
    await store.importCodes(T, 'five_off', ['A', 'B']);
    const first = await store.issue(fromPool('a'));
    expect(await store.issue(fromPool('a'))).toEqual({ ...first, again: true });
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 1 });
  });

  it('holds a pool to the stock as well', async () => {
    const store = await open();
    await store.importCodes(T, 'five_off', ['A', 'B']);
    await store.issue(fromPool('a', { stock: 1 }));
    expect(await store.issue(fromPool('b', { stock: 1 }))).toEqual({
      kind: 'refused',
      reason: 'out_of_stock',
    });
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 1, pool: 1 });
  });

  it('imports a code once, whether it was given, waits, or stands twice in the file', async () => {
    const store = await open();
    await store.importCodes(T, 'five_off', ['A', 'B']);
    await store.issue(fromPool('a'));
    await store.issue(request('m', { madeCode: 'M' }));
    const codes = ['A', 'B', 'M', 'C', 'C'];
    const { added, known } = await store.importCodes(T, 'five_off', codes);
    expect(added + known).toBe(codes.length);
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 2, pool: 2 });
    expect(await store.importCodes(T, 'gift', codes)).toEqual({ added: 0, known: 5 });
  });

  it('imports more codes than any chunk holds, in their order', async () => {
    const store = await open();
    const codes = Array.from({ length: 12_345 }, (_, index) => `C${index}`);
    await store.importCodes(T, 'five_off', codes);
    await store.importCodes(T, 'five_off', ['last']);
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 0, pool: 12_346 });
    expect(await store.issue(fromPool('a'))).toMatchObject({ code: 'C0' });
    expect(await store.issue(fromPool('b'))).toMatchObject({ code: 'C1' });
  });

  it.each([
    ['an empty code', ''],
    ['blanks at an end', 'A '],
    ['a line break', 'A\nB'],
    ['half a character', 'A\uD800'],
    ['a code too long', 'A'.repeat(COUPON_CODE_LENGTH_MAX + 1)],
  ])('refuses an import with %s whole, without repeating it', async (_, code) => {
    const store = await open();
    const refused = store.importCodes(T, 'five_off', ['GOOD', code]);
    await expect(refused).rejects.toMatchObject({ code: 'invalid_parameter' });
    await expect(refused).rejects.not.toThrow('GOOD');
    expect(await store.stock(T, 'five_off')).toEqual({ issued: 0, pool: 0 });
  });
}

function describeLookups(open: Open): void {
  it('finds who was given a code, and for what', async () => {
    const store = await open();
    await store.issue(request('a', { profile: 'p', expiresAt: null, at: 1_700_000_000_000 }));
    expect(await store.find(T, 'CODE-a')).toEqual({
      coupon: 'five_off',
      code: 'CODE-a',
      profile: 'p',
      action: 'a',
      issuedAt: 1_700_000_000_000,
      expiresAt: null,
    });
  });

  it('finds nobody behind a code that was not given, or never was', async () => {
    const store = await open();
    await store.importCodes(T, 'five_off', ['A']);
    expect(await store.find(T, 'A')).toBeUndefined();
    expect(await store.find(T, 'B')).toBeUndefined();
    expect(await store.find(T, '__proto__')).toBeUndefined();
  });
}
