/**
 * One row of a table as a line of its event: type, items, its own amounts, and whether it was sold or
 * came back. Quantities and totals lose their sign here: what came back says so by its event's type.
 */
import type { JsonObject } from '../../domain/event.ts';
import { createMoneyReader, createNumberReader, type NumberReader } from './csv-map-amount.ts';
import type { Columns, ReadCell, Row } from './csv-map-columns.ts';
import type { CsvAmount, CsvColumns, CsvItem, CsvMap } from './csv-map-definition.ts';

export interface Line {
  readonly row: Row;
  /** '' where the row says none: an order's first row may speak for all. */
  readonly type: string;
  readonly isReturn: boolean;
  readonly items: readonly JsonObject[];
  /** Fen, of amounts that rows add up to, without sign; null where there is none. */
  readonly total: number | null;
  /** With the sign the file gives it: some write what is taken off as negative, and corrections. */
  readonly discount: number | null;
}

/** The first thing found wrong with the rows of an event: the name of a column, never a value. */
export interface RowReading {
  fault: string | null;
}

export type LineReader = (reading: RowReading, row: Row) => Line;

/** null: the cell is empty, or noted as no amount. */
export type AmountReader = (reading: RowReading, row: Row) => number | null;

export function createLineReader(map: CsvMap, columns: Columns): LineReader {
  const { order, items } = map;
  const typeOf = columns.word(map.type);
  const itemReaders = items.list.map((item) => itemReader(map, columns, item));
  const total = sumReader(map, columns, order?.total ?? null);
  const discount = sumReader(map, columns, order?.discount ?? null);
  return (reading, row) => {
    const signs = { out: false, back: false };
    const read: JsonObject[] = [];
    for (const itemOf of itemReaders) {
      const item = itemOf(reading, row, signs);
      if (item !== null) read.push(item);
    }
    if (signs.back && signs.out) reading.fault ??= 'a row holds sales and returns';
    const ownTotal = total(reading, row);
    return {
      row,
      type: typeOf(row),
      isReturn: signs.back || (ownTotal ?? 0) < 0,
      items: read,
      total: absolute(ownTotal),
      discount: discount(reading, row),
    };
  };
}

export const absolute = (amount: number | null): number | null =>
  amount === null ? null : Math.abs(amount);

/** Columns that are named together are added up, too. */
function sumReader(map: CsvMap, columns: Columns, amount: CsvAmount | null): AmountReader {
  if (amount?.isSum !== true) return () => null;
  const readers = amount.text.columns.map((column) =>
    amountReader(map, columns, { ...amount, text: { ...amount.text, columns: [column] } }),
  );
  return (reading, row) => {
    let sum: number | null = null;
    for (const read of readers) {
      const each = read(reading, row);
      if (each !== null) sum = (sum ?? 0) + each;
    }
    return sum;
  };
}

/** Fen. */
export function amountReader(map: CsvMap, columns: Columns, amount: CsvAmount): AmountReader {
  const money = createMoneyReader(map.order?.unit ?? 'yuan', map.decimal);
  return numberCell(columns, amount.text, money, 'no amount of money');
}

function numberCell(
  columns: Columns,
  text: CsvColumns | null,
  read: NumberReader,
  otherwise: string,
): AmountReader {
  if (text === null) return () => null;
  const cell = columns.text(text);
  const fault = `${nameOf(text)} is ${otherwise}`;
  return (reading, row) => {
    const written = cell(row);
    if (written === '') return null;
    const number = read(written);
    if (number === null) reading.fault ??= fault;
    return number;
  };
}

export const nameOf = ({ columns, joiner }: CsvColumns): string =>
  columns.map(({ name }) => name).join(joiner === null ? ' or ' : ' and ');

type ItemReader = (
  reading: RowReading,
  row: Row,
  signs: { out: boolean; back: boolean },
) => JsonObject | null;

function itemReader(map: CsvMap, columns: Columns, item: CsvItem): ItemReader {
  const money = createMoneyReader(map.items.unit, map.decimal);
  const number = createNumberReader(map.decimal);
  const sku = columns.id(item.sku);
  const texts = item.texts.map(({ name, text }) => [name, columns.text(text)] as const);
  const quantity = numberCell(columns, item.quantity, number, 'no number');
  const price = numberCell(columns, item.price, money, 'no amount of money');
  const amount = numberCell(columns, item.amount, money, 'no amount of money');
  const noSku = `${nameOf(item.sku)} is empty`;
  const belowZero = item.price === null ? '' : `${nameOf(item.price)} is negative`;
  const isOptional = map.items.kind === 'columns';
  return (reading, row, signs) => {
    const id = sku(row);
    if (id === '') {
      if (!isOptional) reading.fault ??= noSku;
      return null;
    }
    checkId(reading, id, item.sku);
    const read: { [name: string]: string | number } = { sku: id };
    const pieces = quantity(reading, row);
    const unitPrice = price(reading, row);
    const all = amount(reading, row);
    if (unitPrice !== null && unitPrice < 0) reading.fault ??= belowZero;
    if ((pieces ?? 0) < 0 || (all ?? 0) < 0) signs.back = true;
    else signs.out = true;
    for (const [name, cell] of texts) putText(read, name, cell, row);
    if (pieces !== null) read['quantity'] = Math.abs(pieces);
    const each = unitPrice ?? (all === null ? null : priceOf(Math.abs(all), Math.abs(pieces ?? 1)));
    if (each !== null) read['price'] = each / 100;
    return read;
  };
}

function putText(
  item: { [name: string]: string | number },
  name: string,
  cell: ReadCell,
  row: Row,
): void {
  const text = cell(row);
  if (text !== '') item[name] = text;
}

const priceOf = (fen: number, pieces: number): number =>
  pieces === 0 ? fen : Math.round(fen / pieces);

/** Spreadsheets write long numbers as 1.38E+10: many shoppers would become one. */
const ROUNDED = /^\d(?:\.\d+)?E\+\d+$/i;

export function checkId(reading: RowReading, id: string, from: CsvColumns): void {
  if (id.includes('\uFFFD')) {
    reading.fault ??= `${nameOf(from)} holds bytes that are no text: is the encoding right?`;
  } else if (id.includes('+') && ROUNDED.test(id)) {
    reading.fault ??= `${nameOf(from)} was rounded by a spreadsheet: export it as text`;
  }
}
