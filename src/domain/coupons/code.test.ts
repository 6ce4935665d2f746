import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWellFormedCode, madeCode, normaliseCode, type CodeHash } from './code.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const keyed =
  (key: string): CodeHash =>
  (text) =>
    createHmac('sha256', key).update(text).digest();
const hash = keyed('secret');
const code = (action: string, prefix = 'CART') =>
  madeCode({ action, coupon: 'cart_saver_5', prefix }, hash);

describe('a made code', () => {
  it('is the same for the same action and coupon, and another for every other or another key', () => {
    expect(code('a1')).toBe(code('a1'));
    const others = [
      code('a1'),
      code('a2'),
      madeCode({ action: 'a1', coupon: 'welcome_10', prefix: 'CART' }, hash),
      madeCode({ action: 'a1', coupon: 'cart_saver_5', prefix: 'CART' }, keyed('other')),
    ];
    expect(new Set(others).size).toBe(4);
  });

  it('has its prefix, 12 characters and a check character, none that look alike', () => {
    expect(code('a1')).toMatch(/^CART[0-9A-HJKMNP-TV-Z]{13}$/);
    expect(code('a1', '')).toMatch(/^[0-9A-HJKMNP-TV-Z]{13}$/);
  });

  it('uses every bit of the first 60, and does not repeat in 50,000', () => {
    const codes = Array.from({ length: 50_000 }, (_, index) => code(`action ${index}`, ''));
    expect(new Set(codes).size).toBe(codes.length);
    for (let place = 0; place < 13; place++) {
      expect(new Set(codes.map((one) => one[place])).size).toBe(32);
    }
  });

  it('shows every wrong character', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(12), fc.nat(30), (action, place, shift) => {
        const good = code(action, '');
        const right = ALPHABET.indexOf(good[place] ?? '');
        const wrong = ALPHABET[(right + 1 + shift) % 32] ?? '';
        expect(isWellFormedCode(good)).toBe(true);
        expect(isWellFormedCode(good.slice(0, place) + wrong + good.slice(place + 1))).toBe(false);
      }),
    );
  });

  it('shows two neighbours that were swapped, unless they are 0 and Z', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(10), (action, place) => {
        const good = code(action, '');
        const [a = '', b = ''] = good.slice(place, place + 2);
        fc.pre(a !== b && ![a, b].every((one) => one === '0' || one === 'Z'));
        const swapped = good.slice(0, place) + b + a + good.slice(place + 2);
        expect(isWellFormedCode(swapped)).toBe(false);
      }),
    );
  });

  it('is read as people type it', () => {
    const made = code('a1');
    const spoken = `cart-${made.slice(4, 8).toLowerCase()} ${made.slice(8)}`.replaceAll('0', 'o');
    expect(normaliseCode(spoken, 'CART')).toBe(made);
    expect(isWellFormedCode(normaliseCode(spoken, 'CART'), 'CART')).toBe(true);
    expect(normaliseCode('sol-il', 'SOL')).toBe('SOL11');
  });

  it.each(['', 'CART', 'CART123', 'XXXX0000000000000', `CART${'I'.repeat(13)}`, 'x'.repeat(9_999)])(
    'is not %j',
    (text) => {
      expect(isWellFormedCode(text, 'CART')).toBe(false);
    },
  );

  it('needs 60 bits of hash', () => {
    const short: CodeHash = () => new Uint8Array(7);
    expect(() => madeCode({ action: 'a', coupon: 'c', prefix: '' }, short)).toThrow(/8 bytes/);
  });
});
