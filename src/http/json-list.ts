/**
 * A JSON list as the texts of its elements, before any of them is parsed: each can be judged alone
 * by its size and depth, and what is accepted keeps its digits. The elements are valid JSON, and the
 * list is, exactly when each of them is and the list is closed. Read as bytes, which costs half of
 * what characters cost, and each text is then a string of its own that keeps no other alive.
 */
export interface ListElement {
  /** With the blanks around it. */
  readonly text: string;
  /** Where it begins: bytes from the start of the list. */
  readonly start: number;
  /** Objects and lists inside one another. */
  readonly depth: number;
}

export interface JsonList {
  /** One more than the most asked for, where there are more. */
  readonly elements: readonly ListElement[];
  /** Nothing but the list is there, as far as it was read. */
  readonly isClosed: boolean;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** `[` and `{` differ in one bit, and so do `]` and `}`. */
const BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export const isList = (bytes: Uint8Array): boolean => bytes[endOfBlanks(bytes, 0)] === OPEN_LIST;

/** `bytes` are UTF-8 and begin like a list. */
export function splitList(bytes: Buffer, elementsMax: number): JsonList {
  const elements: ListElement[] = [];
  let depth = 0;
  let deepest = 0;
  let start = endOfBlanks(bytes, 0) + 1;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) i = endOfString(bytes, i);
    else if ((byte | BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((byte | BIT) === CLOSE) depth--;
    const isEnd = depth === -1;
    if (!isEnd && (depth !== 0 || byte !== COMMA)) continue;
    elements.push({ text: bytes.toString('utf8', start, i), start, depth: deepest });
    if (isEnd) return { elements: withoutNone(elements), isClosed: isAtEnd(bytes, i) };
    if (elements.length > elementsMax) return { elements, isClosed: true };
    start = i + 1;
    deepest = 0;
  }
  return { elements, isClosed: false };
}

/** How deep the objects and lists of any text lie inside one another. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) i = endOfString(bytes, i);
    else if ((byte | BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((byte | BIT) === CLOSE) depth--;
  }
  return deepest;
}

/** An empty list looks like one with an empty element. */
const withoutNone = (elements: readonly ListElement[]): readonly ListElement[] =>
  elements.length === 1 && /^[\t\n\r ]*$/.test(elements[0]?.text ?? '') ? [] : elements;

const isAtEnd = (bytes: Uint8Array, place: number): boolean =>
  bytes[place] === CLOSE_LIST && endOfBlanks(bytes, place + 1) === bytes.length;

/** Past the four blanks of JSON. */
function endOfBlanks(bytes: Uint8Array, start: number): number {
  let end = start;
  while (BLANKS.has(bytes[end] ?? 0)) end++;
  return end;
}

const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/** Where the string that begins at `start` has its closing quote, or the bytes their end. */
function endOfString(bytes: Uint8Array, start: number): number {
  let end = start + 1;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === QUOTE) return end;
    if (byte === BACKSLASH) end++;
  }
  return bytes.length;
}
