/**
 * A body of `POST /v1/events` as the records to append and the events refused, each judged alone:
 * one bad event never takes a good one with it. An id is assigned here, once, before the log; what
 * was sent stays as it came. Hot path: most events are read where they lie (plain-event.ts), and
 * nothing is written anew.
 */
import { SOURCES } from '../domain/event.ts';
import type { SentEvent } from '../domain/event.ts';
import type { EventFault, EventLimits } from '../domain/event-limits.ts';
import { firstIdentifierKey } from '../domain/identity/first-key.ts';
import type { RawEvent, Wait } from '../domain/message.ts';
import { checkEventText, parseEvent } from '../domain/parse-event.ts';
import type { Parsed } from '../domain/parse-event.ts';
import type { ErrorCode } from '../errors.ts';
import type { KeyedRawEvent } from '../ports/intake.ts';
import { parseJson } from './body.ts';
import { depthOf, endOfBlanks, isList, splitList } from './json-list.ts';
import type { ListElement } from './json-list.ts';
import type { SourceLabel } from './metrics.ts';
import { plainEnd, readPlainEvent } from './plain-event.ts';
import { textOf } from './plain-json.ts';
import { Refusal } from './problem.ts';

export interface BatchContext {
  readonly tenant: string;
  readonly receivedAt: number;
  readonly currency: string;
  readonly region: string;
  readonly limits: EventLimits;
  readonly eventsMax: number;
  readonly newId: () => string;
  readonly triggers: boolean;
  readonly wait: Wait | null;
}

/** One refused event: where it stood in the request, its first fault, and the others if any. */
export interface RejectedEvent {
  readonly index: number;
  /** As sent; null where there is none worth repeating. */
  readonly id: string | null;
  readonly code: ErrorCode;
  readonly pointer: string;
  readonly message: string;
  readonly more?: readonly EventFault[];
}

export interface EventBatch {
  readonly accepted: readonly KeyedRawEvent[];
  readonly rejected: readonly RejectedEvent[];
  /** Where each refused event says it came from, in the order of `rejected`. */
  readonly rejectedSources: readonly SourceLabel[];
}

/** Of one event; a batch of a thousand must have a small answer too. */
const FAULTS_MAX = 6;

/** `body` is UTF-8. */
export function readEventBatch(body: Buffer, form: 'json' | 'lines', context: BatchContext) {
  return form === 'json' ? readJson(body, context) : readLines(body, context);
}

/** The text of one event, and where it was taken from. */
interface EventText {
  /** With the blanks around it. */
  readonly text: string;
  readonly body: Buffer;
  readonly start: number;
  /** Objects and lists inside one another. */
  readonly depth: number;
}

interface Reader {
  readonly context: BatchContext;
  readonly accepted: KeyedRawEvent[];
  readonly rejected: RejectedEvent[];
  readonly rejectedSources: SourceLabel[];
}

const newReader = (context: BatchContext): Reader => ({
  context,
  accepted: [],
  rejected: [],
  rejectedSources: [],
});

function readJson(body: Buffer, context: BatchContext): EventBatch {
  const reader = newReader(context);
  if (!isList(body)) {
    const text = body.toString('utf8');
    if (!acceptPlain(reader, body, text)) {
      readEvent(reader, { text, body, start: 0, depth: depthOf(body) }, 0);
    }
    return reader;
  }
  const { elements, isClosed } = splitList(body, context.eventsMax, (start) => {
    const value = readPlainEvent(body, start, context);
    return value && { value, end: plainEnd() };
  });
  checkCount(elements.length, context);
  for (let index = 0; index < elements.length; index++) {
    const { start, end, depth, value } = elements[index] as ListElement<SentEvent>;
    const text = textOf(body, start, end);
    if (value === undefined) readEvent(reader, { text, body, start, depth }, index);
    else accept(reader, value, text.trim());
  }
  if (!isClosed) throw new Refusal('malformed_json', 'The body is not valid JSON to its end.');
  return reader;
}

