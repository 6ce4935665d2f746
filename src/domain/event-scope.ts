/**
 * An event as expressions see it, under the name `event`: the canonical JSON of the edge, money in
 * currency units, what is absent left out. Objects have no prototype; `properties` is parsed when
 * it is first asked for.
 */
import type { Event, Item, Order } from './event.ts';
import { toUnits, type NameType } from './expression.ts';

/** To be spread into the names of an expression that may speak of `event`. */
export const EVENT_NAMES: ReadonlyMap<string, NameType> = new Map<string, NameType>([
  ['event', 'object'],
  ['event.id', 'string'],
  ['event.type', 'string'],
  ['event.source', 'string'],
  ['event.at', 'number'],
  ['event.store', 'string'],
  ['event.channel', 'string'],
  ['event.campaign', 'string'],
  ['event.checkout', 'string'],
  ['event.cart.id', 'string'],
  ['event.order.id', 'string'],
  ['event.order.total', 'number'],
  ['event.order.discount', 'number'],
  ['event.order.gross', 'number'],
  ['event.order.currency', 'string'],
  ['event.order.coupons', 'list'],
  ['event.items', 'list'],
  ['event.properties', 'object'],
]);

type Bare = Record<string, unknown>;

export function eventScope(event: Event): Readonly<Bare> {
  const scope = Object.create(null) as Bare;
  scope['id'] = event.id;
  scope['type'] = event.type;
  scope['source'] = event.source;
  scope['at'] = event.at;
  if (event.store !== undefined) scope['store'] = event.store;
  if (event.channel !== undefined) scope['channel'] = event.channel;
  if (event.campaign !== undefined) scope['campaign'] = event.campaign;
  if (event.checkout !== undefined) scope['checkout'] = event.checkout;
  if (event.cart !== undefined) scope['cart'] = bare({ id: event.cart });
  if (event.order !== undefined) scope['order'] = orderScope(event.order);
  let items: readonly Bare[] | undefined;
  lazily(scope, 'items', () => (items ??= event.items.map(itemScope)));
  let properties: unknown;
  lazily(scope, 'properties', () => (properties ??= parseProperties(event.properties)));
  return scope;
}

function orderScope({ id, total, discount, currency, coupons }: Order): Bare {
  const units = { total: toUnits(total), discount: toUnits(discount) };
  return bare({ id, ...units, gross: toUnits(total + discount), currency, coupons });
}

const itemScope = ({ price, ...rest }: Item): Bare => bare({ ...rest, price: toUnits(price) });

function lazily(scope: Bare, name: string, get: () => unknown): void {
  Object.defineProperty(scope, name, { enumerable: true, get });
}

/** Anything but an object is no properties. */
export function parseProperties(text: string): Readonly<Bare> {
  if (text === '' || text === '{}') return bare({});
  const parsed: unknown = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? bare(value) : value,
  );
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return isObject ? (parsed as Bare) : bare({});
}

function bare(fields: object): Bare {
  const object: Bare = Object.assign(Object.create(null) as Bare, fields);
  for (const name of Object.keys(object)) if (object[name] === undefined) delete object[name];
  return object;
}
