/**
 * Readers of the parts of canonical JSON that are objects or lists of objects: identifiers, order,
 * items, cart, checkout. An identifier that points at nobody is no fault here (identity.md 2.2);
 * one that is no identifier at all is. What else an identifier's sender says of it is not kept.
 */
import type { Item, Json, Order, SentIdentifier } from './event.ts';
import {
  isObject,
  keepExtra,
  kindOf,
  readExtras,
  readFlag,
  readId,
  readMoney,
  readText,
  toId,
} from './event-fields.ts';
import type { Bare } from './event-fields.ts';
import { checkJson, fault } from './event-limits.ts';
import type { Reading } from './event-limits.ts';
import { toDecimal } from './money.ts';

const QUANTITY_MAX = 1e9;

export function readIdentifiers(reading: Reading, body: Bare): readonly SentIdentifier[] {
  const list = body['identifiers'] ?? [];
  const pointer = '/identifiers';
  const sent: SentIdentifier[] = [];
  if (!Array.isArray(list)) {
    fault(reading, pointer, `must be a list of { type, value }, not ${kindOf(list)}`);
    return sent;
  }
  if (list.length === 0) {
    fault(reading, pointer, 'name at least one { type, value }', 'missing_identifier');
  }
  if (!fits(reading, list, reading.limits.identifiersMax, pointer)) return sent;
  for (let index = 0; index < list.length; index++) {
    const one = readIdentifier(reading, list[index], `${pointer}/${index}`);
    if (one !== undefined) sent.push(one);
  }
  return sent;
}

function readIdentifier(
  reading: Reading,
  object: unknown,
  pointer: string,
): SentIdentifier | undefined {
  if (!isObject(object)) {
    return fault(reading, pointer, `must be an object { type, value }, not ${kindOf(object)}`);
  }
  readExtras(reading, 'identifier', object, pointer);
  const type = object['type'];
  if (typeof type !== 'string' || !checkJson(reading, type, 3, `${pointer}/type`)) {
    return fault(reading, `${pointer}/type`, 'must name the type, such as "phone" or "member"');
  }
  // A value that was undefined to its sender is not written by JSON.stringify.
  const value: unknown = object['value'] ?? null;
  const scope = readScope(reading, object, pointer);
  const verified = readFlag(reading, object, 'verified', pointer);
  const virtual = readFlag(reading, object, 'virtual', pointer);
  if (!checkJson(reading, value, 3, `${pointer}/value`)) return undefined;
  return { type, scope, value, verified, virtual };
}

/** Blank counts as missing, which is not for the parser to judge. */
function readScope(reading: Reading, object: Bare, pointer: string): string | undefined {
  const scope = object['scope'];
  return typeof scope === 'number' && Number.isSafeInteger(scope)
    ? String(scope)
    : readText(reading, object, 'scope', pointer);
}

export interface OrderContext {
  /** Of orders that name none. */
  readonly currency: string;
  /** Of orders that name none: a till without receipt numbers. One event is then one order. */
  readonly id: string;
  readonly items: readonly Item[];
}

export function readOrder(reading: Reading, body: Bare, context: OrderContext) {
  const order = readPart(reading, body, 'order');
  if (order === undefined) return undefined;
  const discount = readMoney(reading, order, 'discount', '/order') ?? 0;
  return {
    id: readId(reading, order, 'id', '/order') ?? context.id,
    total: readMoney(reading, order, 'total', '/order') ?? itemsTotal(context.items, discount),
    discount,
    currency: readCurrency(reading, order) ?? context.currency,
    coupons: readCoupons(reading, order),
  } satisfies Order;
}

/** What the items cost, less the discount: the total where none is sent. */
export function itemsTotal(items: readonly Item[], discount: number): number {
  let total = -discount;
  for (const { price, quantity } of items) total += Math.round(price * quantity);
  return Math.max(0, total);
}

function readCurrency(reading: Reading, order: Bare): string | undefined {
  const currency = order['currency'];
  if (currency === undefined || currency === null) return undefined;
  if (typeof currency === 'string' && /^[A-Za-z]{3}$/.test(currency)) return currency.toUpperCase();
  return fault(reading, '/order/currency', 'must be three letters, such as "CNY"');
}

