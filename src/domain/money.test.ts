import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDecimal, toFen } from './money.ts';

describe('an amount in currency units', () => {
  it.each([
    [19.99, 1999],
    [1.005, 101],
    [-1.005, -101],
    [0.1 + 0.2, 30],
    [1.1, 110],
    [4.35, 435],
    [1.115, 112],
    [0.004999, 0],
    [0.005, 1],
    [1e-7, 0],
    [1.234567890123e-8, 0],
    [-0, 0],
    [-0.001, 0],
    [108.5, 10850],
    [123456789012.34, 12345678901234],
    [999999999999.995, 100000000000000],
    [1e12, 100000000000000],
  ])('%d becomes %d fen, half away from zero in its decimal form', (units, fen) => {
    expect(toFen(units)).toBe(fen);
  });

  it.each([
    ['19.99', 1999],
    ['1.005', 101],
    [' 7 ', 700],
    ['+0.5', 50],
    ['-0.005', -1],
    ['007.10', 710],
    ['1e3', 100000],
    ['0.0000000000000000000000000049', 0],
    ['1000000000000', 100000000000000],
  ])('may be sent as text: %j becomes %d fen', (units, fen) => {
    expect(toFen(units)).toBe(fen);
  });

  it.each([Infinity, -Infinity, 1e12 + 0.001, -1e13, 1e300, '1000000000000.001', '9e99'])(
    'beyond 10^12 is refused: %s',
    (units) => {
      expect(toFen(units)).toBe('too_large');
    },
  );

  it.each([NaN, '', ' ', 'abc', '1,234.50', '￥19.99', '.', '5.', '1.2.3', null, true, [1], {}])(
    'that is no decimal is refused: %j',
    (units) => {
      expect(toFen(units)).toBe('not_decimal');
    },
  );

  it('with two decimals is exact, as a number and as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e14, max: 1e14 }), (fen) => {
        const sign = fen < 0 ? '-' : '';
        const digits = String(Math.abs(fen)).padStart(3, '0');
        const text = `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
        expect(toFen(text)).toBe(fen);
        expect(toFen(Number(text))).toBe(fen);
      }),
    );
  });

  it('means the same as a number and as the text of that number', () => {
    const units = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(units, (amount) => {
        expect(toFen(amount)).toBe(toFen(String(amount)));
      }),
    );
  });
});

describe('a decimal number', () => {
  it.each([
    [2, 2],
    ['0.355', 0.355],
    [' 12 ', 12],
    ['-3', -3],
  ])('%j is read as %d', (value, number) => {
    expect(toDecimal(value)).toBe(number);
  });

  it.each([NaN, Infinity, '0x10', '1e999', '', 'two', null, []])('%j is none', (value) => {
    expect(toDecimal(value)).toBeUndefined();
  });
});
