/**
 * The one parser of the canonical event (README.md), for strict HTTP and for the normalise stage.
 * It is lenient where the sense is clear (numbers as text, `null` for nothing, fields of the
 * sender's own) and refuses, with a pointer and a suggestion, what would silently become another
 * fact. It never throws and writes no value of an identifier into a message. Hot path: written by
 * hand, so that a sound event pays for nothing but its fields.
 */
import { EVENT_TYPES, SOURCES } from './event.ts';
import type { EventFlag, SentEvent, Source } from './event.ts';
import { isObject, kindOf, readExtras, readId, readText } from './event-fields.ts';
import type { Bare } from './event-fields.ts';
import { EDGE_LIMITS, checkJson, fault, isLonger, newReading, quote } from './event-limits.ts';
import type { EventFault, EventFaultCode, EventLimits, Reading } from './event-limits.ts';
import { readIdentifiers, readItems, readOrder, readPartId } from './event-parts.ts';
import { MOMENT_END, parseMoment } from './moment.ts';
import type { MomentFault } from './moment.ts';
import { nearestName } from './nearest-name.ts';

export interface ParseContext {
  readonly tenant: string;
  /** Of bodies that name none; without it they are refused. */
  readonly source?: Source | undefined;
  readonly receivedAt: number;
  /** The id of a body without one; the event is flagged `id_assigned`. */
  readonly fallbackId: string;
  /** Of orders that name none; `CNY` unless told otherwise. */
  readonly currency?: string | undefined;
  readonly limits?: EventLimits | undefined;
  /** An import: `at` is neither corrected by `sentAt` nor clamped to `receivedAt`. */
  readonly history?: boolean | undefined;
}

export type Parsed =
  | { readonly ok: true; readonly event: SentEvent }
  | {
      readonly ok: false;
      readonly code: EventFaultCode;
      readonly errors: readonly EventFault[];
    };

/** How far ahead of our clock a client's may be before we doubt it. */
export const AHEAD_MAX_MS = 5 * 60_000;

/** History has been: what claims to be later than this moment is no event of it. undefined: it is. */
export const futureFault = ({ at }: SentEvent, now: number): EventFault | undefined =>
  at > now + AHEAD_MAX_MS
    ? { pointer: '/at', message: 'lies in the future: history has been, so correct it' }
    : undefined;

export function parseEvent(body: unknown, context: ParseContext): Parsed {
  const reading = newReading(context.limits ?? EDGE_LIMITS);
  const event = isObject(body)
    ? readEvent(reading, body, context)
    : fault(reading, '', `an event must be an object, not ${kindOf(body)}`);
  if (reading.code === undefined && event !== undefined) return { ok: true, event };
  return { ok: false, code: reading.code ?? 'invalid_event', errors: reading.faults };
}

/** Is the JSON text of one event small enough to be looked at? undefined: yes. */
export function checkEventText(
  text: string,
  limits: EventLimits = EDGE_LIMITS,
): (Parsed & { readonly ok: false }) | undefined {
  if (!isLonger(text, limits.bytesMax)) return undefined;
  const message = `the event has more than ${limits.bytesMax} bytes: make it smaller`;
  return { ok: false, code: 'event_too_large', errors: [{ pointer: '', message }] };
}

function readEvent(reading: Reading, body: Bare, context: ParseContext): SentEvent | undefined {
  reading.extras = readExtras(reading, 'event', body, '');
  if (reading.code === 'event_too_large') return undefined;
  const flags: EventFlag[] = [];
  const sentId = readId(reading, body, 'id', '');
  if (sentId === undefined) flags.push('id_assigned');
  const id = sentId ?? context.fallbackId;
  const items = readItems(reading, body);
  const currency = context.currency ?? 'CNY';
  const order = readOrder(reading, body, { currency, id, items });
  const cart = readPartId(reading, body, 'cart');
  const checkout = readPartId(reading, body, 'checkout');
  const store = readId(reading, body, 'store', '');
  const channel = readId(reading, body, 'channel', '');
  const campaign = readText(reading, body, 'campaign', '');
  // Every key, each time in this order: events of one shape are what makes reading them cheap.
  return {
    tenant: context.tenant,
    id,
    source: readSource(reading, body, context),
    type: readType(reading, body),
    at: readAt(reading, body, context, flags),
    receivedAt: context.receivedAt,
    order,
    items,
    cart,
    checkout,
    store,
    channel,
    campaign,
    sent: readIdentifiers(reading, body),
    properties: readProperties(reading, body),
    flags,
  };
}

