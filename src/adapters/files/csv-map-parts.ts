/** The parts of a map that are objects or lists: identifiers, order, items, properties, skips. */
import {
  fault,
  isList,
  readChoice,
  readEntry,
  readFlag,
  report,
  type Entry,
} from '../../domain/catalogue/entry.ts';
import { IDENTIFIER_TYPES } from '../../domain/identity/identifier.ts';
import { P0 } from '../../domain/identity/policy.ts';
import type {
  CsvColumns,
  CsvIdentifier,
  CsvItem,
  CsvItems,
  CsvNamedText,
  CsvOrder,
  CsvProperty,
  CsvSkip,
  MoneyUnit,
} from './csv-map-definition.ts';
import {
  JOINER,
  columnOf,
  readAmount,
  readColumns,
  readOwnColumns,
  readText,
  readWord,
  scalar,
  type MapReading,
} from './csv-map-texts.ts';

const LIST_MAX = 200;

export function readIdentifiers(
  reading: MapReading,
  entry: Entry,
): readonly CsvIdentifier[] | undefined {
  const known = ['type', 'column', 'first', 'prefix', 'values', 'scope', 'verified'];
  const list = readEntries(reading, entry, 'identifiers', known);
  if (list.length === 0) {
    const message = 'The map needs identifiers: a list of { type: member, column: … }.';
    return fault(entry, entry.fields.has('identifiers') ? 'identifiers' : null, message);
  }
  const read = list.map((one): CsvIdentifier | undefined => {
    const type = readChoice(one, 'type', IDENTIFIER_TYPES);
    if (!one.fields.has('type')) fault(one, null, 'An identifier needs a type, such as phone.');
    const value = readOwnColumns(reading, one, JOINER.id);
    const scope = readWord(reading, one, 'scope') ?? null;
    const isVerified = readFlag(one, 'verified', false);
    const rule = type && P0.types[type].scope;
    if (rule === 'required' && scope === null) {
      fault(
        one,
        null,
        `A ${type} needs a scope: the app, or the platform and shop, it belongs to.`,
      );
    }
    if (rule === 'none' && scope !== null) fault(one, 'scope', `A ${type} has no scope.`);
    return type && value && { type, value, scope, isVerified };
  });
  return read.every((one) => one !== undefined) ? read : undefined;
}

export function readOrder(reading: MapReading, entry: Entry): CsvOrder | null {
  const known = ['id', 'total', 'discount', 'coupons', 'currency', 'unit'];
  const order = readPart(reading, entry, 'order', known);
  if (!order) return null;
  return {
    id: readColumns(reading, order, 'id', JOINER.id) ?? null,
    total: readAmount(reading, order, 'total') ?? null,
    discount: readAmount(reading, order, 'discount') ?? null,
    coupons: readColumns(reading, order, 'coupons') ?? null,
    currency: readText(reading, order, 'currency') ?? null,
    unit: readUnit(order) ?? 'yuan',
  };
}

const UNITS: readonly MoneyUnit[] = ['yuan', 'fen'];
const readUnit = (entry: Entry): MoneyUnit | undefined => readChoice(entry, 'unit', UNITS);

const ITEM_TEXTS = ['name', 'category', 'brand', 'variant'];
const ITEM_FIELDS = ['sku', ...ITEM_TEXTS, 'quantity', 'price', 'amount'];

export function readItems(
  reading: MapReading,
  entry: Entry,
  order: CsvOrder | null,
): { readonly items: CsvItems; readonly isAnywhere: boolean } {
  const unit = order?.unit ?? 'yuan';
  const value = entry.fields.get('items');
  if (value !== undefined && isList(value)) {
    const list = readEntries(reading, entry, 'items', ITEM_FIELDS).map((one) =>
      readItem(reading, one),
    );
    const read = list.filter((one) => one !== undefined);
    return { items: { kind: 'columns', key: null, list: read, unit }, isAnywhere: false };
  }
  const known = [...ITEM_FIELDS, 'by', 'anywhere', 'unit'];
  const items = readPart(reading, entry, 'items', known);
  const item = items && readItem(reading, items);
  if (!items || !item) {
    return { items: { kind: 'none', key: null, list: [], unit }, isAnywhere: false };
  }
  const key: CsvColumns | null = readColumns(reading, items, 'by', JOINER.id) ?? order?.id ?? null;
  const isAnywhere = readFlag(items, 'anywhere', false);
  if (isAnywhere && key === null) {
    fault(
      items,
      'anywhere',
      "To gather rows, name the column they share: 'by', or the order's id.",
    );
  }
  const read = { kind: 'rows', key, list: [item], unit: readUnit(items) ?? unit } as const;
  return { items: read, isAnywhere };
}

