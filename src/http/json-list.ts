/**
 * A JSON list as the places of its elements, before any of them is parsed: each can be judged alone
 * by its size and depth, and what is accepted keeps its digits. The elements are valid JSON, and the
 * list is, exactly when each of them is and the list is closed. Read as bytes, which costs half of
 * what characters cost.
 */
export interface ListElement<T> {
  /** In bytes from the start of the list, with the blanks around it. */
  readonly start: number;
  readonly end: number;
  /** Objects and lists inside one another; not looked at where there is a value. */
  readonly depth: number;
  /** What it was read as on the way. */
  readonly value: T | undefined;
}

/** Reads the element that begins somewhere, if it can; answers where that ends. */
export type ReadElement<T> = (
  start: number,
) => { readonly value: T; readonly end: number } | undefined;

export interface JsonList<T> {
  /** One more than the most asked for, where there are more. */
  readonly elements: readonly ListElement<T>[];
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
export function splitList<T>(
  bytes: Buffer,
  elementsMax: number,
  read?: ReadElement<T>,
): JsonList<T> {
  const elements: ListElement<T>[] = [];
  for (let start = endOfBlanks(bytes, 0) + 1; ;) {
    const element = readElement(bytes, start, read) ?? findElement(bytes, start);
    if (element === undefined) return { elements, isClosed: false };
    elements.push(element);
    const { end } = element;
    if (bytes[end] !== COMMA) {
      return { elements: withoutNone(bytes, elements), isClosed: isAtEnd(bytes, end) };
    }
    if (elements.length > elementsMax) return { elements, isClosed: true };
    start = end + 1;
  }
}

function readElement<T>(
  bytes: Buffer,
  start: number,
  read: ReadElement<T> | undefined,
): ListElement<T> | undefined {
  const found = read?.(start);
  if (found === undefined) return undefined;
  const end = endOfBlanks(bytes, found.end);
  if (bytes[end] !== COMMA && bytes[end] !== CLOSE_LIST) return undefined;
  return { start, end, depth: 0, value: found.value };
}

/** Up to its comma, or to what closes more than was opened. */
function findElement(bytes: Buffer, start: number): ListElement<never> | undefined {
  let depth = 0;
  let deepest = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) i = endOfString(bytes, i);
    else if ((byte | BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((byte | BIT) === CLOSE) depth--;
    const isEnd = depth === -1 || (depth === 0 && byte === COMMA);
    if (isEnd) return { start, end: i, depth: deepest, value: undefined };
  }
  return undefined;
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
const withoutNone = <E extends ListElement<unknown>>(bytes: Buffer, elements: readonly E[]) =>
  elements.length === 1 && elements[0] && endOfBlanks(bytes, elements[0].start) >= elements[0].end
    ? []
    : elements;

const isAtEnd = (bytes: Uint8Array, place: number): boolean =>
  bytes[place] === CLOSE_LIST && endOfBlanks(bytes, place + 1) === bytes.length;

/** Past the four blanks of JSON. */
export function endOfBlanks(bytes: Uint8Array, start: number): number {
  let end = start;
  while (BLANKS.has(bytes[end] ?? 0)) end++;
  return end;
}

const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/** Where the string that begins at `start` has its closing quote, or the bytes their end. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let end = start + 1;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === QUOTE) return end;
    if (byte === BACKSLASH) end++;
  }
  return bytes.length;
}
