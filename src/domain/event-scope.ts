/**
 * An event as expressions see it, under the name `event`: the canonical JSON of the edge, money in
 * currency units, what is absent left out. Nothing is made before it is asked for: a condition reads
 * one field or two.
 */
import type { Event, Item, Order } from './event.ts';
import { LazyFields } from './expression/node.ts';
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

export const eventScope = (event: Event): LazyFields => new EventScope(event);

class EventScope extends LazyFields {
  readonly names = FIELDS;
  private readonly event: Event;
  private items: readonly Bare[] | undefined = undefined;
  private properties: Readonly<Bare> | undefined = undefined;

  constructor(event: Event) {
    super();
    this.event = event;
  }

  field(name: string): unknown {
    const { event } = this;
    switch (name) {
      case 'id':
      case 'type':
      case 'source':
      case 'at':
      case 'store':
      case 'channel':
      case 'campaign':
      case 'checkout':
        return event[name];
      case 'cart':
        return event.cart === undefined ? undefined : { id: event.cart };
      case 'order':
        return event.order === undefined ? undefined : orderScope(event.order);
      case 'items':
        return (this.items ??= event.items.map(itemScope));
      case 'properties':
        return (this.properties ??= parseProperties(event.properties));
      default:
        return undefined;
    }
  }
}

const FIELDS: readonly string[] = [
  'id',
  'type',
  'source',
  'at',
  'store',
  'channel',
  'campaign',
  'checkout',
  'cart',
  'order',
  'items',
  'properties',
];

const orderScope = ({ id, total, discount, currency, coupons }: Order): object => ({
  id,
  total: toUnits(total),
  discount: toUnits(discount),
  gross: toUnits(total + discount),
  currency,
  coupons,
});

const itemScope = ({ price, ...rest }: Item): Bare => bare({ ...rest, price: toUnits(price) });

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
