/** What leaves stitch: the event, whose it is, which of its identifiers point there, where it stood. */
import type { Digest, Identifier } from '../src/domain/identity/identifier.ts';
import type { Attribution } from '../src/domain/identity/view.ts';
import type { StitchedEvent, StitchedIdentifier } from '../src/domain/message.ts';
import { loggedAt, originOf, type Raw } from './read-raw.ts';

/** One literal with every key: copied by `...`, an event costs ten times as much. */
export function stitched(raw: Raw, decision: Attribution | null): StitchedEvent {
  const { event, raw: sent } = raw.normalised;
  return {
    kind: 'event',
    tenant: event.tenant,
    id: event.id,
    source: event.source,
    type: event.type,
    at: event.at,
    receivedAt: event.receivedAt,
    order: event.order,
    items: event.items,
    cart: event.cart,
    checkout: event.checkout,
    store: event.store,
    channel: event.channel,
    campaign: event.campaign,
    properties: event.properties,
    flags: event.flags,
    profile: decision?.target ?? '',
    anonymous: decision?.anonymousOf !== undefined,
    identifiers: stitchedIdentifiers(raw.identifiers, decision?.accepted ?? NONE),
    origin: originOf(raw.record, raw.index),
    logTime: loggedAt(raw),
    history: sent.history,
    triggers: sent.triggers,
    // The event counts as applied when its merge is: the transfer carries the wait then.
    wait: decision && decision.merge.length > 0 ? null : sent.wait,
    forwardedFrom: null,
    hops: 0,
  };
}

function stitchedIdentifiers(
  identifiers: readonly Identifier[],
  accepted: readonly Digest[],
): readonly StitchedIdentifier[] {
  const all: StitchedIdentifier[] = [];
  for (const { type, scope, value, digest, verified } of identifiers) {
    all.push({ type, scope, value, digest, verified, accepted: accepted.includes(digest) });
  }
  return all;
}

const NONE: readonly never[] = [];
