/**
 * The small words of a map: which column or columns, or which fixed value, a text is taken from. The
 * forms are the same wherever a map names a text.
 */
import { fault, isList, readEntry, report, type Entry } from '../../domain/catalogue/entry.ts';
import type { Json } from '../../domain/event.ts';
import type { CsvAmount, CsvColumn, CsvColumns, CsvText } from './csv-map-definition.ts';

/** Where problems are collected, and where a path of the map lies. */
export interface MapReading {
  readonly problems: Entry['problems'];
  lineOf(path: readonly (string | number)[]): number;
}

/** `''` between a receipt's parts would let `1` + `23` and `12` + `3` be one. */
export const JOINER = { text: ' ', id: '-', path: '/' } as const;
const COLUMNS_MAX = 20;

const FORMS = 'a column, a list of columns, or { column: …, values: …, prefix: … }';

/** One or more columns; undefined if there are none, or they are not understood. */
export function readColumns(
  reading: MapReading,
  entry: Entry,
  field: string,
  joiner: string = JOINER.text,
): CsvColumns | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const path = [...entry.path, field];
  if (!isObject(value))
    return columnsOf(reading, value, path, { joiner, prefix: '', values: null });
  if (Object.hasOwn(value, 'value')) {
    return fault(entry, field, `'${field}' must come from a column, not be fixed.`);
  }
  return readColumnObject(reading, value, { path, joiner });
}

/** The fields of an object that name its columns. */
const COLUMN_FIELDS = ['column', 'first', 'values', 'prefix'] as const;

/** As `readColumns`, of an entry that names its columns among fields of its own. */
export function readOwnColumns(
  reading: MapReading,
  entry: Entry,
  joiner: string,
): CsvColumns | undefined {
  const own = COLUMN_FIELDS.filter((field) => entry.fields.has(field));
  const fields = own.map((field) => [field, entry.fields.get(field) ?? null] as const);
  return readColumnObject(reading, Object.fromEntries(fields), { path: entry.path, joiner });
}

/** As `readColumns`, or `{ value: … }`: the same for every row. */
export function readText(
  reading: MapReading,
  entry: Entry,
  field: string,
  joiner?: string,
): CsvText | undefined {
  const value = entry.fields.get(field);
  if (!isObject(value) || !Object.hasOwn(value, 'value')) {
    return readColumns(reading, entry, field, joiner);
  }
  const path = [...entry.path, field];
  const fixed = readEntry(value, { path, what: `'${field}'`, known: ['value'] }, reading.problems);
  const text = scalar(fixed?.fields.get('value'));
  if (text === undefined) return fault(entry, field, `The value of '${field}' must be text.`);
  return { kind: 'fixed', value: text };
}

/** A word of Weft's own: plain text is the word itself, only an object names a column. */
export function readWord(reading: MapReading, entry: Entry, field: string): CsvText | undefined {
  const value = entry.fields.get(field);
  const text = scalar(value);
  return text === undefined ? readText(reading, entry, field) : { kind: 'fixed', value: text };
}

/** `COLUMN`, the same on all rows of an order, or `{ sum: COLUMN }`. */
export function readAmount(
  reading: MapReading,
  entry: Entry,
  field: string,
): CsvAmount | undefined {
  const value = entry.fields.get(field);
  if (!isObject(value) || COLUMN_FIELDS.some((name) => Object.hasOwn(value, name))) {
    const text = readColumns(reading, entry, field);
    return text && { text, isSum: false };
  }
  const path = [...entry.path, field];
  const sum = readEntry(value, { path, what: `'${field}'`, known: ['sum'] }, reading.problems);
  const text = sum && readColumns(reading, sum, 'sum');
  if (sum?.fields.has('sum') === false) fault(sum, null, `'${field}' needs a column, or a sum.`);
  return text && { text, isSum: true };
}

export const columnOf = (
  reading: MapReading,
  name: string,
  path: readonly (string | number)[],
): CsvColumn => ({ name: name.trim(), line: reading.lineOf(path) });

/** Text, or a number or a truth that YAML made of what was meant as text. */
export function scalar(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function readColumnObject(
  reading: MapReading,
  value: Json,
  { path, joiner }: { readonly path: Entry['path']; readonly joiner: string },
): CsvColumns | undefined {
  const name = path.at(-1);
  const what = typeof name === 'string' ? `'${name}'` : 'This';
  const known = COLUMN_FIELDS;
  const entry = readEntry(value, { path, what, known }, reading.problems);
  if (!entry) return undefined;
  const [column, first] = [entry.fields.get('column'), entry.fields.get('first')];
  if ((column === undefined) === (first === undefined)) {
    return fault(entry, null, `${what} needs a column, or first: a list of columns.`);
  }
  const prefix = scalar(entry.fields.get('prefix') ?? '');
  if (prefix === undefined) fault(entry, 'prefix', "'prefix' must be text.");
  const from = column === undefined ? 'first' : 'column';
  return columnsOf(reading, column ?? first, [...path, from], {
    joiner: column === undefined ? null : joiner,
    prefix: prefix ?? '',
    values: readValues(entry),
  });
}

function columnsOf(
  reading: MapReading,
  value: Json | undefined,
  path: readonly (string | number)[],
  rest: Pick<CsvColumns, 'joiner' | 'prefix' | 'values'>,
): CsvColumns | undefined {
  const list = value !== undefined && isList(value) ? value : [value];
  const names = list.map(scalar).filter((name) => name !== undefined && name !== '');
  if (names.length !== list.length || list.length === 0 || list.length > COLUMNS_MAX) {
    return report(reading.problems, path, `This must be ${FORMS}.`);
  }
  const columns = names.map((name, index) =>
    columnOf(reading, String(name), list === value ? [...path, index] : path),
  );
  return { kind: 'columns', columns, ...rest };
}

function readValues(entry: Entry): ReadonlyMap<string, string> | null {
  const value = entry.fields.get('values');
  if (value === undefined) return null;
  const values = new Map<string, string>();
  for (const [cell, meaning] of isObject(value) ? Object.entries(value) : []) {
    const text = scalar(meaning);
    if (text !== undefined) values.set(cell.trim(), text);
  }
  if (isObject(value) && values.size === Object.keys(value).length && values.size > 0) {
    return values;
  }
  fault(entry, 'values', "'values' must be a table of texts: { 销售: order_paid, … }.");
  return null;
}

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !isList(value);
