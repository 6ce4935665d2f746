/**
 * A raw event and what the edge of this process, or an import, has just read it as. The codec hands
 * the very message out again to the stage that reads the same bytes (just-written.ts), which need not
 * read the text a second time then (9 µs of CPU an event). It is no part of the message: nothing
 * writes it, and neither a copy nor what was read from bytes has it.
 */
import type { Source, SentEvent } from '../src/domain/event.ts';
import type { RawEvent, Wait } from '../src/domain/message.ts';

class JustRead implements RawEvent {
  readonly kind = 'raw';
  readonly tenant: string;
  readonly source: Source;
  readonly receivedAt: number;
  readonly body: string;
  readonly id: string;
  readonly history: boolean;
  readonly triggers: boolean;
  readonly wait: Wait | null;
  readonly unreadable: string | null;
  readonly #event: SentEvent;

  constructor(raw: RawEvent, event: SentEvent) {
    this.tenant = raw.tenant;
    this.source = raw.source;
    this.receivedAt = raw.receivedAt;
    this.body = raw.body;
    this.id = raw.id;
    this.history = raw.history;
    this.triggers = raw.triggers;
    this.wait = raw.wait;
    this.unreadable = raw.unreadable;
    this.#event = event;
  }

  static eventOf(raw: RawEvent): SentEvent | undefined {
    return #event in raw ? raw.#event : undefined;
  }
}

/** `event` was read from `raw` within the limits and under the currency that normalise has. */
export const withEvent = (raw: RawEvent, event: SentEvent): RawEvent => new JustRead(raw, event);

export const justReadOf = (raw: RawEvent): SentEvent | undefined => JustRead.eventOf(raw);
