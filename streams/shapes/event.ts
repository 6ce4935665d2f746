/** The `StitchedEvent` of `schemas/events.avsc`. */
import type { EventFlag, Item, Order, Source } from '../../src/domain/event.ts';
import type { IdentifierType } from '../../src/domain/identity/identifier.ts';
import type { Origin, StitchedEvent, StitchedIdentifier } from '../../src/domain/message.ts';
import {
  readBoolean,
  readDouble,
  readList,
  readLong,
  readNullable,
  readNumber,
  readOptional,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeDouble,
  writeInt,
  writeList,
  writeLong,
  writeNullable,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import { readWait, writeWait } from './raw.ts';
import { readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const STITCHED_EVENT: Shape<StitchedEvent> = {
  write(out, event) {
    writeSymbol(out, event.kind, 'event');
    writeText(out, event.tenant);
    writeText(out, event.id);
    writeText(out, event.source);
    writeText(out, event.type);
    writeLong(out, event.at);
    writeLong(out, event.receivedAt);
    writeNullable(out, event.order, writeOrder);
    writeList(out, event.items, writeItem);
    writeNullable(out, event.cart, writeText);
    writeNullable(out, event.checkout, writeText);
    writeNullable(out, event.store, writeText);
    writeNullable(out, event.channel, writeText);
    writeNullable(out, event.campaign, writeText);
    writeText(out, event.properties);
    writeList(out, event.flags, writeText);
    writeText(out, event.profile);
    writeBoolean(out, event.anonymous);
    writeList(out, event.identifiers, writeIdentifier);
    writeOrigin(out, event.origin);
    writeLong(out, event.logTime);
    writeBoolean(out, event.history);
    writeBoolean(out, event.triggers);
    writeNullable(out, event.wait, writeWait);
    writeNullable(out, event.forwardedFrom, writeText);
    writeInt(out, event.hops);
  },
  read: (from) => ({
    kind: readSymbol(from, 'event'),
    tenant: readText(from),
    id: readText(from),
    source: readText(from) as Source,
    type: readText(from),
    at: readLong(from),
    receivedAt: readLong(from),
    order: readOptional(from, readOrder),
    items: readList(from, readItem),
    cart: readOptional(from, readText),
    checkout: readOptional(from, readText),
    store: readOptional(from, readText),
    channel: readOptional(from, readText),
    campaign: readOptional(from, readText),
    properties: readText(from),
    flags: readList(from, readText) as EventFlag[],
    profile: readText(from),
    anonymous: readBoolean(from),
    identifiers: readList(from, readIdentifier),
    origin: readOrigin(from),
    logTime: readLong(from),
    history: readBoolean(from),
    triggers: readBoolean(from),
    wait: readNullable(from, readWait),
    forwardedFrom: readNullable(from, readText),
    hops: readNumber(from),
  }),
};

function writeOrder(out: Output, order: Order): void {
  writeText(out, order.id);
  writeLong(out, order.total);
  writeLong(out, order.discount);
  writeText(out, order.currency);
  writeList(out, order.coupons, writeText);
}

const readOrder = (from: Input): Order => ({
  id: readText(from),
  total: readLong(from),
  discount: readLong(from),
  currency: readText(from),
  coupons: readList(from, readText),
});

function writeItem(out: Output, item: Item): void {
  writeText(out, item.sku);
  writeNullable(out, item.name, writeText);
  writeNullable(out, item.category, writeText);
  writeNullable(out, item.brand, writeText);
  writeNullable(out, item.variant, writeText);
  writeDouble(out, item.quantity);
  writeLong(out, item.price);
}

const readItem = (from: Input): Item => ({
  sku: readText(from),
  name: readOptional(from, readText),
  category: readOptional(from, readText),
  brand: readOptional(from, readText),
  variant: readOptional(from, readText),
  quantity: readDouble(from),
  price: readLong(from),
});

function writeIdentifier(out: Output, identifier: StitchedIdentifier): void {
  writeText(out, identifier.type);
  writeText(out, identifier.scope);
  writeText(out, identifier.value);
  writeText(out, identifier.digest);
  writeBoolean(out, identifier.verified);
  writeBoolean(out, identifier.accepted);
}

const readIdentifier = (from: Input): StitchedIdentifier => ({
  type: readText(from) as IdentifierType,
  scope: readText(from),
  value: readText(from),
  digest: readText(from),
  verified: readBoolean(from),
  accepted: readBoolean(from),
});

export function writeOrigin(out: Output, origin: Origin): void {
  writeText(out, origin.topic);
  writeInt(out, origin.partition);
  writeLong(out, origin.offset);
  writeInt(out, origin.index);
}

export const readOrigin = (from: Input): Origin => ({
  topic: readText(from),
  partition: readNumber(from),
  offset: readLong(from),
  index: readNumber(from),
});
