/**
 * The fields of a canonical body, each from the first row that says something: a map's columns and
 * fixed values, bound to a table, and what is read with them.
 */
import type { Json, JsonObject } from '../../domain/event.ts';
import { createNumberReader, type NumberReader } from './csv-map-amount.ts';
import type { Columns, ReadCell } from './csv-map-columns.ts';
import type { CsvColumns, CsvMap, CsvOrder, CsvText } from './csv-map-definition.ts';
import {
  absolute,
  amountReader,
  checkId,
  nameOf,
  type AmountReader,
  type Line,
  type RowReading,
} from './csv-map-lines.ts';
import { createTimeReader } from './csv-map-time.ts';

export type MutableBody = { [name: string]: Json };

/** What the parts of a body are read with: of rows, the first that says something counts. */
export interface BodyParts {
  readonly map: CsvMap;
  readonly source: ReadCell;
  readonly at: ReadCell;
  readonly timeOf: (text: string) => number | null;
  readonly id: ReadCell | null;
  readonly identifiers: readonly IdentifierPart[];
  readonly order: OrderPart | null;
  readonly texts: readonly (readonly [string, ReadCell])[];
  readonly properties: readonly PropertyPart[];
  readonly numberOf: NumberReader;
}

interface IdentifierPart {
  readonly type: string;
  readonly from: CsvColumns;
  readonly value: ReadCell;
  readonly scope: ReadCell | null;
  readonly isVerified: boolean;
}

export interface OrderPart {
  readonly order: CsvOrder;
  readonly id: ReadCell | null;
  /** Of amounts that stand on all rows of an order; null: rows add up to it, or there is none. */
  readonly total: AmountReader | null;
  readonly discount: AmountReader | null;
  readonly coupons: ReadCell | null;
  readonly currency: ReadCell | null;
}

interface PropertyPart {
  readonly name: string;
  readonly from: CsvText;
  readonly cell: ReadCell;
  readonly isNumber: boolean;
}

export function bodyParts(map: CsvMap, columns: Columns): BodyParts {
  const { order } = map;
  const ofText = (text: CsvText | null): ReadCell | null => (text ? columns.text(text) : null);
  const ofId = (text: CsvText | null): ReadCell | null => (text ? columns.id(text) : null);
  const shared = (name: 'total' | 'discount'): AmountReader | null => {
    const amount = order?.[name];
    return amount && !amount.isSum ? amountReader(map, columns, amount) : null;
  };
  return {
    map,
    source: columns.word(map.source),
    at: columns.id(map.at.text),
    timeOf: createTimeReader(map.at),
    id: ofId(map.id),
    identifiers: map.identifiers.map(({ type, value, scope, isVerified }) => ({
      type,
      from: value,
      value: columns.id(value),
      scope: ofText(scope),
      isVerified,
    })),
    order: order && {
      order,
      id: ofId(order.id),
      total: shared('total'),
      discount: shared('discount'),
      coupons: ofText(order.coupons),
      currency: ofText(order.currency),
    },
    texts: map.texts.map(({ name, text }) => [name, columns.text(text)] as const),
    properties: map.properties.map(({ name, text, isNumber }) => ({
      name,
      from: text,
      cell: columns.text(text),
      isNumber,
    })),
    numberOf: createNumberReader(map.decimal),
  };
}

export function firstOf(lines: readonly Line[], cell: ReadCell): string {
  for (const { row } of lines) {
    const text = cell(row);
    if (text !== '') return text;
  }
  return '';
}

export function noteEmpty(reading: RowReading, from: CsvText | null): void {
  if (from?.kind === 'columns') reading.fault ??= `${nameOf(from)} is empty`;
}

export function noteUnknown(reading: RowReading, what: string, from: CsvText): void {
  if (from.kind !== 'columns') return;
  const where = nameOf(from);
  reading.fault ??= from.values
    ? `${where} is none of the values of '${what}' in the map`
    : `${where} is empty`;
}