function readSource(reading: Reading, body: Bare, context: ParseContext): Source {
  const source = body['source'] ?? context.source;
  for (const known of SOURCES) if (known === source) return known;
  const list = SOURCES.join(', ');
  if (source === undefined) {
    fault(reading, '/source', `is missing: name one of ${list}`);
  } else if (typeof source === 'string') {
    const meant = nearestName(source.slice(0, 40).toLowerCase(), SOURCES);
    const hint = meant === undefined ? '' : `, did you mean "${meant}"?`;
    fault(reading, '/source', `"${quote(source)}" is none of ${list}${hint}`);
  } else {
    fault(reading, '/source', `must be one of ${list}, not ${kindOf(source)}`);
  }
  return 'app';
}

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(EVENT_TYPES);
const TYPE = /^[a-z][a-z0-9_]{0,63}$/;

export const isTypeName = (text: string): boolean => KNOWN_TYPES.has(text) || TYPE.test(text);

function readType(reading: Reading, body: Bare): string {
  const type = body['type'];
  if (typeof type === 'string') {
    if (isTypeName(type)) return type;
    const snake = toSnakeCase(type);
    const hint = TYPE.test(snake) ? `, did you mean "${snake}"?` : '';
    const rule = 'must be snake_case of at most 64 characters, such as "order_paid"';
    fault(reading, '/type', rule + hint);
  } else if (type === undefined || type === null) {
    fault(reading, '/type', 'is missing: say what happened, such as "order_paid"');
  } else {
    fault(reading, '/type', `must be a string such as "order_paid", not ${kindOf(type)}`);
  }
  return '';
}

const toSnakeCase = (text: string): string =>
  text
    .slice(0, 100)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');

/** `at = receivedAt − (sentAt − at)` cancels a client's wrong clock (edge.md, Ids and times). */
export const byOurClock = (claimed: number, sentAt: number | undefined, receivedAt: number) =>
  sentAt === undefined ? claimed : receivedAt - (sentAt - claimed);

function readAt(reading: Reading, body: Bare, context: ParseContext, flags: EventFlag[]): number {
  const { receivedAt, history = false } = context;
  const claimed = readMoment(reading, body, 'at');
  const sentAt = readMoment(reading, body, 'sentAt');
  if (claimed === undefined) return receivedAt;
  if (history) return claimed;
  const at = byOurClock(claimed, sentAt, receivedAt);
  if (at > receivedAt + AHEAD_MAX_MS) {
    flags.push('at_clamped');
    return receivedAt;
  }
  if (at >= 0) return at;
  fault(reading, '/sentAt', 'puts the event before 1970: it must be when the request was sent');
  return receivedAt;
}

function readMoment(reading: Reading, body: Bare, name: 'at' | 'sentAt'): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  const moment = typeof value === 'string' ? parseMoment(value.trim()) : toMoment(value);
  if (typeof moment === 'number') return moment;
  return fault(reading, `/${name}`, MOMENT_MESSAGES[moment]);
}

type NumberFault = MomentFault | 'seconds' | 'microseconds' | 'no_moment';

function toMoment(value: unknown): number | NumberFault {
  if (typeof value !== 'number') return 'no_moment';
  // As milliseconds these would be the spring of 1970; as seconds they are 2001 to 2286.
  if (value >= 1e9 && value < 1e10) return 'seconds';
  if (!Number.isInteger(value)) return 'no_moment';
  if (value >= 0 && value < MOMENT_END) return value;
  return value >= 1e15 && value < 1e16 ? 'microseconds' : 'out_of_range';
}

const MOMENT_FORM = 'ISO 8601 with a zone, such as "2026-11-11T10:00:00+08:00"';
const MOMENT_MESSAGES: Readonly<Record<NumberFault, string>> = {
  no_moment: `must be ${MOMENT_FORM}, or integer milliseconds`,
  not_iso: `must be ${MOMENT_FORM}, or integer milliseconds`,
  no_zone: `has no zone: write it as ${MOMENT_FORM}`,
  no_such_time: 'is no date or time of the calendar: correct it',
  out_of_range: 'must lie in the years 1970 to 9999',
  seconds: 'looks like seconds: send milliseconds',
  microseconds: 'looks like microseconds: send milliseconds',
};

function readProperties(reading: Reading, body: Bare): string {
  const properties = body['properties'];
  const { extras } = reading;
  if (properties === undefined || properties === null) {
    return extras === undefined ? '{}' : JSON.stringify(extras);
  }
  if (!isObject(properties)) {
    fault(reading, '/properties', `must be an object, not ${kindOf(properties)}`);
    return '{}';
  }
  if (extras === undefined) return propertiesText(reading, properties);
  if (!checkJson(reading, properties, 1, '/properties')) return '{}';
  for (const name of Object.keys(extras)) {
    if (!Object.hasOwn(properties, name)) continue;
    fault(reading, `/properties/${quote(name)}`, 'is sent here and outside: leave one of them out');
  }
  return JSON.stringify({ ...properties, ...extras });
}

/** What is unsound may also be too deep to be written. */
export const propertiesText = (reading: Reading, properties: unknown): string =>
  checkJson(reading, properties, 1, '/properties') ? JSON.stringify(properties) : '{}';
