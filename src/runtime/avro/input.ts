/**
 * Avro's simple values out of bytes, as avsc 5.7 reads them. Of wrong bytes, whatever they say,
 * nothing is read that lies past their end, and nothing made that is larger than they are: a
 * `RangeError` is thrown.
 */
import { createKeptTexts } from '../../domain/kept-texts.ts';

export interface Input {
  bytes: Buffer;
  at: number;
}

export type Read<T> = (from: Input) => T;

export function readBoolean(from: Input): boolean {
  return from.bytes[take(from, 1)] !== 0;
}

/** A whole number, of an int, a length, a count, a place in a union. */
export function readNumber(from: Input): number {
  const { bytes, at } = from;
  if (at >= bytes.length) throw past(from);
  const first = bytes[at] as number;
  if (first > 127) return readLongNumber(from);
  from.at = at + 1;
  return (first >> 1) ^ -(first & 1);
}

function readLongNumber(from: Input): number {
  const { bytes } = from;
  const end = bytes.length;
  let { at } = from;
  let low = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (at >= end) throw past(from);
    const byte = bytes[at++] as number;
    low |= (byte & 127) << shift;
    if (byte < 128) {
      from.at = at;
      return (low >> 1) ^ -(low & 1);
    }
  }
  // Beyond 28 bits in floating point.
  let number = low;
  for (let factor = 0x1000_0000; ; factor *= 128) {
    if (at >= end) throw past(from);
    const byte = bytes[at++] as number;
    number += (byte & 127) * factor;
    if (byte < 128) break;
  }
  from.at = at;
  // What rounded is even, whatever its lowest bit was.
  const isNegative = (low & 1) === 1 && number < 2 ** 53;
  return (isNegative ? -(number + 1) : number) / 2;
}

export function readLong(from: Input): number {
  const number = readNumber(from);
  if (!(Math.abs(number) <= LONG_MAX)) throw new RangeError('a long beyond 2^53');
  return number;
}

export function readDouble(from: Input): number {
  const at = take(from, 8);
  return from.bytes.readDoubleLE(at);
}

/**
 * A copy: the bytes read from are somebody else's. Cut from a slab, as bytes with a store of their
 * own cost a microsecond; whoever keeps a few of them keeps the slab.
 */
export function readBytes(from: Input): Uint8Array {
  const length = readNumber(from);
  const start = take(from, length);
  if (length > SLAB_BYTES / 4) return new Uint8Array(from.bytes.subarray(start, from.at));
  if (length > SLAB_BYTES - slabAt) {
    slab = Buffer.from(new ArrayBuffer(SLAB_BYTES));
    slabAt = 0;
  }
  from.bytes.copy(slab, slabAt, start, from.at);
  const copy = new Uint8Array(slab.buffer, slabAt, length);
  slabAt += length;
  return copy;
}

const SLAB_BYTES = 4_096;
let slab = Buffer.from(new ArrayBuffer(SLAB_BYTES));
let slabAt = 0;

/** `toString` without its looks at encodings and bounds. */
const textOf = createKeptTexts((bytes: Buffer, start, end) =>
  (bytes as Utf8Bytes).utf8Slice(start, end),
);

interface Utf8Bytes extends Buffer {
  utf8Slice(start: number, end: number): string;
}

export function readText(from: Input): string {
  const length = readNumber(from);
  return textOf(from.bytes, take(from, length), length);
}

export function readList<T>(from: Input, read: Read<T>): T[] {
  let left = readCount(from);
  if (left === 0) return [];
  // Most have one item; an empty list that grows takes room for 17.
  const list = [read(from)];
  left -= 1;
  do {
    for (; left > 0; left -= 1) list.push(read(from));
    left = readCount(from);
  } while (left > 0);
  return list;
}

/** Of the items of a block, each of which is at least one byte; 0 after the last block. */
function readCount(from: Input): number {
  const count = readNumber(from);
  // Then the block also says how many bytes it has.
  if (count < 0) readNumber(from);
  const items = Math.abs(count);
  const left = from.bytes.length - from.at;
  if (!(items <= left)) throw new RangeError(`${items} items in ${left} bytes`);
  return items;
}

export const readNullable = <T>(from: Input, read: Read<T>): T | null =>
  isThere(from) ? read(from) : null;

/** Null, where the domain has it absent. */
export const readOptional = <T>(from: Input, read: Read<T>): T | undefined =>
  isThere(from) ? read(from) : undefined;

function isThere(from: Input): boolean {
  const branch = readNumber(from);
  if (branch !== 0 && branch !== 1) throw new RangeError(`no branch ${branch} in a union of two`);
  return branch === 1;
}

/** Where the next so many bytes start. */
function take(from: Input, length: number): number {
  const { at } = from;
  if (!(length >= 0 && length <= from.bytes.length - at)) throw past(from);
  from.at = at + length;
  return at;
}

const past = ({ at, bytes }: Input): RangeError =>
  new RangeError(`the value at ${at} ends past ${bytes.length} bytes`);

const LONG_MAX = 2 ** 53 - 2;
