/**
 * The fields of an event that windows are made of. Inside, every number is an integer: money in fen,
 * moments in ms, other numbers in thousandths, so that sums are exact and their order is of no
 * account.
 */
import type { Item, Order } from '../event.ts';
import { clamp } from './cells.ts';
import { propertyOf, type Occurrence } from './occurrence.ts';

/** `any`: a property, of which only the value tells. */
export type FieldKind = 'money' | 'number' | 'moment' | 'text' | 'any';

type Raw = number | string | undefined;

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Of the event; null for a field of its items. */
  readonly ofEvent: ((occurrence: Occurrence) => Raw) | null;
  readonly ofItem: ((item: Item) => Raw) | null;
}

/** A longer text is taken for none: it would be kept in the profile. */
export const TEXT_LENGTH_MAX = 200;

const THOUSANDTHS = 1_000;
/** One event cannot claim more; keeps any honest sum far from inexact. */
const NUMBER_MAX = 1e14;

const ofEvent = (
  name: string,
  kind: FieldKind,
  read: (occurrence: Occurrence) => Raw,
): [string, Field] => [name, { name, kind, ofEvent: read, ofItem: null }];

const ofOrder = (name: string, kind: FieldKind, read: (order: Order) => Raw): [string, Field] =>
  ofEvent(name, kind, ({ event }) => (event.order === undefined ? undefined : read(event.order)));

const ofItem = (name: string, kind: FieldKind, read: (item: Item) => Raw): [string, Field] => [
  name,
  { name, kind, ofEvent: null, ofItem: read },
];

const FIELDS: ReadonlyMap<string, Field> = new Map([
  ofEvent('id', 'text', ({ event }) => event.id),
  ofEvent('type', 'text', ({ event }) => event.type),
  ofEvent('source', 'text', ({ event }) => event.source),
  ofEvent('at', 'moment', ({ event }) => event.at),
  ofEvent('store', 'text', ({ event }) => event.store),
  ofEvent('channel', 'text', ({ event }) => event.channel),
  ofEvent('campaign', 'text', ({ event }) => event.campaign),
  ofEvent('cart.id', 'text', ({ event }) => event.cart),
  ofEvent('checkout.id', 'text', ({ event }) => event.checkout),
  ofOrder('order.id', 'text', (order) => order.id),
  ofOrder('order.total', 'money', (order) => order.total),
  ofOrder('order.discount', 'money', (order) => order.discount),
  ofOrder('order.gross', 'money', (order) => order.total + order.discount),
  ofOrder('order.currency', 'text', (order) => order.currency),
  ofItem('items.sku', 'text', (item) => item.sku),
  ofItem('items.name', 'text', (item) => item.name),
  ofItem('items.category', 'text', (item) => item.category),
  ofItem('items.brand', 'text', (item) => item.brand),
  ofItem('items.variant', 'text', (item) => item.variant),
  ofItem('items.quantity', 'number', (item) => item.quantity),
  ofItem('items.price', 'money', (item) => item.price),
  ofItem('items.amount', 'money', amountOf),
]);

const PROPERTY = /^properties\.([\p{L}_$][\p{L}\p{N}_$ -]{0,62})$/u;

export const FIELD_NAMES: readonly string[] = [...FIELDS.keys(), 'properties.<name>'];

export function findField(name: string): Field | undefined {
  const property = PROPERTY.exec(name)?.[1];
  if (property === undefined) return FIELDS.get(name);
  const read = (occurrence: Occurrence): Raw => scalarOf(propertyOf(occurrence, property));
  return { name, kind: 'any', ofEvent: read, ofItem: null };
}

/** Fen. */
export function amountOf({ quantity, price }: Item): number {
  return Math.round(quantity * price);
}

/** An integer of the field's kind, summed over the items; undefined if there is none. */
export function numberOf(field: Field, occurrence: Occurrence): number | undefined {
  if (field.ofEvent !== null) return toInteger(field, field.ofEvent(occurrence));
  let sum: number | undefined;
  for (const item of occurrence.event.items) {
    const number = numberOfItem(field, item);
    if (number !== undefined) sum = (sum ?? 0) + number;
  }
  return sum;
}

export const numberOfItem = (field: Field, item: Item): number | undefined =>
  toInteger(field, field.ofItem?.(item));

/** Every text of the field, with the item it stands in. */
export function eachText(
  field: Field,
  occurrence: Occurrence,
  visit: (text: string, item: Item | undefined) => void,
): void {
  if (field.ofEvent !== null) {
    const text = toText(field.ofEvent(occurrence));
    if (text !== undefined) visit(text, undefined);
    return;
  }
  for (const item of occurrence.event.items) {
    const text = toText(field.ofItem?.(item));
    if (text !== undefined) visit(text, item);
  }
}

export function textOf(field: Field, occurrence: Occurrence): string | undefined {
  if (field.ofEvent !== null) return toText(field.ofEvent(occurrence));
  for (const item of occurrence.event.items) {
    const text = toText(field.ofItem?.(item));
    if (text !== undefined) return text;
  }
  return undefined;
}

function toInteger({ kind }: Field, raw: Raw): number | undefined {
  if (typeof raw !== 'number' || !Number.isFinite(raw)) return undefined;
  const whole = kind === 'money' || kind === 'moment' ? raw : Math.round(raw * THOUSANDTHS);
  return Math.abs(whole) <= NUMBER_MAX ? clamp(Math.round(whole)) : undefined;
}

function toText(raw: Raw): string | undefined {
  const text = typeof raw === 'number' ? String(raw) : raw;
  return text === undefined || text === '' || text.length > TEXT_LENGTH_MAX ? undefined : text;
}

function scalarOf(value: unknown): Raw {
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'number' || typeof value === 'string' ? value : undefined;
}
