/**
 * JSON read token by token from bytes, as far as it is plain: strings without escapes, decimals of
 * at most two digits behind the point, names that are known. Once something is not plain, or no JSON
 * at all, the reading has failed and nothing goes on: it is enough to look at that at the end, and
 * the same bytes are somebody else's to judge then.
 */
import { createKeptTexts } from '../domain/kept-texts.ts';
import { endOfString } from './json-list.ts';

const NONE = 0;

const QUOTE = 0x22;
const COMMA = 0x2c;
const POINT = 0x2e;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const DELETE = 0x7f;
const ZERO = 0x30;
const FIRST_OF_TRUE = 0x74;

export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
/** `[` and `{` differ in one bit, and so do `]` and `}`. */
const BIT = 0x20;

/** An amount of so many may be sent, and is exact in hundredths. */
const DIGITS_MAX = 9;

interface KnownName {
  readonly name: string;
  /** One bit. */
  readonly bit: number;
}

/** By the length of the name. */
export type KnownNames = readonly (readonly KnownName[])[];

/** Each name is known by a bit of its own. */
export function knownNames(names: Readonly<Record<string, number>>): KnownNames {
  const byLength: KnownName[][] = [];
  for (const [name, bit] of Object.entries(names)) {
    (byLength[name.length] ??= []).push({ name, bit });
  }
  return Array.from(byLength, (some) => some ?? []);
}

interface Slices extends Buffer {
  utf8Slice(start: number, end: number): string;
}

/** Without the looks of `toString` at encodings and bounds. */
export const textOf = (bytes: Buffer, start: number, end: number): string =>
  (bytes as Slices).utf8Slice(start, end);

const keptText = createKeptTexts(textOf);

export class PlainJson {
  private bytes: Buffer = Buffer.alloc(0);
  /** What is read next. */
  at = 0;
  /** So many names were read, of all objects. */
  names = 0;
  failed = false;
  /** Of the string that was passed last. */
  private start = 0;
  private end = 0;

  from(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    this.at = at;
    this.names = 0;
    this.failed = false;
  }

  /** Passes a bracket that must be there. */
  open(bracket: number): void {
    if (this.next() === bracket) this.at += 1;
    else this.fail();
  }

  /** After a value: true where another one follows, false at the bracket; either is passed. */
  goesOn(bracket: number): boolean {
    const byte = this.next();
    if (byte !== COMMA && byte !== bracket) this.fail();
    else this.at += 1;
    return byte === COMMA;
  }

  /** The bit of a known name that is not among those seen; its colon is passed. */
  name(known: KnownNames, seen: number): number {
    if (!this.passString()) return NONE;
    const { bytes, start, end } = this;
    const candidates = known[end - start] ?? [];
    for (let i = 0; i < candidates.length; i++) {
      const { name, bit } = candidates[i] as KnownName;
      if ((seen & bit) !== 0 || !isWord(bytes, start, name)) continue;
      if (this.next() !== COLON) break;
      this.at += 1;
      this.names += 1;
      return bit;
    }
    this.fail();
    return NONE;
  }

  /** A text of at most so many bytes, well-formed where all bytes are UTF-8. */
  text(bytesMax: number): string {
    if (!this.passString()) return '';
    const { start, end } = this;
    if (end - start > bytesMax) return this.fail();
    return keptText(this.bytes, start, end - start);
  }

  /** A text with something visible at both ends, and no control character. */
  trimmedText(bytesMax: number): string {
    if (!this.passTrimmed(bytesMax)) return this.fail();
    return keptText(this.bytes, this.start, this.end - this.start);
  }

  /** Such a text, which nobody has sent before. */
  newText(bytesMax: number): string {
    if (!this.passTrimmed(bytesMax)) return this.fail();
    return textOf(this.bytes, this.start, this.end);
  }

  /** A decimal, times a hundred. */
  hundredths(): number {
    const first = this.next();
    const { bytes, at: start } = this;
    let at = start;
    let value = 0;
    for (; isDigit(bytes[at]); at++) value = value * 10 + (bytes[at] as number) - ZERO;
    const digits = at - start;
    if (digits === 0 || digits > DIGITS_MAX || (first === ZERO && digits > 1)) this.fail();
    let factor = 100;
    if (bytes[at] === POINT) {
      for (at += 1; factor > 1 && isDigit(bytes[at]); at++, factor /= 10) {
        value = value * 10 + (bytes[at] as number) - ZERO;
      }
      if (factor === 100) this.fail();
    }
    // Nothing goes on at one more digit, or an exponent.
    if (!this.failed) this.at = at;
    return value * factor;
  }

  boolean(): boolean {
    const isTrue = this.next() === FIRST_OF_TRUE;
    const word = isTrue ? 'true' : 'false';
    if (isWord(this.bytes, this.at, word)) this.at += word.length;
    else this.fail();
    return isTrue;
  }

  /** The text of an object, of which is only known where it ends. */
  objectText(depthMax: number): string {
    if (this.next() !== OPEN_OBJECT) return this.fail();
    const { bytes, at: start } = this;
    let depth = 0;
    for (let at = start; at < bytes.length && depth <= depthMax; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) at = endOfString(bytes, at);
      else if ((byte | BIT) === OPEN_OBJECT) depth++;
      else if ((byte | BIT) === CLOSE_OBJECT && --depth === 0) {
        this.at = at + 1;
        return textOf(bytes, start, at + 1);
      }
    }
    return this.fail();
  }

  /** From here on nothing is plain. */
  fail(): '' {
    this.failed = true;
    this.at = this.bytes.length;
    return '';
  }

  /** Passes blanks: the byte behind them, 0 where there is none. */
  next(): number {
    const { bytes } = this;
    let { at } = this;
    let byte = bytes[at] ?? 0;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
      byte = bytes[++at] ?? 0;
    this.at = at;
    return byte;
  }

  private passTrimmed(bytesMax: number): boolean {
    if (!this.passString()) return false;
    const { bytes, start, end } = this;
    if (end === start || end - start > bytesMax) return false;
    for (let i = start; i < end; i++) if (bytes[i] === DELETE) return false;
    return isVisible(bytes[start]) && isVisible(bytes[end - 1]);
  }

  private passString(): boolean {
    const { bytes } = this;
    const start = this.next() === QUOTE ? this.at + 1 : bytes.length;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.start = start;
        this.end = at;
        this.at = at + 1;
        return true;
      }
      if (byte < BLANK || byte === BACKSLASH) break;
    }
    this.fail();
    return false;
  }
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= ZERO && byte <= ZERO + 9;

/** For sure: beyond ASCII there are blanks too. */
const isVisible = (byte: number | undefined): boolean =>
  byte !== undefined && byte > BLANK && byte < DELETE;

function isWord(bytes: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false;
  return true;
}
