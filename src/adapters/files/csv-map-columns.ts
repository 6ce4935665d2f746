/**
 * The columns of a map in the table at hand: which row is the header, and how each text of the map is
 * taken from a row. A column that is not there is an error that says which there are.
 */
import { nearestName } from '../../domain/nearest-name.ts';
import { WeftError } from '../../errors.ts';
import type { Cells } from './csv-cells.ts';
import type { CsvColumn, CsvMap, CsvText } from './csv-map-definition.ts';

export type Row = Cells;

/** Trimmed; '' where there is nothing. */
export type ReadCell = (row: Row) => string;

/** Titles and dates may stand above the header. */
export const HEADER_ROWS_MAX = 20;
const HEADERS_SHOWN = 60;

export interface Columns {
  readonly header: Row;
  cell(column: CsvColumn): ReadCell;
  /** A table of values knows every cell, or answers ''; else it leaves unknown ones as they are. */
  word(text: CsvText): ReadCell;
  /** Of several columns those that are filled. */
  text(text: CsvText): ReadCell;
  /** Of several columns all, or nothing: parts of an id. */
  id(text: CsvText): ReadCell;
}

/** Of the first rows the one that has all columns named; -1: none has. */
export const headerAmong = (map: CsvMap, rows: readonly Row[]): number =>
  rows.slice(0, HEADER_ROWS_MAX).findIndex((row) => {
    const places = placesOf(row);
    return columnsIn(map).every(({ name }) => places.has(name));
  });

/** Of a row found by `headerAmong`. */
export function bindColumns(map: CsvMap, header: Row): Columns {
  const places = placesOf(header);
  const cell = ({ name }: CsvColumn): ReadCell => {
    const place = places.get(name) ?? -1;
    return (row) => clean(row[place], map.empty);
  };
  const bind = (text: CsvText, rules: { isWhole: boolean; isStrict: boolean }): ReadCell => {
    if (text.kind === 'fixed') return () => text.value;
    const raw = joined(text.columns.map(cell), rules.isWhole, text.joiner);
    const { values, prefix } = text;
    if (values === null && prefix === '') return raw;
    return (row) => {
      const found = raw(row);
      const meant = values === null ? found : (values.get(found) ?? (rules.isStrict ? '' : found));
      return meant === '' ? '' : prefix + meant;
    };
  };
  return {
    header: header.map((name) => name.trim()),
    cell,
    word: (text) => bind(text, { isWhole: true, isStrict: true }),
    text: (text) => bind(text, { isWhole: false, isStrict: false }),
    id: (text) => bind(text, { isWhole: true, isStrict: false }),
  };
}

function joined(cells: readonly ReadCell[], isWhole: boolean, joiner: string | null): ReadCell {
  const [first] = cells;
  if (first !== undefined && cells.length === 1) return first;
  if (joiner === null) {
    return (row) => {
      for (const cell of cells) {
        const text = cell(row);
        if (text !== '') return text;
      }
      return '';
    };
  }
  return (row) => {
    const texts = cells.map((cell) => cell(row));
    const filled = texts.filter((text) => text !== '');
    return isWhole && filled.length < texts.length ? '' : filled.join(joiner);
  };
}

const EQUALS = 61;
const APOSTROPHE = 39;

