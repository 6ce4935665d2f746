import { describe, expect, it } from 'vitest';
import { createJustWritten } from './just-written.ts';

const bytesOf = (text: string, length = 100): Buffer => Buffer.alloc(length, text);

describe('what was just written', () => {
  it('is found by the same bytes, wherever they lie', () => {
    const written = createJustWritten<string>();
    const messages = ['a'];
    written.keep(bytesOf('a'), messages);
    expect(written.find(Buffer.concat([bytesOf('a')]))).toBe(messages);
  });

  it('is not found by others, however alike', () => {
    const written = createJustWritten<string>();
    const long = bytesOf('a', 10_000);
    written.keep(long, ['a']);
    for (let at = 0; at < long.length; at += 1) {
      const other = Buffer.from(long);
      other[at] = 0;
      expect(written.find(other)).toBeUndefined();
    }
    expect(written.find(long.subarray(1))).toBeUndefined();
  });

  it('is forgotten, the oldest first, when it is too many bytes', () => {
    const written = createJustWritten<string>();
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const text of texts) written.keep(bytesOf(text, 325_000), [text]);
    const found = texts.map((text) => written.find(bytesOf(text, 325_000))?.[0]);
    expect(found).toEqual([undefined, undefined, undefined, 'd', 'e', 'f']);
    written.keep(bytesOf('g', 1_700_000), ['g']);
    expect(written.find(bytesOf('g', 1_700_000))).toBeUndefined();
  });

  it("is no other codec's, and gives way to what others write", () => {
    const [one, other] = [createJustWritten<string>(), createJustWritten<string>()];
    one.keep(bytesOf('a'), ['a']);
    expect(other.find(bytesOf('a'))).toBeUndefined();
    for (const text of ['b', 'c', 'd', 'e']) other.keep(bytesOf(text, 500_000), [text]);
    expect(one.find(bytesOf('a'))).toBeUndefined();
  });

  it('is forgotten, the oldest first, when it is too many envelopes', () => {
    const written = createJustWritten<number>();
    for (let i = 0; i < 20_000; i += 1) written.keep(bytesOf(`n${i}`, 40), [i]);
    expect(written.find(bytesOf('n3615', 40))).toBeUndefined();
    expect(written.find(bytesOf('n3616', 40))).toEqual([3_616]);
    expect(written.find(bytesOf('n19999', 40))).toEqual([19_999]);
  });
});
