/**
 * The texts of a JSON list's elements, as they were sent: numbers keep their digits, and nothing is
 * written anew. Only for text that JSON.parse took; then brackets, commas and strings are enough.
 */
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** `[` and `{` differ in one bit, and so do `]` and `}`. */
const BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** `text` is a valid JSON list. */
export function elementTexts(text: string): readonly string[] {
  const texts: string[] = [];
  let depth = 0;
  let start = text.indexOf('[') + 1;
  for (let i = start; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) i = endOfString(text, i);
    else if ((unit | BIT) === OPEN) depth++;
    else if ((unit | BIT) === CLOSE) depth--;
    const isEnd = depth === -1;
    if (!isEnd && (depth !== 0 || unit !== COMMA)) continue;
    const element = text.slice(start, i).trim();
    // Only an empty list has an empty element.
    if (element !== '') texts.push(element);
    if (isEnd) break;
    start = i + 1;
  }
  return texts;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, place: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(place - 1 - backslashes) === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}
