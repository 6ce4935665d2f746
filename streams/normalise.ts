/**
 * raw event → event: the body as it came becomes typed, in fen and milliseconds, or a dead letter
 * with its reason. The parser is the one strict HTTP uses, so what passes there passes here; what
 * comes by files and topics is met here first.
 */
import type { SentEvent } from '../src/domain/event.ts';
import { IMPORT_LIMITS } from '../src/domain/event-limits.ts';
import type { Message, RawEvent } from '../src/domain/message.ts';
import { parseEvent, type Parsed } from '../src/domain/parse-event.ts';
import { justReadOf } from './just-read.ts';

export interface DeadRaw {
  readonly kind: 'dead';
  readonly raw: RawEvent;
  readonly code: string;
  readonly reason: string;
}

export type Normalised =
  | { readonly kind: 'event'; readonly event: SentEvent; readonly raw: RawEvent }
  | DeadRaw;

export interface NormaliseOptions {
  /** Of orders that name none. */
  readonly currency: string;
}

export function normalise(message: Message, { currency }: NormaliseOptions): Normalised {
  if (message.kind !== 'raw')
    throw new TypeError(`a raw topic held a message of kind ${message.kind}`);
  const raw = message;
  if (raw.unreadable !== null) {
    return { kind: 'dead', raw, code: 'unreadable_row', reason: raw.unreadable };
  }
  const read = justReadOf(raw);
  if (read !== undefined) return { kind: 'event', event: read, raw };
  const body = parseJson(raw.body);
  if (body === undefined) {
    return { kind: 'dead', raw, code: 'malformed_json', reason: 'the body is not JSON' };
  }
  const parsed = readBody(raw, body, currency);
  if (parsed.ok) return { kind: 'event', event: parsed.event, raw };
  const reason = parsed.errors.map((each) => `${each.pointer}: ${each.message}`).join('; ');
  return { kind: 'dead', raw, code: parsed.code, reason };
}

/** The event that a raw event's body is; who reads it beforehand reads it with this. */
export const readBody = (raw: RawEvent, body: unknown, currency: string): Parsed =>
  parseEvent(body, {
    tenant: raw.tenant,
    source: raw.source,
    receivedAt: raw.receivedAt,
    fallbackId: raw.id,
    currency,
    limits: raw.history ? IMPORT_LIMITS : undefined,
    history: raw.history,
  });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