/** Also takes off what keeps Excel from changing a number: `="00123"`, `'00123`, a tab behind it. */
function clean(cell: string | undefined, empty: ReadonlySet<string>): string {
  if (cell === undefined || cell === '') return '';
  let text = cell.trim();
  const first = text.charCodeAt(0);
  if (first === EQUALS && text.startsWith('="') && text.endsWith('"')) {
    text = text.slice(2, -1).trim();
  } else if (first === APOSTROPHE && /^'\d/.test(text)) text = text.slice(1);
  return empty.has(text) ? '' : text;
}

/** Where a name stands twice, each can be called `name#1`, `name#2`, and the bare name is nobody's. */
function placesOf(header: Row): ReadonlyMap<string, number> {
  const all = new Map<string, number[]>();
  for (const [place, name] of header.entries()) {
    const trimmed = name.trim();
    if (trimmed !== '') all.set(trimmed, [...(all.get(trimmed) ?? []), place]);
  }
  const places = new Map<string, number>();
  for (const [name, found] of all) {
    if (found.length === 1) places.set(name, found[0] ?? -1);
    else for (const [index, place] of found.entries()) places.set(`${name}#${index + 1}`, place);
  }
  return places;
}

/** Why none of the first rows is the header. `textIn`: how the file begins, read in an encoding. */
export async function noHeader(
  map: CsvMap,
  file: { readonly path: string; readonly textIn: (encoding: string) => Promise<string> },
  rows: readonly Row[],
): Promise<WeftError> {
  const needed = columnsIn(map);
  const missingIn = (row: Row): readonly CsvColumn[] => {
    const places = placesOf(row);
    return needed.filter(({ name }) => !places.has(name));
  };
  const nearest = rows.toSorted((a, b) => missingIn(a).length - missingIn(b).length)[0];
  if (nearest === undefined) return new WeftError('invalid_usage', `${file.path} has no rows`);
  const names = [...placesOf(nearest).keys()];
  const faults = missingIn(nearest).map(
    ({ name, line }) =>
      `${map.file}:${line}: there is no column '${name}'.${hintOf(name, names, needed)}`,
  );
  const shown = names.slice(0, HEADERS_SHOWN).map((name) => (isValue(name) ? '(a value)' : name));
  const lines = [
    ...faults,
    `${file.path} has: ${shown.join(', ')}${names.length > HEADERS_SHOWN ? ', …' : ''}`,
    ...(await encodingHint(map, needed, file.textIn)),
    ...delimiterHints(map, nearest),
  ];
  return new WeftError('invalid_usage', `the map does not fit the file:\n  ${lines.join('\n  ')}`, {
    details: { faults },
  });
}

function hintOf(name: string, names: readonly string[], needed: readonly CsvColumn[]): string {
  if (names.includes(`${name}#2`)) {
    return ` It stands there more than once: write '${name}#1' or '${name}#2'.`;
  }
  const free = names.filter(
    (one) => !isValue(one) && !needed.some((column) => column.name === one),
  );
  const near = nearestName(name, free);
  return near === undefined ? '' : ` Did you mean '${near}'?`;
}

/** A table without header would show its first shopper. */
const isValue = (name: string): boolean => /@|\d{6}/.test(name) || name.length > 80;

const ENCODINGS = ['utf8', 'gb18030', 'utf16le', 'big5'];

async function encodingHint(
  map: CsvMap,
  needed: readonly CsvColumn[],
  textIn: (encoding: string) => Promise<string>,
): Promise<readonly string[]> {
  const holdsAll = async (encoding: string): Promise<boolean> => {
    const text = await textIn(encoding);
    return needed.every(({ name }) => text.includes(bare(name)));
  };
  if (await holdsAll(map.encoding)) return [];
  for (const encoding of ENCODINGS) {
    if (await holdsAll(encoding)) return [`Its text is ${encoding}: write encoding: ${encoding}.`];
  }
  return [];
}

const DELIMITERS = { ',': "','", ';': "';'", '\t': 'tab', '|': "'|'" };

function delimiterHints({ delimiter: current }: CsvMap, header: Row): readonly string[] {
  if (header.length > 1) return [];
  return Object.entries(DELIMITERS)
    .filter(([delimiter]) => delimiter !== current && header[0]?.includes(delimiter) === true)
    .map(([, name]) => `If ${name} stands between its cells, write delimiter: ${name}.`);
}

const bare = (name: string): string => name.replace(/#\d+$/, '');

function columnsIn(map: CsvMap): readonly CsvColumn[] {
  const texts: (CsvText | null | undefined)[] = [
    map.type,
    map.source,
    map.at.text,
    map.id,
    map.order?.id,
    map.order?.total?.text,
    map.order?.discount?.text,
    map.order?.coupons,
    map.order?.currency,
    map.items.key,
    ...map.identifiers.flatMap(({ value, scope }) => [value, scope]),
    ...map.items.list.flatMap(({ sku, texts: more, quantity, price, amount }) => [
      sku,
      ...more.map(({ text }) => text),
      quantity,
      price,
      amount,
    ]),
    ...[...map.texts, ...map.properties].map(({ text }) => text),
  ];
  const columns = texts.flatMap((text) => (text?.kind === 'columns' ? text.columns : []));
  return unique([...columns, ...map.skip.map(({ column }) => column)]);
}

const unique = (columns: readonly CsvColumn[]): readonly CsvColumn[] =>
  [...new Map(columns.toReversed().map((column) => [column.name, column])).values()].toReversed();
