import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShortHmac } from './short-hmac.ts';

describe('the HMAC of a short text', () => {
  const keys = fc.uint8Array({ minLength: 0, maxLength: 64 });
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 250 });
  const texts = fc.oneof(ascii, fc.string({ unit: 'binary', maxLength: 80 }));

  it('is that of Node, whatever was asked before', () => {
    fc.assert(
      fc.property(keys, fc.array(texts, { maxLength: 8 }), fc.integer({ min: 1, max: 32 }), test),
      { numRuns: 300 },
    );
    function test(key: Uint8Array, asked: readonly string[], bytes: number): void {
      const hmac = createShortHmac(Buffer.from(key));
      for (const text of asked) {
        const expected = createHmac('sha256', key).update(text).digest('hex');
        expect(hmac(text, bytes)).toBe(expected.slice(0, 2 * bytes));
      }
    }
  });

  it('is refused under a key of more than a block', () => {
    expect(() => createShortHmac(Buffer.alloc(65))).toThrow('a key of 65 bytes');
  });
});
