/**
 * How large an event may be, and the walk that holds its free parts (`properties`, values of
 * identifiers, fields we do not know) to it. Hostile JSON ends in a fault with a pointer, never in
 * a throw: depth is limited even where everything else is switched off.
 */
import type { Json } from './event.ts';
import { unitAt } from './unit-at.ts';

export interface EventLimits {
  /** UTF-8 bytes of the event's JSON text; checked by `checkEventText` only. */
  readonly bytesMax: number;
  /** Objects and lists inside one another; the event itself is the first. */
  readonly depthMax: number;
  /** Names of all objects in the event together. */
  readonly keysMax: number;
  /** UTF-8 bytes of one string. */
  readonly stringBytesMax: number;
  /** UTF-16 units of an id, a SKU, a store, a coupon code. */
  readonly idCharsMax: number;
  readonly itemsMax: number;
  /** What one call to the identity store may carry. */
  readonly identifiersMax: number;
}

/** What the HTTP routes accept (edge.md). */
export const EDGE_LIMITS: EventLimits = {
  bytesMax: 32 * 1024,
  depthMax: 32,
  keysMax: 1_000,
  stringBytesMax: 8 * 1024,
  idCharsMax: 128,
  itemsMax: 1_000,
  identifiersMax: 256,
};

/** A file on the operator's own disk: an invoice may have a thousand lines. */
export const IMPORT_LIMITS: EventLimits = {
  ...EDGE_LIMITS,
  bytesMax: 8 * 1024 * 1024,
  keysMax: Infinity,
  stringBytesMax: Infinity,
  itemsMax: 100_000,
};

export interface EventFault {
  /** RFC 6901, into the event. */
  readonly pointer: string;
  readonly message: string;
}

export type EventFaultCode = 'invalid_event' | 'missing_identifier' | 'event_too_large';

/** More would help nobody, and an answer must stay small. */
const FAULTS_MAX = 20;

/** One reading of one event: what was found wrong, and what was counted. */
export interface Reading {
  readonly limits: EventLimits;
  readonly faults: EventFault[];
  code: EventFaultCode | undefined;
  keys: number;
  /** Fields of the sender's own, to be kept in `properties`. */
  extras: Record<string, Json> | undefined;
}

export const newReading = (limits: EventLimits): Reading => ({
  limits,
  faults: [],
  code: undefined,
  keys: 0,
  extras: undefined,
});

/** The gravest code wins: too large, then invalid, then without identifiers. */
export function fault(
  reading: Reading,
  pointer: string,
  message: string,
  code: EventFaultCode = 'invalid_event',
): undefined {
  if (reading.code !== 'event_too_large' && code !== 'missing_identifier') reading.code = code;
  reading.code ??= code;
  if (reading.faults.length < FAULTS_MAX) reading.faults.push({ pointer, message });
}

export const pointerTo = (parent: string, name: string | number): string =>
  `${parent}/${quote(String(name)).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** A name or a word of the sender's, cut to a length that fits a message. */
export const quote = (text: string): string => {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return isWellFormed(cut) ? cut : cut.replace(/\p{Surrogate}/gu, '\uFFFD');
};

/** In every Node since 20; the compiler's library stops at ES2023. */
interface Es2024String {
  isWellFormed(): boolean;
}

export const isWellFormed = (text: string): boolean =>
  (text as string & Es2024String).isWellFormed();

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0, { length } = text; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit >= 0x80) bytes += unit >= 0x800 && !isSurrogate(unit) ? 2 : 1;
  }
  return bytes;
}

/** A pair is 4 bytes for 2 units, so each half counts for 2. */
const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

export const isLonger = (text: string, bytesMax: number): boolean =>
  text.length * 3 > bytesMax && (text.length > bytesMax || utf8Length(text) > bytesMax);

/**
 * True if a value is JSON within the limits; otherwise the fault is noted. `depth` is the number of
 * objects and lists around it.
 */
export function checkJson(
  reading: Reading,
  value: unknown,
  depth: number,
  pointer: string,
): value is Json {
  const found = findFault(reading, value, depth);
  if (found === undefined) return true;
  fault(reading, pointer + found.pointer, found.message, found.code);
  return false;
}

interface Found extends EventFault {
  readonly code: EventFaultCode;
}

/** Pointers are put together on the way back, so that sound events pay nothing for them. */
function findFault(reading: Reading, value: unknown, depth: number): Found | undefined {
  switch (typeof value) {
    case 'string':
      return findTextFault(reading, value);
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : invalid('must be a finite number');
    case 'object':
      if (value === null) return undefined;
      if (depth >= reading.limits.depthMax) {
        return tooLarge(`lies deeper than ${reading.limits.depthMax} levels: flatten it`);
      }
      return Array.isArray(value)
        ? findListFault(reading, value, depth + 1)
        : findObjectFault(reading, value as Readonly<Record<string, unknown>>, depth + 1);
    default:
      return invalid('is no JSON value');
  }
}

function findListFault(
  reading: Reading,
  list: readonly unknown[],
  depth: number,
): Found | undefined {
  for (let index = 0; index < list.length; index++) {
    const found = findFault(reading, list[index], depth);
    if (found !== undefined) return { ...found, pointer: `/${index}${found.pointer}` };
  }
  return undefined;
}

function findObjectFault(
  reading: Reading,
  object: Readonly<Record<string, unknown>>,
  depth: number,
): Found | undefined {
  for (const name of Object.keys(object)) {
    const found = findNameFault(reading, name, object) ?? findFault(reading, object[name], depth);
    if (found !== undefined) return { ...found, pointer: pointerTo('', name) + found.pointer };
  }
  return undefined;
}

/** Also counts the name. */
export function findNameFault(
  reading: Reading,
  name: string,
  object: Readonly<Record<string, unknown>>,
): Found | undefined {
  if (++reading.keys > reading.limits.keysMax) {
    return tooLarge(
      `is name number ${reading.keys} of at most ${reading.limits.keysMax}: send less`,
    );
  }
  if (name === '__proto__' || (name === 'constructor' && hasPrototypeName(object[name]))) {
    return invalid('is a name that is not allowed: rename it');
  }
  return findTextFault(reading, name);
}

const hasPrototypeName = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');

function findTextFault({ limits }: Reading, text: string): Found | undefined {
  if (isLonger(text, limits.stringBytesMax)) {
    return tooLarge(`has a text of more than ${limits.stringBytesMax} bytes: shorten it`);
  }
  if (!isWellFormed(text)) return invalid('holds half a character (a lone surrogate): send UTF-8');
  return undefined;
}

const invalid = (message: string): Found => ({ pointer: '', message, code: 'invalid_event' });
const tooLarge = (message: string): Found => ({ pointer: '', message, code: 'event_too_large' });
