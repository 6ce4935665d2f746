/**
 * Any text as rows of cells, in the batches it comes in. Nothing is too broken: a quote that does not
 * open and close a whole cell is part of the text, so that one stray quote costs a cell and not the
 * rest of the file. Written by hand for that, and for speed: csv-parse looks at every byte.
 */
export type Cells = readonly string[];

/** A quoted cell may hold lines; beyond this its quote is taken for text. */
const RECORD_CHARS_MAX = 1024 * 1024;

/** Blank rows are left out. */
export async function* csvCells(
  text: AsyncIterable<string>,
  delimiter: string,
): AsyncIterable<readonly Cells[]> {
  let rest = '';
  let newline = '';
  for await (const piece of text) {
    rest += piece;
    newline ||= newlineOf(rest);
    if (newline === '') continue;
    const scan = scanRows(rest, { delimiter, newline, isLast: false });
    rest = rest.slice(scan.end);
    yield scan.rows;
  }
  yield scanRows(rest, { delimiter, newline: newline || '\n', isLast: true }).rows;
}

/** `\r` alone is what a Macintosh once wrote; '': not known yet. */
function newlineOf(text: string): string {
  if (text.includes('\n')) return '\n';
  return text.indexOf('\r') < text.length - 1 && text.includes('\r') ? '\r' : '';
}

interface Shape {
  readonly delimiter: string;
  readonly newline: string;
  /** Nothing follows: the last row needs no end. */
  readonly isLast: boolean;
}

/** `end`: where the first row begins that is not whole yet. */
function scanRows(text: string, shape: Shape): { readonly rows: Cells[]; readonly end: number } {
  const rows: Cells[] = [];
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf(shape.newline, start);
    if (found < 0 && !shape.isLast && text.length - start <= RECORD_CHARS_MAX) break;
    const lineEnd = found < 0 ? text.length : found;
    const line = text.slice(start, text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd);
    let end = lineEnd + shape.newline.length;
    let cells: string[];
    if (line.includes('"')) {
      const record = scanQuoted(text, start, shape);
      if (record === null) break;
      cells = record.cells;
      end = record.end;
    } else cells = line.split(shape.delimiter);
    if (cells[0]?.trim() !== '' || cells.some((cell) => cell.trim() !== '')) rows.push(cells);
    start = end;
  }
  return { rows, end: start };
}

/** null: its end is still to come. */
function scanQuoted(
  text: string,
  start: number,
  shape: Shape,
): { readonly cells: string[]; readonly end: number } | null {
  const { delimiter, newline } = shape;
  const isWhole = shape.isLast || text.length - start > RECORD_CHARS_MAX;
  const cells: string[] = [];
  let at = start;
  for (;;) {
    const close = text[at] === '"' ? closingQuote(text, at, { ...shape, isLast: isWhole }) : NONE;
    if (close === UNKNOWN) return null;
    let end = close + 1;
    if (close === NONE) {
      end = endOfCell(text, at, shape);
      if (end === text.length && !isWhole) return null;
      cells.push(text.slice(at, end > at && text[end - 1] === '\r' ? end - 1 : end));
    } else {
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
      if (newline === '\n' && text[end] === '\r') end += 1;
    }
    if (!text.startsWith(delimiter, end)) return { cells, end: end + newline.length };
    at = end + delimiter.length;
  }
}

const NONE = -1;
/** More text has to come before it can be told. */
const UNKNOWN = -2;
/** A closing quote is known by what follows it: another quote, a delimiter, an end of line. */
const FOLLOWING_CHARS = 6;

/** Where the quote that opens a cell at `at` closes it; NONE if it does not. */
function closingQuote(text: string, at: number, { delimiter, newline, isLast }: Shape): number {
  let close = text.indexOf('"', at + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (!isLast && (close < 0 || text.length - close < FOLLOWING_CHARS)) return UNKNOWN;
  if (close < 0 || close - at > RECORD_CHARS_MAX) return NONE;
  const after = newline === '\n' && text[close + 1] === '\r' ? close + 2 : close + 1;
  const isClosed =
    after === text.length || text.startsWith(delimiter, after) || text.startsWith(newline, after);
  return isClosed ? close : NONE;
}

function endOfCell(text: string, at: number, { delimiter, newline }: Shape): number {
  const nextLine = text.indexOf(newline, at);
  const end = nextLine < 0 ? text.length : nextLine;
  const next = text.indexOf(delimiter, at);
  return next < 0 || next > end ? end : next;
}
