/**
 * Readers of single fields of canonical JSON. Each answers the value or undefined; what is wrong is
 * noted in the reading. `null` counts as absent: that is how many systems write "nothing".
 */
import type { Json } from './event.ts';
import {
  checkJson,
  fault,
  findNameFault,
  isLonger,
  isWellFormed,
  pointerTo,
} from './event-limits.ts';
import type { Reading } from './event-limits.ts';
import { knownNames, meantName } from './event-names.ts';
import type { Part } from './event-names.ts';
import { toFen } from './money.ts';
import { unitAt } from './unit-at.ts';

export type Bare = Readonly<Record<string, unknown>>;

type Extras = Record<string, Json>;

export function keepExtra(reading: Reading, name: string, value: Json): void {
  reading.extras ??= Object.create(null) as Extras;
  reading.extras[name] = value;
}

export const isObject = (value: unknown): value is Bare =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const readId = (reading: Reading, object: Bare, name: string, pointer: string) =>
  toId(reading, object[name], pointer, name);

/** An id or a code: trimmed, without control characters; a safe integer is taken as its digits. */
export function toId(reading: Reading, value: unknown, pointer: string, name: string | number) {
  if (value === undefined || value === null) return undefined;
  const complain = (message: string) => fault(reading, pointerTo(pointer, name), message);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return String(value);
    return complain('is a number that JSON readers change on the way: send it as a string');
  }
  if (typeof value !== 'string') return complain(`must be a string, not ${kindOf(value)}`);
  const text = value.trim();
  if (text === '') return complain('is empty: leave it out, or send a value');
  if (text.length > reading.limits.idCharsMax) {
    return complain(`has ${text.length} characters of at most ${reading.limits.idCharsMax}`);
  }
  if (!isPlainText(text)) return complain('holds a control character or half a character');
  return text;
}

function isPlainText(text: string): boolean {
  for (let i = 0, { length } = text; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit < 0x20 || unit === 0x7f) return false;
  }
  return isWellFormed(text);
}

/** Free text, as it came. */
export function readText(reading: Reading, object: Bare, name: string, pointer: string) {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && !isLonger(value, reading.limits.stringBytesMax)) {
    if (isWellFormed(value)) return value;
  } else if (typeof value !== 'string') {
    const message = `must be a string, not ${kindOf(value)}`;
    return fault(reading, pointerTo(pointer, name), message);
  }
  checkJson(reading, value, 0, pointerTo(pointer, name));
  return undefined;
}

/** An amount in units as fen, at least 0. */
export function readMoney(reading: Reading, object: Bare, name: string, pointer: string) {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  const fen = toFen(value);
  if (typeof fen === 'number' && fen >= 0) return fen;
  return fault(reading, pointerTo(pointer, name), moneyMessage(fen));
}

function moneyMessage(fen: ReturnType<typeof toFen>): string {
  if (fen === 'too_large') return 'is beyond 10^12, the most an amount may be';
  if (fen === 'not_decimal') {
    return 'must be an amount in currency units, a number or a decimal in text such as "19.99"';
  }
  return 'is negative: send a reduction as `discount`, a refund as an event of its own type';
}

export function readFlag(reading: Reading, object: Bare, name: string, pointer: string) {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  return fault(reading, pointerTo(pointer, name), `must be true or false, not ${kindOf(value)}`);
}

/** Counts the names of a part, refuses those that stand for a missing one, keeps the sender's own. */
export function readExtras(reading: Reading, part: Part, object: Bare, pointer: string) {
  let extras: Extras | undefined;
  const known = knownNames(part);
  for (const name of Object.keys(object)) {
    if (known.has(name)) {
      if (++reading.keys <= reading.limits.keysMax) continue;
      reading.keys--;
    }
    const at = pointerTo(pointer, name);
    const found = findNameFault(reading, name, object);
    if (found !== undefined) {
      fault(reading, at, found.message, found.code);
      if (found.code === 'event_too_large') return undefined;
      continue;
    }
    const meant = meantName(part, name, object);
    if (meant !== undefined) {
      const own = part === 'identifier' ? '' : '; facts of your own belong in `properties`';
      fault(reading, at, `is not known here: did you mean \`${meant}\`?${own}`);
      continue;
    }
    const value = object[name];
    if (!checkJson(reading, value, PART_DEPTH[part], at)) continue;
    extras ??= Object.create(null) as Extras;
    extras[name] = value;
  }
  return extras;
}

/** How many objects and lists lie around a field of the part. */
const PART_DEPTH: Readonly<Record<Part, number>> = {
  event: 1,
  order: 2,
  cart: 2,
  checkout: 2,
  identifier: 3,
  item: 3,
};

/** What a value is, in words for a message; never the value itself. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'boolean' ? 'a boolean' : `a ${typeof value}`;
}
