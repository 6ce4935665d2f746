/** An event on its way to Weft, and what is true of it; and the JSON it is sent as. */
import type { Json, Source } from '../domain/event.ts';
import { isoAt } from './calendar.ts';
import type { Sent } from './identities.ts';
import type { PoisonKind } from './poison.ts';
import type { ItemBody } from './products.ts';
import type { Draft, DraftKind, EventType, OrderBody } from './visit.ts';

export type SimulatedKind = DraftKind | 'duplicate' | 'poison' | 'two_values';

export interface SimulatedEvent {
  readonly id: string;
  /** Milliseconds UTC; never before that of the event before. */
  readonly arriveAt: number;
  /** What `at` in the body says. */
  readonly at: number;
  readonly source: Source;
  readonly type: EventType;
  /** Canonical JSON, unless it is poison. Read only: a duplicate has the same object. */
  readonly body: Json;
  readonly truth: EventTruth;
}

export interface EventTruth {
  /** null: nobody's. */
  readonly shopper: number | null;
  /** Shoppers who share an identifier have the same. */
  readonly cluster: number | null;
  readonly kind: SimulatedKind;
  readonly poison?: PoisonKind;
}

/** A type, not an interface, so that it is JSON to the compiler too. */
type Body = {
  readonly id: string;
  readonly source: Source;
  readonly type: string;
  readonly at: string;
  readonly identifiers: readonly Sent[];
  order?: OrderBody;
  items?: readonly ItemBody[];
  cart?: { readonly id: string };
  checkout?: { readonly id: string };
  store?: string;
  channel?: string;
  campaign?: string;
  properties?: Json;
};

export function bodyOf(draft: Draft, id: string): Json {
  const { source, type, at, who, facts } = draft;
  const body: Body = { id, source, type, at: isoAt(at), identifiers: who.identifiers };
  if (facts.order !== undefined) body.order = facts.order;
  if (facts.items !== undefined) body.items = facts.items;
  if (facts.cart !== undefined) body.cart = { id: facts.cart };
  if (facts.checkout !== undefined) body.checkout = { id: facts.checkout };
  if (draft.store !== undefined) body.store = draft.store;
  body.channel = draft.channel;
  if (facts.campaign !== undefined) body.campaign = facts.campaign;
  if (facts.properties !== undefined) body.properties = facts.properties;
  return body;
}
