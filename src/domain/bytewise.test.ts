import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareBytewise } from './bytewise.ts';

it('texts are ordered by their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareBytewise(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { examples: [['\uFF5E', '😀']] },
  );
});
