/**
 * `POST /v1/events`: canonical events, one, a list or lines. Strict: what is not accepted is named.
 * What is answered 200 is durable in the log; every temporary refusal is 429, as clients obey
 * `Retry-After` on no other status.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { SOURCES } from '../../domain/event.ts';
import type { Source } from '../../domain/event.ts';
import { ERROR_KINDS, isRetriable } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Intake } from '../../ports/intake.ts';
import type { OutcomeCounts, Outcomes } from '../../ports/outcomes.ts';
import { JSON_TYPE, NDJSON_TYPE, mediaTypeOf, textBytes } from '../body.ts';
import type { BodyReader } from '../body.ts';
import { readEventBatch } from '../event-batch.ts';
import type { EventBatch, RejectedEvent } from '../event-batch.ts';
import { EVENTS_BODY } from '../event-schema.ts';
import type { HttpMetrics } from '../metrics.ts';
import { Refusal, toRefusal } from '../problem.ts';
import { compileJudge } from '../query-judge.ts';
import type { RetryAfter } from '../retry-after.ts';
import { answer, answers } from '../schemas.ts';
import type { HttpSettings } from '../settings.ts';

export interface EventRouteDeps {
  readonly intake: Intake;
  readonly outcomes: Outcomes;
  readonly clock: Clock;
  readonly metrics: HttpMetrics;
  readonly settings: HttpSettings;
  readonly newId: () => string;
  readonly bodies: BodyReader;
  readonly retryAfter: RetryAfter;
}

const QUERY = Type.Object(
  {
    wait: Type.Optional(
      Type.Enum(['applied'], {
        description: 'Answer when the events are visible to lookups, after 5 s at the latest',
      }),
    ),
    triggers: Type.Optional(
      Type.Enum(['on', 'off'], { description: '`off`: history, which must send nothing' }),
    ),
  },
  { additionalProperties: false },
);

const REJECTED = Type.Object({
  index: Type.Integer({ description: 'Place in the request, from 0' }),
  id: Type.Union([Type.String(), Type.Null()]),
  code: Type.String(),
  pointer: Type.String({ description: 'RFC 6901, into the event' }),
  message: Type.String(),
  more: Type.Optional(
    Type.Array(Type.Object({ pointer: Type.String(), message: Type.String() }), {
      description: 'Further faults of the same event',
    }),
  ),
});

const COUNT = Type.Integer();

const ANSWER = Type.Object({
  success: Type.Literal(true),
  accepted: Type.Integer({ description: 'Durable now; a duplicate counts as accepted' }),
  rejected: Type.Array(REJECTED),
  applied: Type.Optional(
    Type.Boolean({ description: 'With `wait`: every accepted event is visible to lookups' }),
  ),
  outcome: Type.Optional(
    Type.Object({
      applied: COUNT,
      duplicate: COUNT,
      dead_letter: COUNT,
      unresolved: COUNT,
      pending: COUNT,
    }),
  ),
});

const SCHEMA = {
  operationId: 'sendEvents',
  summary: 'Send events',
  description:
    'One event, a list, or one a line (NDJSON). Each is judged alone; only when none is ' +
    'acceptable is the answer 400. Bodies may be compressed with gzip, deflate or br.',
  tags: ['events'],
  querystring: QUERY,
  body: EVENTS_BODY,
  response: answers(answer('What became of each event', ANSWER), 400, 413, 415, 429),
};

type Query = Static<typeof QUERY>;

interface Answer {
  readonly success: true;
  readonly accepted: number;
  readonly rejected: readonly RejectedEvent[];
  readonly applied?: boolean;
  readonly outcome?: OutcomeCounts;
}

export function eventRoutes(app: FastifyInstance, deps: EventRouteDeps): void {
  app.route<{ Querystring: Query }>({
    method: 'POST',
    url: '/v1/events',
    schema: SCHEMA,
    // The parser of the domain judges events: the schema of the body is for readers.
    validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileJudge(part)),
    config: { sheds: true },
    handler: (request) => takeEvents(request, deps),
  });
}

type EventRequest = FastifyRequest<{ Querystring: Query }>;

async function takeEvents(request: EventRequest, deps: EventRouteDeps): Promise<Answer> {
  const { bodies, metrics, retryAfter } = deps;
  let isRead = false;
  try {
    const form = mediaTypeOf(request, [JSON_TYPE, NDJSON_TYPE]) === JSON_TYPE ? 'json' : 'lines';
    return await bodies.withBody(request, (bytes) => {
      const batch = readEventBatch(textBytes(bytes), form, contextOf(request, deps));
      isRead = true;
      countReceived(batch, metrics);
      return append(batch, request, deps);
    });
  } catch (error) {
    const refusal = toRefusal(error);
    if (!isRead) countUnread(refusal.code, metrics);
    throw isTemporary(refusal.code) ? delayed(refusal, request, retryAfter) : refusal;
  }
}

function contextOf(request: EventRequest, { settings, clock, newId, outcomes }: EventRouteDeps) {
  const { wait, triggers } = request.query;
  return {
    tenant: settings.tenant,
    currency: settings.currency,
    region: settings.region,
    limits: settings.limits.event,
    eventsMax: settings.limits.eventsMax,
    receivedAt: clock.now(),
    newId,
    triggers: triggers !== 'off',
    wait: wait === 'applied' ? { instance: outcomes.instance, token: request.id } : null,
  };
}

async function append(
  batch: EventBatch,
  request: EventRequest,
  { intake, outcomes, metrics, settings, retryAfter }: EventRouteDeps,
): Promise<Answer> {
  const { accepted, rejected } = batch;
  if (accepted.length === 0) {
    countRefused(batch, metrics);
    throw noneAcceptable(rejected);
  }
  // Asked for before the append: the engine may be faster than this function.
  const outcome =
    request.query.wait === 'applied'
      ? outcomes.expect(request.id, accepted.length, settings.limits.waitMs)
      : undefined;
  try {
    await intake.append(accepted);
  } catch (error) {
    const refusal = notAppended(error);
    countNotAppended(batch, refusal.code, metrics);
    throw refusal;
  }
  retryAfter.succeeded();
  countSources(accepted, (source, events) => metrics.accepted(source, events));
  countRefused(batch, metrics);
  const taken: Answer = { success: true, accepted: accepted.length, rejected };
  return outcome === undefined ? taken : { ...taken, ...heard(await outcome) };
}

/** Applied: every event can be seen. A dead letter has ended, but nobody will see it. */
function heard(outcome: OutcomeCounts): Pick<Answer, 'applied' | 'outcome'> {
  const { dead_letter, unresolved, pending } = outcome;
  return { applied: dead_letter + unresolved + pending === 0, outcome };
}