function readLines(body: Buffer, context: BatchContext): EventBatch {
  const reader = newReader(context);
  let index = 0;
  for (let start = 0; start < body.length;) {
    const newline = body.indexOf(NEWLINE, start);
    const end = newline === -1 ? body.length : newline;
    const line = body.subarray(start, end);
    start = end + 1;
    const text = line.toString('utf8');
    if (text.trim() === '') continue;
    if (index === context.eventsMax) checkCount(index + 1, context);
    if (!acceptPlain(reader, line, text)) {
      readLine(reader, { text, body: line, start: 0, depth: depthOf(line) }, index);
    }
    index++;
  }
  checkCount(index, context);
  return reader;
}

const NEWLINE = 0x0a;

/** True if the body is one plain event and nothing else. */
function acceptPlain(reader: Reader, body: Buffer, text: string): boolean {
  const event = readPlainEvent(body, 0, reader.context);
  if (event === undefined || endOfBlanks(body, plainEnd()) !== body.length) return false;
  accept(reader, event, text.trim());
  return true;
}

/** A line that is no JSON is one event that is none; a list that is no JSON is no list. */
function readLine(reader: Reader, line: EventText, index: number): void {
  try {
    readEvent(reader, line, index);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = error.message.replace('The body', 'the line');
    const code = 'malformed_json';
    reject(reader, undefined, index, { code, errors: [{ pointer: '', message }] });
  }
}

function checkCount(events: number, { eventsMax }: BatchContext): void {
  if (events === 0) throw new Refusal('invalid_event', 'The request holds no event: send one.');
  if (events <= eventsMax) return;
  const message = `The request has more than ${eventsMax} events: send fewer a request.`;
  throw new Refusal('batch_too_large', message);
}

function readEvent(reader: Reader, element: EventText, index: number): void {
  const { tenant, receivedAt, currency, limits, newId } = reader.context;
  // Half a million brackets take a second to parse.
  if (element.depth > limits.depthMax) return reject(reader, undefined, index, tooDeep(limits));
  const value = parseJson(element.text, element.body, element.start);
  const body = element.text.trim();
  const context = { tenant, receivedAt, currency, limits, fallbackId: hasId(value) ? '' : newId() };
  const parsed = checkEventText(body, limits) ?? parseEvent(value, context);
  if (parsed.ok) accept(reader, parsed.event, body);
  else reject(reader, value, index, parsed);
}

function accept({ context, accepted }: Reader, read: SentEvent, body: string): void {
  const { tenant, receivedAt, region, triggers, wait } = context;
  const event: RawEvent = {
    kind: 'raw',
    tenant,
    source: read.source,
    receivedAt,
    body,
    id: read.id,
    history: false,
    triggers,
    wait,
    unreadable: null,
  };
  accepted.push({ event, key: firstIdentifierKey(read, region), read });
}

function tooDeep({ depthMax }: EventLimits): Fault {
  const message = `lies deeper than ${depthMax} levels: flatten it`;
  return { code: 'event_too_large', errors: [{ pointer: '', message }] };
}

const fieldOf = (value: unknown, name: 'id' | 'source'): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;

function hasId(value: unknown): boolean {
  const id = fieldOf(value, 'id');
  return id !== undefined && id !== null;
}

type Fault = Pick<Parsed & { readonly ok: false }, 'errors'> & { readonly code: ErrorCode };

function reject(reader: Reader, value: unknown, index: number, { code, errors }: Fault): void {
  const [first = { pointer: '', message: 'cannot be read' }, ...others] = errors;
  const more = others.slice(0, FAULTS_MAX - 1);
  const id = sentId(value, reader.context.limits.idCharsMax);
  const rejected: RejectedEvent = { index, id, code, ...first };
  reader.rejected.push(more.length === 0 ? rejected : { ...rejected, more });
  const source = fieldOf(value, 'source');
  reader.rejectedSources.push(SOURCES.find((known) => known === source) ?? 'unknown');
}

function sentId(value: unknown, charsMax: number): string | null {
  const id = fieldOf(value, 'id');
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id.length <= charsMax ? id : null;
}
