/**
 * Small integers and texts as few bytes, for state that is kept by the million. Numbers are written
 * seven bits a byte, low ones first; the units of a text in the same way, so that ASCII takes a byte a
 * letter and Chinese three, as in UTF-8.
 */
import { unitAt } from './unit-at.ts';
export interface ByteReader {
  bytes: Uint8Array;
  at: number;
}

export interface ByteWriter {
  /** Replaced by a larger one when it is full. */
  bytes: Uint8Array;
  at: number;
}

export const newReader = (bytes: Uint8Array): ByteReader => ({ bytes, at: 0 });
export const newWriter = (): ByteWriter => ({ bytes: new Uint8Array(4_096), at: 0 });

/** What was written, on its own. */
export function written({ bytes, at }: ByteWriter): Uint8Array {
  const own = newBytes(at);
  own.set(bytes.subarray(0, at));
  return own;
}

/** The same bytes, with room for `more` behind them. */
export function lengthened(bytes: Uint8Array, more: number): Uint8Array {
  const own = newBytes(bytes.length + more);
  own.set(bytes);
  return own;
}

/**
 * Cut from a slab: state is written anew for every event and given up at the end of a turn, and bytes
 * with a buffer of their own cost 2 µs. Whoever keeps a few of them keeps the slab. Not zeroed.
 */
function newBytes(length: number): Uint8Array {
  if (length > SLAB_BYTES / 8) return new Uint8Array(length);
  if (length > SLAB_BYTES - slabAt) {
    slab = new ArrayBuffer(SLAB_BYTES);
    slabAt = 0;
  }
  const own = new Uint8Array(slab, slabAt, length);
  slabAt += length;
  return own;
}

const SLAB_BYTES = 16_384;
let slab = new ArrayBuffer(SLAB_BYTES);
let slabAt = 0;

export const SIGNED_MAX = 2 ** 52 - 1;

/** From zero to 2^53 − 1. */
export function writeNumber(writer: ByteWriter, number: number): void {
  makeRoom(writer, NUMBER_BYTES_MAX);
  writer.at = putNumber(writer.bytes, writer.at, number);
}

/** For loops that made room for all: answers where to go on. */
export function putNumber(bytes: Uint8Array, from: number, number: number): number {
  if (number < 128) {
    bytes[from] = number;
    return from + 1;
  }
  let at = from;
  let rest = number;
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}

/** Small ones of either sign are small. */
export const toUnsigned = (number: number): number => (number >= 0 ? number * 2 : -number * 2 - 1);

/** The lowest bit is the sign; `&` reads it of any safe integer. */
export const toSigned = (number: number): number =>
  (number & 1) === 0 ? number / 2 : -(number + 1) / 2;

export function readNumber(reader: ByteReader): number {
  const { bytes } = reader;
  let byte = bytes[reader.at++] as number;
  if (byte < 128) return byte;
  let number = byte & 127;
  let factor = 128;
  do {
    byte = bytes[reader.at++] as number;
    number += (byte & 127) * factor;
    factor *= 128;
  } while (byte > 127);
  return number;
}

/** Up to `SIGNED_MAX` on either side; small ones are short. */
export function writeSigned(writer: ByteWriter, number: number): void {
  writeNumber(writer, toUnsigned(number));
}

export function readSigned(reader: ByteReader): number {
  return toSigned(readNumber(reader));
}

/** 32 bits, signed: hashes, which are not small. */
export function writeInt32(writer: ByteWriter, number: number): void {
  makeRoom(writer, 4);
  const { bytes } = writer;
  bytes[writer.at++] = number;
  bytes[writer.at++] = number >>> 8;
  bytes[writer.at++] = number >>> 16;
  bytes[writer.at++] = number >>> 24;
}

