/**
 * The rows of one event as canonical events: one, or two where sales and returns share a receipt. A
 * fault in any row makes all of them one dead letter, as an order that lacks a row is another order.
 */
import {
  bodyParts,
  firstOf,
  noteEmpty,
  noteUnknown,
  readAt,
  readIdentifiers,
  readOrder,
  readProperties,
  type BodyParts,
  type MutableBody,
} from './csv-map-body.ts';
import type { Columns, Row } from './csv-map-columns.ts';
import type { CsvMap } from './csv-map-definition.ts';
import { createLineReader, type Line, type RowReading } from './csv-map-lines.ts';

export type CsvOutcome =
  | { readonly kind: 'event'; readonly at: number; readonly body: MutableBody }
  | { readonly kind: 'skipped'; readonly reason: string; readonly rows: number }
  | { readonly kind: 'dead'; readonly reason: string; readonly rows: readonly Row[] };

/** `rows`: at least one. */
export type EventsOf = (rows: readonly Row[]) => readonly CsvOutcome[];

export function createEventReader(map: CsvMap, columns: Columns): EventsOf {
  const lineOf = createLineReader(map, columns);
  const parts = bodyParts(map, columns);
  const width = columns.header.length;
  return (rows) => {
    const reading: RowReading = { fault: null };
    const lines: Line[] = [];
    for (const row of rows) {
      if (row.length > width) checkWidth(reading, row, width);
      lines.push(lineOf(reading, row));
    }
    const groups = groupsOf(parts, reading, lines);
    const outcomes = groups.map((group) => readEvent(parts, reading, group));
    if (outcomes.length > 1) tellApart(outcomes, groups);
    return reading.fault === null ? outcomes : [{ kind: 'dead', reason: reading.fault, rows }];
  };
}

/** A delimiter or a quote too many moves every cell behind it into another column. */
function checkWidth(reading: RowReading, row: Row, width: number): void {
  if (row.slice(width).every((cell) => cell.trim() === '')) return;
  reading.fault ??= `a row has ${row.length} cells, the header ${width}`;
}

interface Group {
  readonly type: string;
  readonly isReturn: boolean;
  readonly lines: readonly Line[];
  /** Also those of the other groups: a receipt may name its shopper on one row only. */
  readonly known: readonly Line[];
}

/** Lines of one type and direction; nearly always there is but one such group. */
function groupsOf(parts: BodyParts, reading: RowReading, lines: readonly Line[]): readonly Group[] {
  const isBack = isOrderNegative(parts, reading, lines);
  const groups = new Map<string, { type: string; isReturn: boolean; lines: Line[] }>();
  let last = lines.find(({ type }) => type !== '')?.type ?? '';
  for (const line of lines) {
    if (line.type !== '') last = line.type;
    const isReturn = line.isReturn || isBack;
    const type = isReturn && SALES.has(last) ? 'order_refunded' : last;
    const key = isReturn ? `-${type}` : type;
    const group = groups.get(key);
    if (group) group.lines.push(line);
    else groups.set(key, { type, isReturn, lines: [line] });
  }
  checkDirections(parts, reading, lines, isBack);
  const all = [...groups.values()];
  if (all.length === 1) return all.map((group) => ({ ...group, known: lines }));
  return all.map((group) => ({ ...group, known: [...group.lines, ...lines] }));
}

const SALES = new Set(['order_paid', 'order_created']);

function isOrderNegative(parts: BodyParts, reading: RowReading, lines: readonly Line[]): boolean {
  const total = parts.order?.total;
  return total ? lines.some(({ row }) => (total(reading, row) ?? 0) < 0) : false;
}

function checkDirections(
  { map, order }: BodyParts,
  reading: RowReading,
  lines: readonly Line[],
  isBack: boolean,
): void {
  const returns = lines.filter(({ isReturn }) => isReturn).length;
  if ((returns > 0 || isBack) && !map.hasRefunds) {
    reading.fault ??= 'an amount or a quantity is negative: refunds: true makes it order_refunded';
  }
  if (returns === 0 || returns === lines.length) return;
  const isShared = lines.some(
    ({ row }) =>
      (order?.total?.(reading, row) ?? null) !== null ||
      (order?.discount?.(reading, row) ?? 0) !== 0,
  );
  if (isShared) {
    reading.fault ??= "sales and returns share one total: map the rows' own with { sum: … }";
  }
}

/** Two events of the same rows must not have one id. */
function tellApart(outcomes: readonly CsvOutcome[], groups: readonly Group[]): void {
  let sales = 0;
  for (const [index, outcome] of outcomes.entries()) {
    const group = groups[index];
    if (outcome.kind !== 'event' || !group || group.isReturn) continue;
    const id = outcome.body['id'];
    if (sales > 0 && typeof id === 'string') outcome.body['id'] = `${id}:${group.type}`;
    sales += 1;
  }
}

function readEvent(parts: BodyParts, reading: RowReading, group: Group): CsvOutcome {
  const { lines, known, isReturn } = group;
  const identifiers = readIdentifiers(parts, reading, known);
  if (identifiers.length === 0) {
    return { kind: 'skipped', reason: 'no identifier', rows: lines.length };
  }
  const body: MutableBody = {};
  const id = parts.id === null ? null : firstOf(known, parts.id);
  if (id !== null) body['id'] = isReturn ? `${id}:refund` : id;
  if (id === '') noteEmpty(reading, parts.map.id);
  const source = firstOf(known, parts.source);
  if (source === '') noteUnknown(reading, 'source', parts.map.source);
  if (group.type === '') noteUnknown(reading, 'type', parts.map.type);
  const at = readAt(parts, reading, known);
  body['source'] = source;
  body['type'] = group.type;
  body['at'] = at;
  body['identifiers'] = identifiers;
  if (parts.order) body['order'] = readOrder(parts.order, reading, { lines, known });
  if (parts.map.items.kind !== 'none') body['items'] = lines.flatMap(({ items }) => items);
  for (const [name, cell] of parts.texts) {
    const text = firstOf(known, cell);
    if (text !== '') body[name] = name === 'cart' || name === 'checkout' ? { id: text } : text;
  }
  if (parts.properties.length > 0) body['properties'] = readProperties(parts, reading, known);
  return { kind: 'event', at, body };
}
