/** Bytes that grow, with the simple values of ClickHouse's Native format: little endian, texts with their length. */
import { Buffer } from 'node:buffer';

const ROOM_AT_FIRST = 1_024;
/** Shorter ASCII is written quicker by a loop than by a native call. */
const SHORT_CHARS_MAX = 40;
const UTF8_BYTES_PER_CHAR = 3;
const VARINT_BYTES_MAX = 5;
const TWO_TO_32 = 0x1_0000_0000;

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
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
    this.reserve(digits + 1);
    this.room[this.length] = digits;
    let rest = value;
    for (let at = this.length + digits; at > this.length; at -= 1) {
      const tens = Math.floor(rest / 10);
      this.room[at] = rest - tens * 10 + 0x30;
      rest = tens;
    }
    this.length += digits + 1;
  }

  /** The last `bytes` again, `times` over: twice as many with every copy. */
  again(bytes: number, times: number): void {
    const all = bytes * (times + 1);
    const start = this.length - bytes;
    this.reserve(all - bytes);
    for (let filled = bytes; filled < all; filled *= 2)
      this.room.copyWithin(start + filled, start, start + Math.min(filled, all - filled));
    this.length = start + all;
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
    const start = this.length + 1;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      this.room[start + i] = code;
    }
    this.room[this.length] = value.length;
    this.length = start + value.length;
    return true;
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
