/** What the edge must be told, and the limits it keeps. `app.ts` fills it from the configuration. */
import { EDGE_LIMITS } from '../domain/event-limits.ts';
import type { EventLimits } from '../domain/event-limits.ts';
import type { BodyLimits } from './body.ts';

export interface HttpLimits extends BodyLimits {
  readonly event: EventLimits;
  /** Events of one request. */
  readonly eventsMax: number;
  /** Identifiers of one lookup. */
  readonly lookupsMax: number;
  /** How long `?wait=applied` waits. */
  readonly waitMs: number;
  /** A request must have arrived whole within this time. */
  readonly requestTimeoutMs: number;
  /** Mean delay of the event loop beyond which events are answered 429; 0 switches this off. */
  readonly loopDelayMsMax: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 512 * 1024,
  inflatedBytesMax: 2 * 1024 * 1024,
  heldBytesMax: 64 * 1024 * 1024,
  event: EDGE_LIMITS,
  eventsMax: 1_000,
  lookupsMax: 100,
  waitMs: 5_000,
  requestTimeoutMs: 60_000,
  loopDelayMsMax: 1_000,
};

export interface HttpSettings {
  readonly tenant: string;
  /** Of orders that name none. */
  readonly currency: string;
  /** Of phone numbers without a country code. */
  readonly region: string;
  /** `loopback`: there are no keys, so only loopback names are answered. */
  readonly hosts: 'loopback' | 'any';
  readonly limits: HttpLimits;
}