export function readInt32(reader: ByteReader): number {
  const { bytes, at } = reader;
  reader.at = at + 4;
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The length in bytes, then the units: a text is passed over, or told from another, without reading. */
export function writeText(writer: ByteWriter, text: string): void {
  makeRoom(writer, NUMBER_BYTES_MAX * (text.length + 2));
  const start = startBlock(writer);
  const { bytes } = writer;
  let at = start;
  for (let index = 0, { length } = text; index < length; index++) {
    const unit = unitAt(text, index);
    if (unit < 128) bytes[at++] = unit;
    else at = putNumber(bytes, at, unit);
  }
  writer.at = at;
  endBlock(writer, start);
}

/**
 * Most texts of a shop's profiles are few: those read last are kept, so that reading one again makes
 * no new text. Where two contend for a place, the later has it.
 */
const TEXTS_KEPT = 4_096;
const kept: string[] = Array.from({ length: TEXTS_KEPT }, () => '');

export function readText(reader: ByteReader): string {
  const length = readNumber(reader);
  const { bytes, at: start } = reader;
  const end = start + length;
  const place = placeOfText(bytes, start, length);
  const known = kept[place] as string;
  if (isText(bytes, start, end, known)) {
    reader.at = end;
    return known;
  }
  const text = decoded(reader, end);
  kept[place] = text;
  return text;
}

/** ASCII, which is most, at once: letter by letter it costs twice as much. */
function decoded(reader: ByteReader, end: number): string {
  const { bytes, at: start } = reader;
  let at = start;
  while (at < end && (bytes[at] as number) < 128) at++;
  if (at === end && end - start <= AT_ONCE_MAX) {
    reader.at = end;
    return fromCharCode.apply(null, bytes.subarray(start, end));
  }
  let text = '';
  while (reader.at < end) text += String.fromCharCode(readNumber(reader));
  return text;
}

const fromCharCode = String.fromCharCode as unknown as {
  /** Spread instead, the bytes cost ten times as much. */
  apply(none: null, units: Uint8Array): string;
};

/** Arguments of a call lie on the stack. */
const AT_ONCE_MAX = 4_096;

export function skipText(reader: ByteReader): void {
  const length = readNumber(reader);
  reader.at += length;
}

/** The index of a text among the next `count`; -1: it is not one of them. */
export function findText(reader: ByteReader, count: number, text: string): number {
  const { bytes } = reader;
  for (let index = 0; index < count; index++) {
    const length = readNumber(reader);
    const start = reader.at;
    reader.at = start + length;
    if (isText(bytes, start, reader.at, text)) return index;
  }
  return -1;
}

/** Does the text in the bytes come before the other, by UTF-16 units as `<` has it? */
export function isTextBefore(reader: ByteReader, end: number, text: string): boolean {
  for (let index = 0; reader.at < end; index++) {
    if (index === text.length) return false;
    const unit = readNumber(reader);
    const other = unitAt(text, index);
    if (unit !== other) return unit < other;
    if (reader.at === end) return index + 1 < text.length;
  }
  return text.length > 0;
}

/** From a few of its bytes: a guess that `isText` proves or not. */
function placeOfText(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let index = 0; index < length; index += 1 + (length >> 3)) {
    hash = Math.imul(hash ^ (bytes[start + index] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (TEXTS_KEPT - 1);
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length > end - start) return false;
  let at = start;
  for (let index = 0, { length } = text; index < length; index++) {
    const unit = unitAt(text, index);
    if (unit < 128) {
      if (bytes[at++] !== unit) return false;
      continue;
    }
    // A unit is two or three bytes, low ones first.
    if (bytes[at++] !== ((unit & 127) | 128)) return false;
    if (unit > 0x3fff && bytes[at++] !== (((unit >> 7) & 127) | 128)) return false;
    if (bytes[at++] !== unit >> (unit > 0x3fff ? 14 : 7)) return false;
  }
  return at === end;
}

/** What is written from here to `endBlock` has its length in front. */
export function startBlock(writer: ByteWriter): number {
  writeNumber(writer, 0);
  return writer.at;
}

/** Answers the length. */
export function endBlock(writer: ByteWriter, start: number): number {
  const end = writer.at;
  const length = end - start;
  let spare = 0;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) spare++;
  if (spare > 0) {
    makeRoom(writer, spare);
    writer.bytes.copyWithin(start + spare, start, end);
  }
  writer.at = start - 1;
  writeNumber(writer, length);
  writer.at = end + spare;
  return length;
}

/** Bytes as they are, without a length. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  const length = to - from;
  makeRoom(writer, length);
  const { bytes: target, at } = writer;
  if (length > COPY_BY_HAND_MAX) target.set(bytes.subarray(from, to), at);
  else
    for (let index = 0; index < length; index++) target[at + index] = bytes[from + index] as number;
  writer.at = at + length;
}

export const NUMBER_BYTES_MAX = 8;
/** A call to copy costs about as much as so many bytes. */
const COPY_BY_HAND_MAX = 100;

export function makeRoom(writer: ByteWriter, needed: number): void {
  if (writer.at + needed > writer.bytes.length) grow(writer, needed);
}

function grow(writer: ByteWriter, needed: number): void {
  const larger = new Uint8Array(Math.max(writer.bytes.length * 2, writer.at + needed));
  larger.set(writer.bytes);
  writer.bytes = larger;
}
