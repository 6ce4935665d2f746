/**
 * The HTTP surface as a Fastify instance; listening is someone else's job. Whatever arrives, the
 * answer is a route's own or a problem with a code; our own faults are logged under the request id,
 * with the route's template and never with an address, a query or a body.
 */
import swagger from '@fastify/swagger';
import underPressure from '@fastify/under-pressure';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_KINDS } from '../errors.ts';
import type { ActionFeed } from '../ports/action-feed.ts';
import type { AnalyticsStore } from '../ports/analytics-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Intake } from '../ports/intake.ts';
import type { Outcomes } from '../ports/outcomes.ts';
import type { ProfileReader } from '../ports/profile-reader.ts';
import { createBodyReader } from './body.ts';
import { createClientErrors } from './client-error.ts';
import { EVENT_SCHEMA } from './event-schema.ts';
import { isLoopbackHost } from './hosts.ts';
import type { HttpMetrics } from './metrics.ts';
import { OPENAPI } from './openapi.ts';
import { PROBLEM_TYPE, Refusal, toProblem, toRefusal } from './problem.ts';
import { compileJudge } from './query-judge.ts';
import { createRetryAfter } from './retry-after.ts';
import { actionRoutes } from './routes/actions.ts';
import { eventRoutes } from './routes/events.ts';
import { operationRoutes } from './routes/operations.ts';
import type { Health } from './routes/operations.ts';
import { PROFILE_SCHEMA, profileRoutes } from './routes/profiles.ts';
import { sqlRoutes } from './routes/sql.ts';
import { PROBLEM_SCHEMA } from './schemas.ts';
import type { HttpSettings } from './settings.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered 429 while the event loop is late. */
    sheds?: boolean;
  }
}

/** As pino has it; an event name last. */
interface HttpLogger {
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

export interface ServerDeps {
  readonly intake: Intake;
  readonly outcomes: Outcomes;
  readonly profiles: ProfileReader;
  readonly actions: ActionFeed;
  readonly analytics: AnalyticsStore | undefined;
  readonly clock: Clock;
  readonly health: Health;
  readonly metrics: HttpMetrics;
  readonly settings: HttpSettings;
  /** uuidv7: of requests, and of events that have no id. */
  readonly newId: () => string;
  readonly logger: HttpLogger;
  /** Spreads the waits of refused clients; Math.random unless told otherwise. */
  readonly random?: () => number;
}

export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { settings, clock, random = Math.random } = deps;
  const clientErrors = createClientErrors(deps.newId);
  const app = Fastify({
    logger: false,
    genReqId: deps.newId,
    requestIdHeader: false,
    return503OnClosing: false,
    bodyLimit: settings.limits.bodyBytesMax,
    ...timeouts(settings.limits.requestTimeoutMs),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2_048 },
    clientErrorHandler: (error, socket) => clientErrors.answer(error, socket),
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, deps.logger),
  });
  clientErrors.watch(app.server);
  app.setValidatorCompiler(compileJudge);
  // Bodies are read by the routes, within their limits: see body.ts.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, deps.logger));
  app.addHook('onRequest', (_, reply, done) => {
    void reply.headers(SAFE_HEADERS);
    done();
  });
  await usePlugins(app, deps);
  guardAddresses(app, settings);
  for (const schema of [PROBLEM_SCHEMA, EVENT_SCHEMA, PROFILE_SCHEMA]) app.addSchema(schema);
  const bodies = createBodyReader(settings.limits);
  const retryAfter = createRetryAfter({ now: () => clock.now(), random });
  eventRoutes(app, { ...deps, bodies, retryAfter });
  profileRoutes(app, { ...deps, bodies });
  actionRoutes(app, deps);
  sqlRoutes(app, { ...deps, bodies });
  operationRoutes(app, deps);
  await app.ready();
  return app;
}

/** Set at birth and equal: with a longer time for headers, Node 20 never ends a stalled body. */
const timeouts = (requestTimeout: number) => ({
  requestTimeout,
  http: {
    requestTimeout,
    headersTimeout: requestTimeout,
    connectionsCheckingInterval: Math.ceil(requestTimeout / 4),
  },
});

async function usePlugins(app: FastifyInstance, { settings, metrics }: ServerDeps): Promise<void> {
  await app.register(swagger, OPENAPI);
  await app.register(underPressure, {
    maxEventLoopDelay: settings.limits.loopDelayMsMax,
    pressureHandler: (request) => {
      if (request.routeOptions.config.sheds !== true) return;
      metrics.received('unknown', 1);
      metrics.throttled('overloaded', 1);
      throw new Refusal('overloaded', 'This process has more work than it can do: send it later.', {
        headers: { 'retry-after': String(SHED_SECONDS) },
      });
    },
  });
}

/** Pressure is over, or not, by the next look at the event loop. */
const SHED_SECONDS = 15;

/**
 * Of every answer: browsers run, guess and embed nothing. Constant, so no plugin works them out for
 * each request. Strict-Transport-Security belongs where TLS ends, in front of us.
 */
const SAFE_HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
};

/** What no route takes is refused before its body is read. */
function guardAddresses(app: FastifyInstance, settings: HttpSettings): void {
  const routes: { readonly segments: readonly string[]; readonly method: string }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    for (const one of [method].flat()) routes.push({ segments: url.split('/'), method: one });
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { host } = request.headers;
    if (settings.hosts === 'loopback' && host !== undefined && !isLoopbackHost(host)) {
      return done(new Refusal('host_not_allowed', 'Without keys, only loopback is answered.'));
    }
    if (!request.is404) return done();
    const path =
      request.url
        .split('?', 1)[0]
        ?.replace(/(?<=.)\/$/, '')
        .split('/') ?? [];
    const allowed = routes
      .filter(({ segments }) => isSameAddress(segments, path))
      .map(({ method }) => method);
    if (allowed.length === 0) {
      return done(new Refusal('not_found', 'There is nothing at this address: see /openapi.json.'));
    }
    const allow = [...new Set([...allowed, 'OPTIONS'])].join(', ');
    if (request.method === 'OPTIONS') return void reply.code(204).header('allow', allow).send();
    const message = `This address takes ${allow}.`;
    done(new Refusal('method_not_allowed', message, { headers: { allow } }));
  });
}

const isSameAddress = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((part, place) =>
    part.startsWith(':') ? path[place] !== '' : part === path[place],
  );

/** Clients that may come back soon; those who send events are told by retry-after.ts. */
const RETRY_SECONDS = 5;

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: HttpLogger,
): void {
  const refusal = toRefusal(error);
  const { status, retriable } = ERROR_KINDS[refusal.code];
  if (status >= 500) log(refusal, request, logger);
  if (retriable && status !== 408) void reply.header('retry-after', String(RETRY_SECONDS));
  void reply
    .code(status)
    .headers(refusal.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(toProblem(refusal, request.id)));
}

function log(refusal: Refusal, request: FastifyRequest, logger: HttpLogger): void {
  const { code, cause } = refusal;
  const route = request.routeOptions.url ?? 'none';
  const fields = { requestId: request.id, method: request.method, route, code };
  if (code === 'internal') logger.error({ ...fields, err: cause }, 'request_failed');
  else logger.warn(fields, 'request_refused');
}
