import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import { compileCoupons, expiryOf, type Coupon } from './coupon.ts';

function one(fields: { readonly [name: string]: Json }): Coupon {
  const compiled = compileCoupons([{ name: 'c', ...fields }]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const coupon = compiled.coupons.get('c');
  if (coupon === undefined) throw new Error('no coupon');
  return coupon;
}

describe('a coupon', () => {
  it('takes an amount off above a threshold, in fen, with stock, limit and validity', () => {
    const coupon = one({
      title: { en: '5 off', zh: '减5元' },
      kind: 'amount_off',
      value: 5.5,
      threshold: 50,
      stock: 1000,
      per_profile: 2,
      valid: '7d',
      prefix: 'CART',
    });
    expect(coupon).toEqual({
      name: 'c',
      title: { en: '5 off', zh: '减5元' },
      kind: 'amount_off',
      value: 550,
      gift: null,
      threshold: 5_000,
      stock: 1_000,
      perProfile: 2,
      validity: { kind: 'for', ms: 604_800_000 },
      pool: false,
      prefix: 'CART',
    });
    expect(expiryOf(coupon, 1_000)).toBe(604_801_000);
  });

  it.each<[string, { readonly [name: string]: Json }, Partial<Coupon>]>([
    ['percent', { kind: 'percent_off', value: 15 }, { value: 15, threshold: 0 }],
    ['a gift', { kind: 'gift', gift: 'SKU-7' }, { value: null, gift: 'SKU-7' }],
    ['free delivery', { kind: 'free_delivery', stock: 'none' }, { value: null, stock: null }],
    ['a pool', { kind: 'gift', pool: true }, { pool: true, perProfile: null, validity: null }],
    ['no stock left', { kind: 'gift', stock: 0 }, { stock: 0 }],
    [
      'until a moment',
      { kind: 'gift', valid: 'until 2026-12-31T23:59:59+08:00' },
      { validity: { kind: 'until', at: 1_798_732_799_000 } },
    ],
  ])('can be %s', (_, fields, expected) => {
    expect(one(fields)).toMatchObject(expected);
  });

  it('expires when its definition says, or never', () => {
    expect(expiryOf(one({ kind: 'gift' }), 5)).toBeNull();
    expect(expiryOf(one({ kind: 'gift', valid: 'until 2026-12-31T23:59:59Z' }), 5)).toBe(
      1_798_761_599_000,
    );
  });

  it.each<[string, Json, (string | number)[], RegExp, string?]>([
    ['no list', { c: {} }, [], /list of coupons/],
    ['no kind', [{ name: 'c' }], [0], /needs a kind/],
    ['kind', [{ name: 'c', kind: 'percent' }], [0, 'kind'], /must be one of/],
    [
      'kind misspelt',
      [{ name: 'c', kind: 'amount_of', value: 1 }],
      [0, 'kind'],
      /one of/,
      'amount_off',
    ],
    ['no amount', [{ name: 'c', kind: 'amount_off' }], [0], /needs a value/],
    ['amount 0', [{ name: 'c', kind: 'amount_off', value: 0 }], [0], /needs a value/],
    ['negative amount', [{ name: 'c', kind: 'amount_off', value: -5 }], [0, 'value'], /an amount/],
    ['amount as text', [{ name: 'c', kind: 'amount_off', value: '5' }], [0, 'value'], /an amount/],
    ['no percent', [{ name: 'c', kind: 'percent_off' }], [0], /needs a value/],
    [
      '101 percent',
      [{ name: 'c', kind: 'percent_off', value: 101 }],
      [0, 'value'],
      /from 1 to 100/,
    ],
    ['value of a gift', [{ name: 'c', kind: 'gift', value: 5 }], [0, 'value'], /has no value/],
    [
      'gift of money',
      [{ name: 'c', kind: 'percent_off', value: 5, gift: 'x' }],
      [0, 'gift'],
      /Only/,
    ],
    ['stock', [{ name: 'c', kind: 'gift', stock: -1 }], [0, 'stock'], /whole number/],
    ['limit', [{ name: 'c', kind: 'gift', per_profile: 0 }], [0, 'per_profile'], /whole number/],
    [
      'valid',
      [{ name: 'c', kind: 'gift', valid: 'a week' }],
      [0, 'valid'],
      /'valid' must be/,
      '7d, or ',
    ],
    [
      'a day without zone',
      [{ name: 'c', kind: 'gift', valid: 'until 2026-12-31' }],
      [0, 'valid'],
      /moment with its zone/,
      '7d, or ',
    ],
    ['prefix', [{ name: 'c', kind: 'gift', prefix: 'a-b' }], [0, 'prefix'], /1 to 8/],
    [
      'prefix of a pool',
      [{ name: 'c', kind: 'gift', pool: true, prefix: 'A' }],
      [0, 'prefix'],
      /pool/,
    ],
    ['pool', [{ name: 'c', kind: 'gift', pool: 'yes' }], [0, 'pool'], /true or false/],
    ['field', [{ name: 'c', kind: 'gift', titel: 'x' }], [0, 'titel'], /no field/, 'title'],
    [
      'twice',
      [
        { name: 'c', kind: 'gift' },
        { name: 'c', kind: 'gift' },
      ],
      [1, 'name'],
      /two coupons/,
    ],
  ])('is refused: %s', (_, content, path, message, suggestion) => {
    const compiled = compileCoupons(content);
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems).toHaveLength(1);
    const [problem] = compiled.problems;
    expect(problem).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(problem?.suggestion?.slice(0, suggestion?.length)).toBe(suggestion);
  });

  it('of a missing file there is none', () => {
    expect(compileCoupons(null)).toEqual({ ok: true, coupons: new Map() });
  });
});