export function readAt(
  { map, at, timeOf }: BodyParts,
  reading: RowReading,
  lines: readonly Line[],
): number {
  const text = firstOf(lines, at);
  const moment = text === '' ? null : timeOf(text);
  if (moment !== null) return moment;
  const name = nameOf(map.at.text);
  const form = map.at.format === 'iso' ? 'ISO 8601 with its zone' : map.at.format;
  reading.fault ??= text === '' ? `${name} is empty` : `${name} is no time written as ${form}`;
  return 0;
}

export function readIdentifiers(
  { identifiers }: BodyParts,
  reading: RowReading,
  lines: readonly Line[],
): readonly JsonObject[] {
  const read: JsonObject[] = [];
  for (const { type, from, value, scope, isVerified } of identifiers) {
    const text = firstOf(lines, value);
    if (text === '') continue;
    checkId(reading, text, from);
    const ofScope = scope === null ? '' : firstOf(lines, scope);
    read.push({
      type,
      ...(ofScope === '' ? {} : { scope: ofScope }),
      value: text,
      ...(isVerified ? { verified: true } : {}),
    });
  }
  return read;
}

/** The rows that are the order's own, and those that may say something about it. */
interface OfOrder {
  readonly lines: readonly Line[];
  readonly known: readonly Line[];
}

export function readOrder(
  part: OrderPart,
  reading: RowReading,
  { lines, known }: OfOrder,
): JsonObject {
  const order: MutableBody = {};
  if (part.id !== null && part.order.id !== null) {
    const id = firstOf(known, part.id);
    if (id === '') noteEmpty(reading, part.order.id);
    checkId(reading, id, part.order.id);
    order['id'] = id;
  }
  const total = part.total
    ? sharedAmount(part.total, reading, { lines, from: part.order.total?.text })
    : sumOf(lines.map((line) => line.total));
  const discount = part.discount
    ? sharedAmount(part.discount, reading, { lines, from: part.order.discount?.text })
    : absolute(sumOf(lines.map((line) => line.discount)));
  if (total !== null) order['total'] = total / 100;
  if (discount !== null) order['discount'] = discount / 100;
  const currency = part.currency === null ? '' : firstOf(known, part.currency);
  if (currency !== '') order['currency'] = currency;
  if (part.coupons !== null) {
    const codes = lines.flatMap(({ row }) => part.coupons?.(row).split(/[,;|，；、]/) ?? []);
    const filled = codes.map((code) => code.trim()).filter((code) => code !== '');
    if (filled.length > 0) order['coupons'] = [...new Set(filled)];
  }
  return order;
}

/** An amount of the whole order, without its sign: on each row that has it, it must be the same. */
function sharedAmount(
  read: AmountReader,
  reading: RowReading,
  of: { readonly lines: readonly Line[]; readonly from: CsvColumns | undefined },
): number | null {
  let shared: number | null = null;
  for (const { row } of of.lines) {
    const amount = absolute(read(reading, row));
    if (amount === null) continue;
    if (shared !== null && shared !== amount && of.from) {
      const name = nameOf(of.from);
      reading.fault ??= `${name} differs between the rows of one order: are they to be added up, { sum: ${name} }?`;
    }
    shared ??= amount;
  }
  return shared;
}

const sumOf = (amounts: readonly (number | null)[]): number | null =>
  amounts.reduce((sum, amount) => (amount === null ? sum : (sum ?? 0) + amount), null);

export function readProperties(
  { properties, numberOf }: BodyParts,
  reading: RowReading,
  lines: readonly Line[],
): JsonObject {
  const read = Object.create(null) as MutableBody;
  for (const { name, from, cell, isNumber } of properties) {
    const text = firstOf(lines, cell);
    if (text === '') continue;
    const value = isNumber ? numberOf(text) : text;
    if (value !== null) read[name] = value;
    else if (from.kind === 'columns') reading.fault ??= `${nameOf(from)} is no number`;
  }
  return read;
}
