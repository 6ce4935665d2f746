/**
 * The canonical event straight from the bytes of a request, where they are plain (plain-json.ts) and
 * the event is sound, as most are. It is the very event that `parseEvent` makes of the same text, for
 * a third of the price (a test holds the two together). Where it might be another, undefined:
 * `parseEvent` is asked.
 */
import { SOURCES } from '../domain/event.ts';
import type { EventFlag, Item, Order, SentEvent, SentIdentifier, Source } from '../domain/event.ts';
import { newReading } from '../domain/event-limits.ts';
import type { EventLimits } from '../domain/event-limits.ts';
import { itemsTotal } from '../domain/event-parts.ts';
import { parseMoment } from '../domain/moment.ts';
import { AHEAD_MAX_MS, byOurClock, isTypeName, propertiesText } from '../domain/parse-event.ts';
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  OPEN_LIST,
  OPEN_OBJECT,
  PlainJson,
  knownNames,
} from './plain-json.ts';

export interface PlainContext {
  readonly tenant: string;
  readonly receivedAt: number;
  readonly currency: string;
  readonly limits: EventLimits;
}

const NAME = {
  id: 1 << 0,
  source: 1 << 1,
  type: 1 << 2,
  at: 1 << 3,
  sentAt: 1 << 4,
  identifiers: 1 << 5,
  order: 1 << 6,
  items: 1 << 7,
  cart: 1 << 8,
  checkout: 1 << 9,
  store: 1 << 10,
  channel: 1 << 11,
  campaign: 1 << 12,
  properties: 1 << 13,
  scope: 1 << 14,
  value: 1 << 15,
  verified: 1 << 16,
  virtual: 1 << 17,
  total: 1 << 18,
  discount: 1 << 19,
  currency: 1 << 20,
  coupons: 1 << 21,
  sku: 1 << 22,
  name: 1 << 23,
  category: 1 << 24,
  brand: 1 << 25,
  variant: 1 << 26,
  quantity: 1 << 27,
  price: 1 << 28,
} as const;
const NAMES = knownNames(NAME);

/** Of objects and lists around the fields of an identifier. */
const PARTS_DEPTH = 3;
const NO_FLAGS: readonly EventFlag[] = [];
const NO_IDENTIFIERS: readonly SentIdentifier[] = [];
const NO_ITEMS: readonly Item[] = [];
const NO_COUPONS: readonly string[] = [];
const CURRENCY = /^[A-Za-z]{3}$/;
const CURRENCY_LETTERS = 3;
const MOMENT_BYTES_MAX = 40;

/** For all: nothing is read while something else is. */
const json = new PlainJson();

/** Where the event ended that was read last. */
export const plainEnd = (): number => json.at;

export function readPlainEvent(
  bytes: Buffer,
  start: number,
  { tenant, receivedAt, currency, limits }: PlainContext,
): SentEvent | undefined {
  const { idCharsMax, stringBytesMax } = limits;
  if (limits.depthMax < PARTS_DEPTH) return undefined;
  let id: string | undefined;
  let source: Source | undefined;
  let type = '';
  let claimed: number | undefined;
  let sentAt: number | undefined;
  let sent = NO_IDENTIFIERS;
  let items = NO_ITEMS;
  let order: PlainOrder | undefined;
  let cart: string | undefined;
  let checkout: string | undefined;
  let store: string | undefined;
  let channel: string | undefined;
  let campaign: string | undefined;
  let properties = '{}';
  let seen = 0;
  json.from(bytes, start);
  json.open(OPEN_OBJECT);
  do {
    const name = json.name(NAMES, seen);
    seen |= name;
    if (name === NAME.id) id = json.newText(idCharsMax);
    else if (name === NAME.source) source = sourceOf(json.text(stringBytesMax));
    else if (name === NAME.type) type = json.text(stringBytesMax);
    else if (name === NAME.at) claimed = readMoment();
    else if (name === NAME.identifiers) sent = readIdentifiers(limits);
    else if (name === NAME.items) items = readItems(limits);
    else if (name === NAME.channel) channel = json.trimmedText(idCharsMax);
    else if (name === NAME.cart) cart = readPart(idCharsMax);
    else if (name === NAME.order) order = readOrder(limits);
    else if (name === NAME.properties) properties = readProperties(limits);
    else if (name === NAME.store) store = json.trimmedText(idCharsMax);
    else if (name === NAME.sentAt) sentAt = readMoment();
    else if (name === NAME.campaign) campaign = json.text(stringBytesMax);
    else if (name === NAME.checkout) checkout = readPart(idCharsMax);
    else json.fail();
  } while (json.goesOn(CLOSE_OBJECT));
  if (json.failed || json.at - start > limits.bytesMax || json.names > limits.keysMax) {
    return undefined;
  }
  const at = claimed === undefined ? receivedAt : byOurClock(claimed, sentAt, receivedAt);
  if (at < 0 || at > receivedAt + AHEAD_MAX_MS) return undefined;
  if (id === undefined || source === undefined || sent.length === 0 || !isTypeName(type)) {
    return undefined;
  }
  // The keys of `parseEvent`, in its order: events are of one shape.
  return {
    tenant,
    id,
    source,
    type,
    at,
    receivedAt,
    order: order && withDefaults(order, { id, items, currency }),
    items,
    cart,
    checkout,
    store,
    channel,
    campaign,
    sent,
    properties,
    flags: NO_FLAGS,
  };
}

const sourceOf = (text: string): Source | undefined => SOURCES.find((known) => known === text);

