/**
 * Avro's simple values into one growing buffer, byte for byte as avsc 5.7 writes them. A value that
 * Avro cannot hold throws a `TypeError`.
 */
import { isWellFormed } from '../../domain/event-limits.ts';
import { unitAt } from '../../domain/unit-at.ts';

export interface Output {
  /** Replaced by a larger one when it is full. */
  bytes: Buffer;
  at: number;
  /** Whoever reads what was written has the very same values; set by who begins. */
  isExact: boolean;
}

export type Write<T> = (out: Output, value: T) => void;

export const newOutput = (): Output => ({
  bytes: Buffer.allocUnsafe(FIRST_BYTES),
  at: 0,
  isExact: true,
});

/** What was written, on its own. Room that only a very large value needed is given back. */
export function written(out: Output): Buffer {
  const { bytes, at } = out;
  const copy = Buffer.allocUnsafe(at);
  bytes.copy(copy, 0, 0, at);
  if (bytes.length > ROOM_BYTES_MAX) out.bytes = Buffer.allocUnsafe(FIRST_BYTES);
  return copy;
}

/**
 * What was written from `start` on, where it stands: whoever goes on writes behind it. To copy it costs
 * as much as a fifth of the writing; whoever keeps it keeps what was written around it.
 */
export function cutOff(out: Output, start: number): Buffer {
  const { bytes, at } = out;
  const cut = bytes.subarray(start, at);
  if (bytes.length !== SLAB_BYTES || at > SLAB_BYTES - SLAB_BYTES_LEAST) {
    out.bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
    out.at = 0;
  }
  return cut;
}

export function writeBoolean(out: Output, value: boolean): void {
  if (typeof value !== 'boolean') throw invalid('boolean', value);
  makeRoom(out, 1);
  out.bytes[out.at++] = value ? 1 : 0;
}

export function writeInt(out: Output, value: number): void {
  if (value !== (value | 0)) throw invalid('int', value);
  writeNumber(out, value);
}

export function writeLong(out: Output, value: number): void {
  if (typeof value !== 'number' || !(Math.abs(value) <= LONG_MAX) || Math.floor(value) !== value) {
    throw invalid('long', value);
  }
  if (value === 0 && 1 / value < 0) out.isExact = false;
  writeNumber(out, value);
}

export function writeDouble(out: Output, value: number): void {
  if (typeof value !== 'number') throw invalid('double', value);
  makeRoom(out, 8);
  out.at = out.bytes.writeDoubleLE(value, out.at);
}

export function writeBytes(out: Output, value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw invalid('bytes', value);
  const { length } = value;
  // Whose they are may write something else into them.
  out.isExact = false;
  writeNumber(out, length);
  makeRoom(out, length);
  const { bytes, at } = out;
  if (length > COPY_BY_HAND_MAX) bytes.set(value, at);
  else for (let i = 0; i < length; i += 1) bytes[at + i] = value[i] as number;
  out.at = at + length;
}

/** Most texts are short and ASCII: a byte of length and one a letter, cheaper here than natively. */
export function writeText(out: Output, value: string): void {
  if (typeof value !== 'string') throw invalid('string', value);
  const { length } = value;
  makeRoom(out, UNIT_BYTES_MAX * length + NUMBER_BYTES_MAX);
  if (length > SHORT_MAX) {
    writeLongText(out, value);
    return;
  }
  const { bytes, at } = out;
  const start = at + 1;
  for (let i = 0; i < length; i += 1) {
    const unit = unitAt(value, i);
    if (unit > 127) {
      writeShortText(out, value);
      return;
    }
    bytes[start + i] = unit;
  }
  bytes[at] = length * 2;
  out.at = start + length;
}

