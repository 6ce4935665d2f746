import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMoneyReader, createNumberReader } from './csv-map-amount.ts';

describe('an amount of money in a file', () => {
  const yuan = createMoneyReader('yuan', '.');

  it.each([
    ['1234.5', 123_450],
    ['¥1,234.50', 123_450],
    ['￥1，234.50', 123_450],
    ['1,234.50元', 123_450],
    ['CNY 1 234.50', 123_450],
    ['$ 8.00', 800],
    ['8.00\u00A0€', 800],
    ['.5', 50],
    ['12.', 1_200],
    ['1.005', 101],
    ['-45.00', -4_500],
    ['-$45.00', -4_500],
    ['$-45.00', -4_500],
    ['\u221245.00', -4_500],
    ['45.00-', -4_500],
    ['($45.00)', -4_500],
    ['1,234,567.89', 123_456_789],
  ])('may be written %j', (text, fen) => {
    expect(yuan(text)).toBe(fen);
  });

  it.each(['', '-', '¥', '1,50', '1.234.5', '12,34.00', '--5', '-(5)', '(5', '5万', '1e3', '1/2'])(
    'is not guessed from %j',
    (text) => {
      expect(yuan(text)).toBeNull();
    },
  );

  it('has the comma for its decimal mark where the map says so', () => {
    const euro = createMoneyReader('yuan', ',');
    expect(['1.234,50 €', '0,5', '7', "1'234,5"].map(euro)).toEqual([123_450, 50, 700, 123_450]);
    expect(['1.5', '1,234.50'].map(euro)).toEqual([null, null]);
  });

  it('may be in fen already, and then is whole', () => {
    const fen = createMoneyReader('fen', '.');
    expect(['1250', '1,250', '1250.00', '12.5'].map(fen)).toEqual([1_250, 1_250, 1_250, null]);
  });

  it('is read as it was written, with and without separators', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e11, max: 1e11 }), (fen) => {
        const written = (fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2 });
        expect(yuan(written)).toBe(fen);
        expect(yuan(written.replaceAll(',', ''))).toBe(fen);
      }),
    );
  });
});

describe('a number in a file', () => {
  it('keeps its fraction', () => {
    expect(['0.356', '1,280', '-2', 'two'].map(createNumberReader('.'))).toEqual([
      0.356,
      1_280,
      -2,
      null,
    ]);
  });
});
