/**
 * A JSON list as the texts of its elements, before any of them is parsed: each can be judged alone
 * by its size and depth, and what is accepted keeps its digits. The elements are valid JSON, and the
 * list is, exactly when each of them is and the list is closed.
 */
export interface ListElement {
  /** With the blanks around it. */
  readonly text: string;
  /** Where it begins in the list's text. */
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
const CLOSE_LIST = 0x5d;
/** `[` and `{` differ in one bit, and so do `]` and `}`. */
const BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

export const isList = (text: string): boolean => /^[\t\n\r ]*\[/.test(text);

/** `text` begins like a list. */
export function splitList(text: string, elementsMax: number): JsonList {
  const elements: ListElement[] = [];
  let depth = 0;
  let deepest = 0;
  let start = text.indexOf('[') + 1;
  for (let i = start; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) i = endOfString(text, i);
    else if ((unit | BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((unit | BIT) === CLOSE) depth--;
    const isEnd = depth === -1;
    if (!isEnd && (depth !== 0 || unit !== COMMA)) continue;
    elements.push({ text: text.slice(start, i), start, depth: deepest });
    if (isEnd) return { elements: withoutNone(elements), isClosed: isAtEnd(text, i) };
    if (elements.length > elementsMax) return { elements, isClosed: true };
    start = i + 1;
    deepest = 0;
  }
  return { elements, isClosed: false };
}

/** How deep the objects and lists of any text lie inside one another. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) i = endOfString(text, i);
    else if ((unit | BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((unit | BIT) === CLOSE) depth--;
  }
  return deepest;
}

/** An empty list looks like one with an empty element. */
const withoutNone = (elements: readonly ListElement[]): readonly ListElement[] =>
  elements.length === 1 && isBlank(elements[0]?.text ?? '') ? [] : elements;

const isAtEnd = (text: string, place: number): boolean =>
  text.charCodeAt(place) === CLOSE_LIST && isBlank(text.slice(place + 1));

/** The four blanks of JSON. */
const isBlank = (text: string): boolean => /^[\t\n\r ]*$/.test(text);

/** Where the string that begins at `start` has its closing quote, or the text its end. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, place: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(place - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