const NO_COUPONS: readonly string[] = [];

function readCoupons(reading: Reading, order: Bare): readonly string[] {
  const list = order['coupons'] ?? NO_COUPONS;
  const pointer = '/order/coupons';
  if (!Array.isArray(list)) {
    fault(reading, pointer, `must be a list of codes, not ${kindOf(list)}`);
    return NO_COUPONS;
  }
  if (list.length === 0 || !fits(reading, list, reading.limits.itemsMax, pointer))
    return NO_COUPONS;
  const coupons: string[] = [];
  for (let index = 0; index < list.length; index++) {
    const code = toId(reading, list[index], pointer, index);
    if (code !== undefined) coupons.push(code);
  }
  return coupons;
}

const NO_ITEMS: readonly Item[] = [];

export function readItems(reading: Reading, body: Bare): readonly Item[] {
  const list = body['items'] ?? NO_ITEMS;
  if (!Array.isArray(list)) {
    fault(reading, '/items', `must be a list of { sku, quantity, price }, not ${kindOf(list)}`);
    return NO_ITEMS;
  }
  if (list.length === 0 || !fits(reading, list, reading.limits.itemsMax, '/items')) return NO_ITEMS;
  const items: Item[] = [];
  let own: Json[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const object: unknown = list[index];
    const pointer = `/items/${index}`;
    if (!isObject(object)) {
      fault(reading, pointer, `must be an object { sku, quantity, price }, not ${kindOf(object)}`);
      continue;
    }
    const more = readExtras(reading, 'item', object, pointer);
    if (more !== undefined) (own ??= list.map(() => ({})))[index] = more;
    items.push(readItem(reading, object, pointer));
  }
  if (own !== undefined) keepExtra(reading, 'items', own);
  return items;
}

function readItem(reading: Reading, object: Bare, pointer: string): Item {
  const sku = readId(reading, object, 'sku', pointer);
  if (sku === undefined && (object['sku'] ?? null) === null) {
    fault(reading, `${pointer}/sku`, 'is missing: every item needs its SKU');
  }
  const quantity = readQuantity(reading, object, pointer);
  const price = readMoney(reading, object, 'price', pointer) ?? 0;
  return {
    sku: sku ?? '',
    name: readText(reading, object, 'name', pointer),
    category: readText(reading, object, 'category', pointer),
    brand: readText(reading, object, 'brand', pointer),
    variant: readText(reading, object, 'variant', pointer),
    quantity,
    price,
  };
}

function readQuantity(reading: Reading, object: Bare, pointer: string): number {
  const value = object['quantity'];
  if (value === undefined || value === null) return 1;
  const quantity = toDecimal(value);
  if (quantity !== undefined && quantity >= 0 && quantity <= QUANTITY_MAX) return quantity;
  const message =
    quantity !== undefined && quantity < 0
      ? 'is negative: send what came back as an `order_refunded` with positive quantities'
      : 'must be a number of pieces or a weight, at most 10^9';
  fault(reading, `${pointer}/quantity`, message);
  return 1;
}

/** The id of a cart or a checkout. */
export function readPartId(
  reading: Reading,
  body: Bare,
  part: 'cart' | 'checkout',
): string | undefined {
  const object = readPart(reading, body, part);
  if (object === undefined) return undefined;
  const id = readId(reading, object, 'id', `/${part}`);
  if (id === undefined && (object['id'] ?? null) === null) {
    fault(reading, `/${part}/id`, `is missing: a ${part} is known by its id`);
  }
  return id;
}

function readPart(
  reading: Reading,
  body: Bare,
  part: 'order' | 'cart' | 'checkout',
): Bare | undefined {
  const object = body[part];
  if (object === undefined || object === null) return undefined;
  if (!isObject(object)) {
    return fault(reading, `/${part}`, `must be an object { id }, not ${kindOf(object)}`);
  }
  const more = readExtras(reading, part, object, `/${part}`);
  if (more !== undefined) keepExtra(reading, part, more);
  return object;
}

function fits(reading: Reading, list: readonly unknown[], max: number, pointer: string): boolean {
  if (list.length <= max) return true;
  fault(reading, pointer, `has ${list.length} entries of at most ${max}`, 'event_too_large');
  return false;
}