/** Beside ASCII. A lone surrogate stays what it is, up to 64 bytes, and is U+FFFD above: as avsc has it. */
function writeShortText(out: Output, text: string): void {
  if (!isWellFormed(text)) out.isExact = false;
  const size = Buffer.byteLength(text);
  writeNumber(out, size);
  const { bytes } = out;
  let { at } = out;
  if (size > SURROGATE_BYTES_MAX) {
    out.at += bytes.write(text, at);
    return;
  }
  for (let i = 0; i < text.length; i += 1) {
    const point = text.codePointAt(i) as number;
    if (point < 0x80) {
      bytes[at++] = point;
    } else if (point < 0x800) {
      bytes[at++] = (point >> 6) | 0xc0;
      bytes[at++] = (point & 0x3f) | 0x80;
    } else {
      if (point < 0x10000) {
        bytes[at++] = (point >> 12) | 0xe0;
      } else {
        i += 1;
        bytes[at++] = (point >> 18) | 0xf0;
        bytes[at++] = ((point >> 12) & 0x3f) | 0x80;
      }
      bytes[at++] = ((point >> 6) & 0x3f) | 0x80;
      bytes[at++] = (point & 0x3f) | 0x80;
    }
  }
  out.at = at;
}

/** Its size is only known when it is written: guessed to be ASCII, and put right where it is not. */
function writeLongText(out: Output, text: string): void {
  const { bytes, at } = out;
  writeNumber(out, text.length);
  const start = out.at;
  const size = bytes.write(text, start);
  if (size !== text.length) {
    if (!isWellFormed(text)) out.isExact = false;
    out.at = at;
    writeNumber(out, size);
    // The length lies over the text's first byte now.
    if (out.at !== start) bytes.write(text, out.at);
  }
  out.at += size;
}

/**
 * A whole number: seven bits a byte, low ones first, the sign in the lowest bit. Near 2^53 negative
 * ones round, as in avsc.
 */
export function writeNumber(out: Output, value: number): void {
  makeRoom(out, NUMBER_BYTES_MAX);
  const { bytes } = out;
  let { at } = out;
  let rest: number;
  if (value >= -0x4000_0000 && value < 0x4000_0000) {
    rest = (value << 1) ^ (value >> 31);
  } else {
    const unsigned = value >= 0 ? value * 2 : -value * 2 - 1;
    rest = Math.floor(unsigned / 0x1000_0000);
    const low = unsigned - rest * 0x1000_0000;
    bytes[at] = low | 128;
    bytes[at + 1] = (low >> 7) | 128;
    bytes[at + 2] = (low >> 14) | 128;
    bytes[at + 3] = (low >> 21) | 128;
    at += 4;
  }
  while (rest > 127) {
    bytes[at++] = rest | 128;
    rest >>>= 7;
  }
  bytes[at] = rest;
  out.at = at + 1;
}

export function writeList<T>(out: Output, list: readonly T[], write: Write<T>): void {
  const { length } = list;
  if (length > 0) {
    writeNumber(out, length);
    for (let i = 0; i < length; i += 1) write(out, list[i] as T);
  }
  writeNumber(out, 0);
}

/** A union of null and one other; what is absent in the domain is null too. */
export function writeNullable<T>(out: Output, value: T | null | undefined, write: Write<T>): void {
  if (value === null || value === undefined) {
    writeNumber(out, 0);
  } else {
    writeNumber(out, 1);
    write(out, value);
  }
}

/** Says nothing of what a text is: it may be somebody's. */
export const invalid = (type: string, value: unknown): TypeError =>
  new TypeError(`invalid ${type}: ${typeof value === 'number' ? value : typeof value}`);

function makeRoom(out: Output, needed: number): void {
  if (out.at + needed > out.bytes.length) grow(out, needed);
}

function grow(out: Output, needed: number): void {
  const larger = Buffer.allocUnsafe(Math.max(out.bytes.length * 2, out.at + needed));
  out.bytes.copy(larger, 0, 0, out.at);
  out.bytes = larger;
}

const FIRST_BYTES = 64 * 1024;
const SLAB_BYTES = 256 * 1024;
/** With less than this another begins: most envelopes are smaller. */
const SLAB_BYTES_LEAST = 32 * 1024;
const ROOM_BYTES_MAX = 4 * 1024 * 1024;
/** Of avsc: above, what is doubled could no longer be told from its neighbour. */
export const LONG_MAX = 2 ** 53 - 2;
const NUMBER_BYTES_MAX = 10;
const UNIT_BYTES_MAX = 3;
/** Up to here the length of ASCII is one byte. */
const SHORT_MAX = 63;
const SURROGATE_BYTES_MAX = 64;
/** A call to copy costs about as much as so many bytes. */
const COPY_BY_HAND_MAX = 100;
