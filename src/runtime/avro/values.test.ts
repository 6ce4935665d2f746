/** Numbers and texts against avsc: the same bytes, up to the ends of what they can be. */
import avro from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readDouble,
  readList,
  readLong,
  readNumber,
  readText,
  type Input,
  type Read,
} from './input.ts';
import {
  newOutput,
  writeDouble,
  writeInt,
  writeList,
  writeLong,
  writeText,
  written,
  type Write,
} from './output.ts';

const bytesOf = <T>(write: Write<T>, value: T): Buffer => {
  const out = newOutput();
  write(out, value);
  return written(out);
};
const valueOf = <T>(read: Read<T>, bytes: Buffer): T => {
  const from: Input = { bytes, at: 0 };
  const value = read(from);
  expect(from.at).toBe(bytes.length);
  return value;
};
const typeOf = (schema: 'int' | 'long' | 'double' | 'string'): avro.Type =>
  avro.Type.forSchema(schema);
/** Of any UTF-16 units: half of a pair, too. */
const units = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.nat({ max: 127 }),
        fc.nat({ max: 0xffff }),
        fc.integer({ min: 0xd800, max: 0xdfff }),
      ),
      {
        maxLength,
      },
    )
    .map((codes) => String.fromCharCode(...codes));

describe('a number', () => {
  const LONG_MAX = 2 ** 53 - 2;
  const ends = [0, 63, 64, 2 ** 28, 2 ** 30, 2 ** 31, 2 ** 35, 2 ** 42, 2 ** 52, LONG_MAX];
  const near = fc
    .tuple(fc.constantFrom(...ends), fc.integer({ min: -2, max: 2 }), fc.constantFrom(1, -1))
    .map(([end, by, sign]) => sign * Math.min(end + by, LONG_MAX));

  it('is the same long', () => {
    const long = typeOf('long');
    fc.assert(
      fc.property(fc.oneof(near, fc.maxSafeInteger()), (value) => {
        fc.pre(Math.abs(value) <= LONG_MAX);
        const bytes = long.toBuffer(value);
        expect(bytesOf(writeLong, value)).toEqual(bytes);
        expect(valueOf(readLong, bytes)).toBe(long.fromBuffer(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same int, the same double', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double(), (int, double) => {
        expect(bytesOf(writeInt, int)).toEqual(typeOf('int').toBuffer(int));
        expect(valueOf(readNumber, bytesOf(writeInt, int))).toBe(int);
        expect(bytesOf(writeDouble, double)).toEqual(typeOf('double').toBuffer(double));
        expect(valueOf(readDouble, bytesOf(writeDouble, double))).toBe(double);
      }),
    );
  });

  it('that is none, or too large, is not written', () => {
    for (const value of [0.5, NaN, Infinity, 2 ** 53, -(2 ** 53), '1', null, undefined]) {
      expect(() => bytesOf(writeLong, value as number)).toThrow('invalid long');
    }
    for (const value of [0.5, NaN, 2 ** 31, '1', null]) {
      expect(() => bytesOf(writeInt, value as number)).toThrow('invalid int');
    }
  });

  it('beyond 2^53 is not read, however long', () => {
    for (const size of [8, 9, 10, 100, 1_000]) {
      const bytes = Buffer.alloc(size + 1, 0xff);
      bytes[size] = 1;
      expect(() => valueOf(readLong, bytes)).toThrow(RangeError);
    }
  });
});

describe('a text', () => {
  it.each([8, 64, 70, 400])('of up to %d units of any kind is the same', (maxLength) => {
    const type = typeOf('string');
    fc.assert(
      fc.property(units(maxLength), (text) => {
        const bytes = type.toBuffer(text);
        expect(bytesOf(writeText, text)).toEqual(bytes);
        expect(valueOf(readText, bytes)).toBe(type.fromBuffer(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('is read as it is there, whatever was read before', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 200 });
    fc.assert(
      fc.property(texts, (each) => {
        const write: Write<readonly string[]> = (out, list) => writeList(out, list, writeText);
        expect(valueOf((from) => readList(from, readText), bytesOf(write, each))).toEqual(each);
      }),
    );
  });

  it.each([21, 22, 32, 33, 63, 64, 2_730, 2_731, 8_191, 8_192])(
    'of %d letters has its length in front, however many bytes that takes',
    (count) => {
      for (const letter of ['a', 'é', '静', '😀', '\ud800']) {
        const text = letter.repeat(count);
        const bytes = typeOf('string').toBuffer(text);
        expect(bytesOf(writeText, text).equals(bytes)).toBe(true);
        expect(valueOf(readText, bytes)).toBe(typeOf('string').fromBuffer(bytes));
      }
    },
  );

  it('longer than the room there is gets more, for as long as it needs it', () => {
    const text = '静安寺店'.repeat(500_000);
    const out = newOutput();
    const before = out.bytes.length;
    writeText(out, text);
    expect(valueOf(readText, written(out))).toBe(text);
    expect(out.bytes.length).toBe(before);
  });
});

describe('a list', () => {
  it('of blocks that say their size is read', () => {
    const bytes = Buffer.from([3, 4, 2, 4, 2, 6, 0]);
    expect(valueOf((from) => readList(from, readNumber), bytes)).toEqual([1, 2, 3]);
  });

  it('that says it has more items than there are bytes is not begun', () => {
    const bytes = bytesOf(writeLong, 2 ** 40);
    expect(() => valueOf((from) => readList(from, readNumber), bytes)).toThrow('items in 0 bytes');
  });
});
