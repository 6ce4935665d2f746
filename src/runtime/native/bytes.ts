/**
 * Bytes that grow, with the simple values of ClickHouse's Native format: little endian, texts with their
 * length. A text of JSON is written piece by piece, without ever being a string.
 */
import { Buffer } from 'node:buffer';
import { unitAt } from '../../domain/unit-at.ts';

const ROOM_AT_FIRST = 1_024;
/** Shorter ASCII is written quicker by a loop than by a native call. */
const SHORT_CHARS_MAX = 127;
/** A native call to copy costs as much as so many bytes. */
const COPY_BY_HAND_MAX = 256;
const UTF8_BYTES_PER_CHAR = 3;
const VARINT_BYTES_MAX = 5;
const TWO_TO_32 = 0x1_0000_0000;
/** Of texts in pieces: from 128 to 16,383 bytes. */
const LENGTH_BYTES_USUAL = 2;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const SURROGATE_FIRST = 0xd800;
const SURROGATE_LAST = 0xdfff;

export class Bytes {
  length = 0;
  private room = Buffer.allocUnsafe(ROOM_AT_FIRST);

  byte(value: number): void {
    this.reserve(1);
    this.room[this.length] = value;
    this.length += 1;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.room[this.length] = value & 0xff;
    this.room[this.length + 1] = value >>> 8;
    this.length += 2;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.four(value);
  }

  /** Any safe integer. */
  int64(value: number): void {
    this.reserve(8);
    const high = Math.floor(value / TWO_TO_32);
    this.four(value - high * TWO_TO_32);
    this.four(high);
  }

  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80) {
      this.room[this.length] = (rest & 0x7f) | 0x80;
      this.length += 1;
      rest >>>= 7;
    }
    this.room[this.length] = rest;
    this.length += 1;
  }

  /** UTF-8, its length in front. */
  text(value: string): void {
    const { length } = value;
    this.reserve(length * UTF8_BYTES_PER_CHAR + VARINT_BYTES_MAX);
    if (length <= SHORT_CHARS_MAX && this.shortAscii(value)) return;
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    this.length += this.room.write(value, this.length);
  }

  /** A whole number as its decimal digits, as `text` would write them, without making a string. */
  digits(value: number): void {
    const start = this.length;
    this.byte(0);
    this.figures(value);
    this.room[start] = this.length - start - 1;
  }

  /** A text in pieces: what is written from here to `endText` has its length in front. */
  startText(): number {
    this.reserve(LENGTH_BYTES_USUAL);
    this.length += LENGTH_BYTES_USUAL;
    return this.length;
  }

  endText(start: number): void {
    const bytes = this.length - start;
    const at = start - LENGTH_BYTES_USUAL;
    const lengthBytes = varintBytes(bytes);
    this.reserve(VARINT_BYTES_MAX);
    if (lengthBytes !== LENGTH_BYTES_USUAL)
      this.room.copyWithin(at + lengthBytes, start, start + bytes);
    this.length = at;
    this.varint(bytes);
    this.length += bytes;
  }

  ascii(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { room } = this;
    const start = this.length;
    for (let i = 0; i < length; i += 1) room[start + i] = unitAt(text, i);
    this.length = start + length;
  }

  /** A text as `JSON.stringify` writes it. */
  jsonText(value: string): void {
    const { length } = value;
    this.reserve(length * UTF8_BYTES_PER_CHAR + 2);
    const { room } = this;
    let at = this.length;
    room[at++] = QUOTE;
    for (let i = 0; i < length; i += 1) {
      const unit = unitAt(value, i);
      if (unit < 0x80) {
        if (unit < 0x20 || unit === QUOTE || unit === BACKSLASH) return this.escaped(value);
        room[at++] = unit;
      } else if (unit < 0x800) {
        room[at++] = (unit >> 6) | 0xc0;
        room[at++] = (unit & 0x3f) | 0x80;
      } else if (unit < SURROGATE_FIRST || unit > SURROGATE_LAST) {
        room[at++] = (unit >> 12) | 0xe0;
        room[at++] = ((unit >> 6) & 0x3f) | 0x80;
        room[at++] = (unit & 0x3f) | 0x80;
      } else {
        return this.escaped(value);
      }
    }
    room[at++] = QUOTE;
    this.length = at;
  }

  /** A number as JSON has it. */
  jsonNumber(value: number): void {
    if (value >= 0 && Number.isSafeInteger(value)) this.figures(value);
    else this.ascii(String(value));
  }

  /** The last `bytes` again, `times` over; where it is much, twice as many with every copy. */
  again(bytes: number, times: number): void {
    const start = this.length - bytes;
    const all = bytes * (times + 1);
    this.reserve(all - bytes);
    const { room } = this;
    this.length = start + all;
    if (all <= COPY_BY_HAND_MAX) {
      for (let at = start + bytes; at < this.length; at += 1) room[at] = room[at - bytes] as number;
      return;
    }
    for (let filled = bytes; filled < all; filled *= 2)
      room.copyWithin(start + filled, start, start + Math.min(filled, all - filled));
  }

  append(bytes: Bytes): void {
    this.reserve(bytes.length);
    bytes.room.copy(this.room, this.length, 0, bytes.length);
    this.length += bytes.length;
  }

  /** A copy. */
  take(): Uint8Array {
    const taken = Buffer.from(this.room.subarray(0, this.length));
    this.length = 0;
    return taken;
  }

  private shortAscii(value: string): boolean {
    const { room } = this;
    const { length } = value;
    const start = this.length + 1;
    for (let i = 0; i < length; i += 1) {
      const code = unitAt(value, i);
      if (code >= 0x80) return false;
      room[start + i] = code;
    }
    room[start - 1] = length;
    this.length = start + length;
    return true;
  }

  private escaped(value: string): void {
    const text = JSON.stringify(value);
    this.reserve(text.length * UTF8_BYTES_PER_CHAR);
    this.length += this.room.write(text, this.length);
  }

  private figures(value: number): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
    this.reserve(digits);
    const { room } = this;
    const end = this.length + digits;
    let rest = value;
    for (let at = end - 1; at >= this.length; at -= 1) {
      const tens = Math.floor(rest / 10);
      room[at] = rest - tens * 10 + ZERO;
      rest = tens;
    }
    this.length = end;
  }

  /** Shifts cut a number to 32 bits; a plain store cuts it to 8. */
  private four(value: number): void {
    const { room } = this;
    let at = this.length;
    room[at++] = value;
    room[at++] = value >>> 8;
    room[at++] = value >>> 16;
    room[at++] = value >>> 24;
    this.length = at;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.room.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.room.length * 2, this.length + bytes));
    this.room.copy(larger, 0, 0, this.length);
    this.room = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) bytes += 1;
  return bytes;
}