function readMoment(): number {
  const moment = parseMoment(json.trimmedText(MOMENT_BYTES_MAX));
  if (typeof moment === 'number') return moment;
  json.fail();
  return 0;
}

function readIdentifiers({ stringBytesMax, identifiersMax }: EventLimits) {
  let sent: SentIdentifier[] | undefined;
  json.open(OPEN_LIST);
  do {
    let type: string | undefined;
    let scope: string | undefined;
    let value: string | undefined;
    let verified: boolean | undefined;
    let virtual: boolean | undefined;
    let seen = 0;
    json.open(OPEN_OBJECT);
    do {
      const name = json.name(NAMES, seen);
      seen |= name;
      if (name === NAME.type) type = json.text(stringBytesMax);
      else if (name === NAME.value) value = json.text(stringBytesMax);
      else if (name === NAME.scope) scope = json.text(stringBytesMax);
      else if (name === NAME.verified) verified = json.boolean();
      else if (name === NAME.virtual) virtual = json.boolean();
      else json.fail();
    } while (json.goesOn(CLOSE_OBJECT));
    if (type === undefined || value === undefined) json.fail();
    else sent = withOne(sent, { type, scope, value, verified, virtual }, identifiersMax);
  } while (json.goesOn(CLOSE_LIST));
  return sent ?? NO_IDENTIFIERS;
}

function readItems({ idCharsMax, stringBytesMax, itemsMax }: EventLimits): readonly Item[] {
  let items: Item[] | undefined;
  json.open(OPEN_LIST);
  do {
    let sku: string | undefined;
    let name: string | undefined;
    let category: string | undefined;
    let brand: string | undefined;
    let variant: string | undefined;
    let quantity = 1;
    let price = 0;
    let seen = 0;
    json.open(OPEN_OBJECT);
    do {
      const what = json.name(NAMES, seen);
      seen |= what;
      if (what === NAME.sku) sku = json.trimmedText(idCharsMax);
      else if (what === NAME.quantity) quantity = json.hundredths() / 100;
      else if (what === NAME.price) price = json.hundredths();
      else if (what === NAME.category) category = json.text(stringBytesMax);
      else if (what === NAME.brand) brand = json.text(stringBytesMax);
      else if (what === NAME.name) name = json.text(stringBytesMax);
      else if (what === NAME.variant) variant = json.text(stringBytesMax);
      else json.fail();
    } while (json.goesOn(CLOSE_OBJECT));
    if (sku === undefined) json.fail();
    else {
      const item = { sku, name, category, brand, variant, quantity, price };
      items = withOne(items, item, itemsMax);
    }
  } while (json.goesOn(CLOSE_LIST));
  return items ?? NO_ITEMS;
}

/** Most lists have one or two: an empty one that grows takes room for seventeen. */
function withOne<T>(list: T[] | undefined, one: T, max: number): T[] {
  if (list === undefined) return [one];
  if (list.length === max) json.fail();
  else list.push(one);
  return list;
}

type PlainOrder = ReturnType<typeof readOrder>;

function readOrder(limits: EventLimits) {
  let id: string | undefined;
  let total: number | undefined;
  let discount = 0;
  let currency: string | undefined;
  let coupons = NO_COUPONS;
  let seen = 0;
  json.open(OPEN_OBJECT);
  do {
    const name = json.name(NAMES, seen);
    seen |= name;
    if (name === NAME.id) id = json.newText(limits.idCharsMax);
    else if (name === NAME.total) total = json.hundredths();
    else if (name === NAME.discount) discount = json.hundredths();
    else if (name === NAME.currency) currency = readCurrency();
    else if (name === NAME.coupons) coupons = readCoupons(limits);
    else json.fail();
  } while (json.goesOn(CLOSE_OBJECT));
  return { id, total, discount, currency, coupons };
}

function withDefaults(
  order: PlainOrder,
  event: { readonly id: string; readonly items: readonly Item[]; readonly currency: string },
): Order {
  return {
    id: order.id ?? event.id,
    total: order.total ?? itemsTotal(event.items, order.discount),
    discount: order.discount,
    currency: order.currency ?? event.currency,
    coupons: order.coupons,
  };
}

function readCurrency(): string {
  const text = json.text(CURRENCY_LETTERS);
  return CURRENCY.test(text) ? text.toUpperCase() : json.fail();
}

function readCoupons({ idCharsMax, itemsMax }: EventLimits): readonly string[] {
  const coupons: string[] = [];
  json.open(OPEN_LIST);
  do {
    coupons.push(json.trimmedText(idCharsMax));
    if (coupons.length > itemsMax) json.fail();
  } while (json.goesOn(CLOSE_LIST));
  return coupons;
}

/** The id of a cart or a checkout, which has nothing else. */
function readPart(idCharsMax: number): string {
  json.open(OPEN_OBJECT);
  if (json.name(NAMES, 0) !== NAME.id) return json.fail();
  const id = json.trimmedText(idCharsMax);
  return json.goesOn(CLOSE_OBJECT) ? json.fail() : id;
}

/** Free in their form, so judged as they always are. */
function readProperties(limits: EventLimits): string {
  const text = json.objectText(limits.depthMax - 1);
  if (json.failed) return text;
  const reading = newReading(limits);
  try {
    const kept = propertiesText(reading, JSON.parse(text));
    json.names += reading.keys;
    return reading.code === undefined ? kept : json.fail();
  } catch {
    return json.fail();
  }
}
