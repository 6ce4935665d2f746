/** Where the edge hands events over: durable in the raw log when it resolves, or an error. */
import type { SentEvent } from '../domain/event.ts';
import type { RawEvent } from '../domain/message.ts';

export interface KeyedRawEvent {
  readonly event: RawEvent;
  /** What the raw topic is keyed by: the event's first identifier (`firstIdentifierKey`). */
  readonly key: string;
  /** The event as it was read from the body, where it was: nobody need read it again. */
  readonly read?: SentEvent;
}

export interface Intake {
  /** `log_unavailable`, `disk_guard`, `overloaded`, `shutting_down`: nothing was acknowledged. */
  append(events: readonly KeyedRawEvent[]): Promise<void>;
}
