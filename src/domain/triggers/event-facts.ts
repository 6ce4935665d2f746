/**
 * What is kept of an event for the messages and the `if` of its trigger, as JSON in the shape of the
 * edge (money in units): bounded, as a wait keeps it inside the profile for as long as it lasts.
 */
import type { Event, Item } from '../event.ts';
import { EVENT_NAMES, eventScope, parseProperties } from '../event-scope.ts';
import { toUnits, type NameType } from '../expression.ts';
import type { CompiledTrigger } from './plan.ts';

const FACT_ITEMS_MAX = 3;
const TEXT_LENGTH_MAX = 200;

/** What an `if` may use of the event that began a wait. */
export const FACT_NAMES: ReadonlyMap<string, NameType> = new Map(
  [...EVENT_NAMES].filter(([name]) => !['event.items', 'event.properties'].includes(name)),
);

const ITEM_FIELDS = ['sku', 'name', 'category', 'brand', 'variant', 'quantity', 'price'];
/** What a message may say of the event, besides its properties. */
export const FACT_VARIABLES: ReadonlySet<string> = new Set([
  ...[...FACT_NAMES.keys()].filter((name) => name !== 'event'),
  ...Array.from({ length: FACT_ITEMS_MAX }, (_, index) =>
    ITEM_FIELDS.map((field) => `event.items.${index}.${field}`),
  ).flat(),
]);
const PROPERTY_VARIABLE = /^event\.properties\.([a-zA-Z_][a-zA-Z0-9_]{0,62})$/;

/** `level` for `event.properties.level`. */
export const propertyOfVariable = (name: string): string | undefined =>
  PROPERTY_VARIABLE.exec(name)?.[1];

/** To be written as JSON, which leaves out what is undefined: all have one shape, which is fast. */
export type EventFacts = ReturnType<typeof eventFacts>;

/** `properties` are the names of those that are asked for. */
export const eventFacts = (event: Event, properties: readonly string[]) => ({
  id: event.id,
  type: event.type,
  source: event.source,
  at: event.at,
  store: cut(event.store),
  channel: cut(event.channel),
  campaign: cut(event.campaign),
  checkout: cut(event.checkout),
  cart: event.cart === undefined ? undefined : { id: event.cart },
  order: event.order === undefined ? undefined : orderFacts(event.order),
  items: event.items.length === 0 ? undefined : event.items.slice(0, FACT_ITEMS_MAX).map(itemFacts),
  properties: properties.length === 0 ? undefined : propertyFacts(event, properties),
});

/** An event as the triggers look at it: what its expressions see is made once, and only if asked. */
export interface SeenEvent<E extends Event = Event> {
  readonly event: E;
  /** Read through `scopeOfSeen`. */
  scope: object | undefined;
}

export const seen = <E extends Event>(event: E): SeenEvent<E> => ({ event, scope: undefined });

export const scopeOfSeen = (met: SeenEvent): object => (met.scope ??= eventScope(met.event));

/** What is absent does not meet a condition. */
export const meetsWhere = ({ where }: CompiledTrigger, met: SeenEvent): boolean =>
  where === null || where.evaluate({ event: scopeOfSeen(met) }) === true;

const orderFacts = ({ id, total, discount, currency, coupons }: NonNullable<Event['order']>) => ({
  id,
  total: toUnits(total),
  discount: toUnits(discount),
  gross: toUnits(total + discount),
  currency,
  coupons: coupons.slice(0, FACT_ITEMS_MAX),
});

const itemFacts = ({ sku, name, category, brand, variant, quantity, price }: Item) => ({
  sku: cut(sku),
  name: cut(name),
  category: cut(category),
  brand: cut(brand),
  variant: cut(variant),
  quantity,
  price: toUnits(price),
});

function propertyFacts(event: Event, names: readonly string[]): object {
  const values = parseProperties(event.properties);
  const facts = Object.create(null) as Record<string, unknown>;
  for (const name of names) {
    const value = values[name];
    if (typeof value === 'string') facts[name] = cut(value);
    if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value;
  }
  return facts;
}

/** By whole characters. */
const cut = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= TEXT_LENGTH_MAX
    ? text
    : `${Array.from(text)
        .slice(0, TEXT_LENGTH_MAX - 1)
        .join('')}…`;
