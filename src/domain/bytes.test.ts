import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endBlock,
  findText,
  isTextBefore,
  lengthened,
  newReader,
  newWriter,
  readInt32,
  readNumber,
  readSigned,
  readText,
  SIGNED_MAX,
  startBlock,
  writeBytes,
  writeInt32,
  writeNumber,
  writeSigned,
  writeText,
  written,
  type ByteReader,
  type ByteWriter,
} from './bytes.ts';

const there = <T>(
  value: T,
  write: (writer: ByteWriter, value: T) => void,
  read: (reader: ByteReader) => T,
): T => {
  const writer = newWriter();
  write(writer, value);
  const reader = newReader(written(writer));
  const back = read(reader);
  expect(reader.at).toBe(reader.bytes.length);
  return back;
};

const same = <T>(
  arbitrary: fc.Arbitrary<T>,
  write: (writer: ByteWriter, value: T) => void,
  read: (reader: ByteReader) => T,
): void => {
  fc.assert(
    fc.property(arbitrary, (value) => {
      expect(there(value, write, read)).toBe(value);
    }),
  );
};

describe('bytes', () => {
  it('give back every number, whole or signed', () => {
    same(fc.maxSafeNat(), writeNumber, readNumber);
    same(fc.integer({ min: -SIGNED_MAX, max: SIGNED_MAX }), writeSigned, readSigned);
    same(fc.integer(), writeInt32, readInt32);
    for (const edge of [0, 63, 64, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, SIGNED_MAX]) {
      expect(there(edge, writeNumber, readNumber)).toBe(edge);
      expect(there(-edge, writeSigned, readSigned)).toBe(edge === 0 ? 0 : -edge);
    }
  });

  it('give back every text, in any script, read before or not', () => {
    same(fc.string({ unit: 'binary', maxLength: 300 }), writeText, readText);
    for (const text of [
      '',
      'dairy/milk',
      '乳制品/牛奶',
      '🥛',
      '\uD83E',
      'dairy/silk',
      'a'.repeat(40),
    ]) {
      expect(there(text, writeText, readText)).toBe(text);
      expect(there(text, writeText, readText)).toBe(text);
    }
  });

  it('say which text comes first, as `<` does', () => {
    const text = fc.string({ unit: 'binary', maxLength: 4 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const writer = newWriter();
        writeText(writer, one);
        const reader = newReader(written(writer));
        readNumber(reader);
        expect(isTextBefore(reader, reader.bytes.length, other)).toBe(one < other);
      }),
    );
  });

  it('find a text among others, in any script', () => {
    const texts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 150 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(texts, fc.string({ unit: 'binary', minLength: 1 }), (list, other) => {
        const writer = newWriter();
        for (const text of list) writeText(writer, text);
        const bytes = written(writer);
        for (const text of [...list, other]) {
          expect(findText(newReader(bytes), list.length, text)).toBe(list.indexOf(text));
        }
      }),
    );
  });

  it('are each on their own once written, many or few', () => {
    const writer = newWriter();
    const all = [1, 3_000, 2, 1_999].map((length, value) => {
      writer.at = 0;
      writeBytes(writer, new Uint8Array(length).fill(value), 0, length);
      return written(writer);
    });
    const longer = all.map((bytes) => lengthened(bytes, 1));
    longer.forEach((bytes) => bytes.fill(9));
    expect(longer.map(({ length }) => length)).toEqual([2, 3_001, 3, 2_000]);
    all.forEach((bytes, value) => expect(bytes.every((byte) => byte === value)).toBe(true));
  });

  it.each([
    [0, 1],
    [127, 1],
    [128, 2],
    [16_383, 2],
    [1_780_000_000_000, 6],
  ])('take few bytes: %i takes %i', (number, bytes) => {
    const writer = newWriter();
    writeNumber(writer, number);
    expect(written(writer)).toHaveLength(bytes);
  });

  it.each([0, 1, 127, 128, 5_000, 20_000])(
    'of a block of %i have their length in front',
    (size) => {
      const writer = newWriter();
      writeNumber(writer, 7);
      const start = startBlock(writer);
      writeBytes(writer, new Uint8Array(size).fill(9), 0, size);
      expect(endBlock(writer, start)).toBe(size);
      writeNumber(writer, 8);
      const reader = newReader(written(writer));
      expect([readNumber(reader), readNumber(reader)]).toEqual([7, size]);
      expect(reader.bytes.subarray(reader.at, reader.at + size).every((byte) => byte === 9)).toBe(
        true,
      );
      reader.at += size;
      expect(readNumber(reader)).toBe(8);
    },
  );
});
