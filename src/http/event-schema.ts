/**
 * The canonical event for readers of the reference. `parseEvent` in the domain is what judges; a
 * test holds the two together.
 */
import { Type } from 'typebox';
import { EVENT_TYPES, SOURCES } from '../domain/event.ts';
import { EDGE_LIMITS } from '../domain/event-limits.ts';
import { IDENTIFIER_TYPES } from '../domain/identity/identifier.ts';
import { JSON_TYPE, NDJSON_TYPE } from './body.ts';
import { ANY_JSON, MOMENT } from './schemas.ts';

const ID = Type.String({ maxLength: EDGE_LIMITS.idCharsMax });
const MONEY = Type.Number({ minimum: 0, description: 'Currency units, e.g. 108.50' });

const IDENTIFIER = Type.Object({
  type: Type.String({ description: `One of ${IDENTIFIER_TYPES.join(', ')}` }),
  scope: Type.Optional(
    Type.String({ description: 'Where the value means something: app id, platform and shop' }),
  ),
  value: Type.String(),
  verified: Type.Optional(
    Type.Boolean({ description: 'The shopper proved to own it, e.g. by a code sent there' }),
  ),
});

const ITEM = Type.Object({
  sku: ID,
  name: Type.Optional(Type.String()),
  category: Type.Optional(Type.String({ description: 'Broad to narrow: dairy/milk' })),
  brand: Type.Optional(Type.String()),
  variant: Type.Optional(Type.String()),
  quantity: Type.Optional(Type.Number({ minimum: 0, default: 1 })),
  price: Type.Optional(MONEY),
});

const ORDER = Type.Object({
  id: Type.Optional(ID),
  total: Type.Optional(MONEY),
  discount: Type.Optional(MONEY),
  currency: Type.Optional(Type.String()),
  coupons: Type.Optional(Type.Array(ID)),
});

const PART = Type.Object({ id: ID });

export const EVENT_SCHEMA = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        maxLength: EDGE_LIMITS.idCharsMax,
        description: 'Yours: a resend with the same id counts once. Assigned where it is missing',
      }),
    ),
    source: Type.Enum([...SOURCES]),
    type: Type.String({
      pattern: '^[a-z][a-z0-9_]{0,63}$',
      description: `Any name; the shipped catalogue knows ${EVENT_TYPES.join(', ')}`,
    }),
    at: Type.Optional(MOMENT),
    sentAt: Type.Optional(MOMENT),
    identifiers: Type.Array(IDENTIFIER, { minItems: 1 }),
    order: Type.Optional(ORDER),
    items: Type.Optional(Type.Array(ITEM)),
    cart: Type.Optional(PART),
    checkout: Type.Optional(PART),
    store: Type.Optional(ID),
    channel: Type.Optional(ID),
    campaign: Type.Optional(Type.String()),
    properties: Type.Optional(Type.Record(Type.String(), ANY_JSON)),
  },
  { $id: 'Event', description: 'Something a shopper did. Further fields become properties.' },
);

const EVENT = { $ref: 'Event#' };

export const EVENTS_BODY = {
  content: {
    [JSON_TYPE]: { schema: { anyOf: [EVENT, { type: 'array', items: EVENT, minItems: 1 }] } },
    [NDJSON_TYPE]: { schema: { type: 'string', description: 'One event a line' } },
  },
};
