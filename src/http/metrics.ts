/**
 * What the edge counts, in the names of the design. Whoever measures (prom-client, in the runtime)
 * implements it; labels come from closed lists, never from a request.
 */
import type { Source } from '../domain/event.ts';
import type { ErrorCode } from '../errors.ts';

/** `unknown`: what was sent could not be read far enough to say. */
export type SourceLabel = Source | 'unknown';

/** Per source: received = accepted + refused + throttled, by the end of each request. */
export interface HttpMetrics {
  /** `weft_events_received_total{source}` */
  received(source: SourceLabel, events: number): void;
  /** `weft_events_accepted_total{source}`: durable in the log. */
  accepted(source: SourceLabel, events: number): void;
  /** `weft_events_refused_total{source,reason}`: a retry would not help. */
  refused(source: SourceLabel, reason: ErrorCode, events: number): void;
  /** `weft_events_throttled_total{reason}`: answered 429, to be sent again. */
  throttled(reason: ErrorCode, events: number): void;
  /** `weft_lookup_seconds` */
  lookedUp(seconds: number): void;
  /** Everything measured in this process, as Prometheus reads it. */
  text(): Promise<string>;
  /** The media type of `text`. */
  readonly contentType: string;
}