function readItem(reading: MapReading, entry: Entry): CsvItem | undefined {
  const sku = readColumns(reading, entry, 'sku', JOINER.id);
  if (!entry.fields.has('sku')) fault(entry, null, 'Items need a sku: the column of the article.');
  if (entry.fields.has('price') && entry.fields.has('amount')) {
    fault(entry, 'amount', "Give 'price' (of one piece) or 'amount' (of all), not both.");
  }
  const rest = {
    texts: ITEM_TEXTS.flatMap((name) => {
      const text = readText(reading, entry, name, name === 'category' ? JOINER.path : JOINER.text);
      return text ? [{ name, text }] : [];
    }),
    quantity: readColumns(reading, entry, 'quantity') ?? null,
    price: readColumns(reading, entry, 'price') ?? null,
    amount: readColumns(reading, entry, 'amount') ?? null,
  };
  return sku && { sku, ...rest };
}

export const readNamedTexts = (
  reading: MapReading,
  entry: Entry,
  names: readonly string[],
): readonly CsvNamedText[] =>
  names.flatMap((name) => {
    const text = readText(reading, entry, name, JOINER.id);
    return text ? [{ name, text }] : [];
  });

const BARRED = new Set(['__proto__', 'constructor', 'prototype', '']);

/** `COLUMN: name`, or `COLUMN: { name: …, as: number }`. */
export function readProperties(reading: MapReading, entry: Entry): readonly CsvProperty[] {
  const value = entry.fields.get('properties');
  if (value === undefined) return [];
  const what = "'properties'";
  const part = readEntry(value, { path: [...entry.path, 'properties'], what }, reading.problems);
  const names = new Set<string>();
  return [...(part?.fields ?? [])].slice(0, LIST_MAX).flatMap(([column, target]) => {
    const path = [...entry.path, 'properties', column];
    const object = scalar(target) === undefined;
    const known = ['name', 'as'];
    const one = object
      ? readEntry(target, { path, what: 'A property', known }, reading.problems)
      : undefined;
    const name = scalar(object ? one?.fields.get('name') : target);
    const kind = one && readChoice(one, 'as', ['text', 'number']);
    if (name === undefined || BARRED.has(name) || names.has(name)) {
      const message = 'A property needs a name of its own: COLUMN: name.';
      report(reading.problems, path, message);
      return [];
    }
    names.add(name);
    const columns = [columnOf(reading, column, path)];
    const text = { kind: 'columns', columns, joiner: '', prefix: '', values: null } as const;
    return [{ name, text, isNumber: kind === 'number' }];
  });
}

/** Rules are tried in their order, on every row, before anything else is read of it. */
export function readSkips(reading: MapReading, entry: Entry): readonly CsvSkip[] {
  const known = ['column', 'empty', 'equals', 'in', 'not_in', 'reason'];
  return readEntries(reading, entry, 'skip', known).flatMap((rule) => {
    const name = scalar(rule.fields.get('column'));
    if (name === undefined || name === '') {
      fault(rule, null, 'A rule of skip needs a column.');
      return [];
    }
    const tests = ['empty', 'equals', 'in', 'not_in'].filter((test) => rule.fields.has(test));
    const test = tests[0];
    if (test === undefined || tests.length > 1) {
      fault(rule, null, 'A rule of skip needs one of: empty, equals, in, not_in.');
      return [];
    }
    const cells = test === 'empty' ? [] : readCells(rule, test);
    const isEmpty = test === 'empty' ? readFlag(rule, 'empty', true) : null;
    return [
      {
        column: columnOf(reading, name, [...rule.path, 'column']),
        isEmpty,
        cells: new Set(cells),
        isNegated: test === 'not_in',
        reason: scalar(rule.fields.get('reason')) ?? reasonOf(name, test, isEmpty, cells),
      },
    ];
  });
}

function readCells(rule: Entry, test: string): readonly string[] {
  const value = rule.fields.get(test);
  const list = value !== undefined && isList(value) ? value : [value];
  const cells = list.map(scalar).filter((cell) => cell !== undefined);
  if (cells.length === list.length && cells.length > 0) return cells;
  fault(rule, test, `'${test}' must be text${test === 'equals' ? '' : ', or a list of texts'}.`);
  return [];
}

function reasonOf(
  column: string,
  test: string,
  isEmpty: boolean | null,
  cells: readonly string[],
): string {
  if (isEmpty !== null) return `${column} is ${isEmpty ? 'empty' : 'filled'}`;
  return `${column} is ${test === 'not_in' ? 'not ' : ''}${cells.join(', ')}`;
}

function readPart(
  reading: MapReading,
  entry: Entry,
  field: string,
  known: readonly string[],
): Entry | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const path = [...entry.path, field];
  return readEntry(value, { path, what: `'${field}'`, known }, reading.problems);
}

function readEntries(
  reading: MapReading,
  entry: Entry,
  field: string,
  known: readonly string[],
): readonly Entry[] {
  const value = entry.fields.get(field);
  if (value === undefined) return [];
  if (!isList(value) || value.length > LIST_MAX) {
    fault(entry, field, `'${field}' must be a list, of at most ${LIST_MAX}.`);
    return [];
  }
  return value.flatMap((each, index) => {
    const path = [...entry.path, field, index];
    const one = readEntry(each, { path, what: `An entry of '${field}'`, known }, reading.problems);
    return one ? [one] : [];
  });
}