function noneAcceptable(rejected: readonly RejectedEvent[]): Refusal {
  const [first] = rejected;
  const code = rejected.every((one) => one.code === first?.code) ? first?.code : undefined;
  const fault = `${first?.pointer ?? ''} ${first?.message ?? ''}`.trim();
  const detail =
    rejected.length === 1
      ? `The event was not accepted: ${fault}.`
      : `None of the ${rejected.length} events was accepted; the first: ${fault}.`;
  return new Refusal(code ?? 'invalid_event', detail, { errors: rejected });
}

/** The log may be away in ways of its own; a client must hear only that waiting helps. */
function notAppended(error: unknown): Refusal {
  const refusal = toRefusal(error);
  if (!isRetriable(refusal) || isTemporary(refusal.code)) return refusal;
  return new Refusal('log_unavailable', refusal.message, { cause: error });
}

const isTemporary = (code: ErrorCode): boolean => ERROR_KINDS[code].status === 429;

function delayed(refusal: Refusal, request: EventRequest, retryAfter: RetryAfter): Refusal {
  const seconds = retryAfter.failed(request.headers['x-retry-count']);
  return new Refusal(refusal.code, refusal.message, {
    headers: { 'retry-after': String(seconds) },
    cause: refusal,
  });
}

function countReceived({ accepted, rejectedSources }: EventBatch, metrics: HttpMetrics): void {
  countSources(accepted, (source, events) => metrics.received(source, events));
  for (const source of rejectedSources) metrics.received(source, 1);
}

function countRefused({ rejected, rejectedSources }: EventBatch, metrics: HttpMetrics): void {
  rejected.forEach(({ code }, place) => {
    metrics.refused(rejectedSources[place] ?? 'unknown', code, 1);
  });
}

/** The sender hears nothing of single events then, so the rejected ones count as the others. */
function countNotAppended(batch: EventBatch, code: ErrorCode, metrics: HttpMetrics): void {
  const { accepted, rejectedSources } = batch;
  if (isTemporary(code)) {
    metrics.throttled(code, accepted.length + rejectedSources.length);
    return;
  }
  countSources(accepted, (source, events) => metrics.refused(source, code, events));
  for (const source of rejectedSources) metrics.refused(source, code, 1);
}

/** A body nobody could read counts as one event of an unknown source. */
function countUnread(code: ErrorCode, metrics: HttpMetrics): void {
  metrics.received('unknown', 1);
  if (isTemporary(code)) metrics.throttled(code, 1);
  else metrics.refused('unknown', code, 1);
}

function countSources(
  accepted: EventBatch['accepted'],
  count: (source: Source, events: number) => void,
): void {
  for (let i = 0; i < SOURCES.length; i++) {
    const source = SOURCES[i] as Source;
    let events = 0;
    for (let at = 0; at < accepted.length; at++) {
      if (accepted[at]?.event.source === source) events++;
    }
    if (events > 0) count(source, events);
  }
}
