/**
 * What machines and operators ask of a process: does it live, is it ready, what does it count, what
 * does it offer. Not ready is not dead: the two answers never mix.
 */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { errorsPage } from '../errors-page.ts';
import type { HttpMetrics } from '../metrics.ts';
import { ERRORS_PAGE } from '../problem.ts';
import { answer } from '../schemas.ts';

export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** For people: what is wrong, or how far behind. No identifiers. */
  readonly detail?: string;
}

/** Both answer from what is known already: a probe never waits. */
export interface Health {
  /** false: restart this process. */
  live(): { readonly ok: boolean; readonly detail: string };
  /** false: send nothing here for now; also from the moment it was asked to stop. */
  ready(): { readonly ok: boolean; readonly checks: readonly HealthCheck[] };
}

export interface OperationRouteDeps {
  readonly health: Health;
  readonly metrics: HttpMetrics;
}

const LIVE = Type.Object({ ok: Type.Boolean(), detail: Type.String() });

const READY = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        ok: Type.Boolean(),
        detail: Type.Optional(Type.String()),
      }),
    ),
  ),
});

const READY_QUERY = Type.Object({
  verbose: Type.Optional(Type.String({ description: 'Lists every check, for people' })),
});

const tags = ['operations'];
const text = (mediaType: string, description: string) => ({
  200: { description, content: { [mediaType]: { schema: Type.String() } } },
});

export function operationRoutes(app: FastifyInstance, { health, metrics }: OperationRouteDeps) {
  const live = { operationId: 'live', summary: 'Does the process live?', tags };
  app.get(
    '/livez',
    {
      schema: {
        ...live,
        response: { 200: answer('Yes', LIVE), 503: answer('No: restart it', LIVE) },
      },
    },
    (_, reply) => {
      const state = health.live();
      return reply.code(state.ok ? 200 : 503).send(state);
    },
  );
  const ready = { operationId: 'ready', summary: 'May it be sent work?', tags };
  app.get<{ Querystring: Static<typeof READY_QUERY> }>(
    '/readyz',
    {
      schema: {
        ...ready,
        querystring: READY_QUERY,
        response: { 200: answer('Yes', READY), 503: answer('Not now', READY) },
      },
    },
    ({ query }, reply) => {
      const { ok, checks } = health.ready();
      return reply.code(ok ? 200 : 503).send(query.verbose === undefined ? { ok } : { ok, checks });
    },
  );
  const measured = { operationId: 'metrics', summary: 'What is counted, for Prometheus', tags };
  app.get(
    '/metrics',
    { schema: { ...measured, response: text('text/plain', 'Prometheus text') } },
    async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
  documentRoutes(app);
}

function documentRoutes(app: FastifyInstance): void {
  const reference = { operationId: 'reference', summary: 'This document', tags };
  const response = { 200: answer('OpenAPI 3.1', {}) };
  let document: string | undefined;
  app.get('/openapi.json', { schema: { ...reference, response } }, (_, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type('application/json').send(document);
  });
  const errors = { operationId: 'errors', summary: 'Every error code, explained', tags };
  const page = errorsPage();
  app.get(
    ERRORS_PAGE,
    { schema: { ...errors, response: text('text/markdown', 'Markdown') } },
    (_, reply) => reply.type('text/markdown; charset=utf-8').send(page),
  );
}
