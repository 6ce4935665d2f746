/**
 * Looking up shoppers by any identifier, one or many. Nobody there is 404 (in bulk: null), a
 * projection that is not there is 503: never an empty profile. The form with a body is preferred: a
 * phone number in an address ends up in some proxy's log.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { EDGE_LIMITS } from '../../domain/event-limits.ts';
import type { SentIdentifier } from '../../domain/event.ts';
import { IDENTIFIER_TYPES } from '../../domain/identity/identifier.ts';
import type { ProfileReader, ProfileView } from '../../ports/profile-reader.ts';
import { readDocument } from '../body.ts';
import type { BodyReader } from '../body.ts';
import type { HttpMetrics } from '../metrics.ts';
import { Refusal } from '../problem.ts';
import { ANY_JSON, MOMENT, answer, answers } from '../schemas.ts';
import type { HttpSettings } from '../settings.ts';

export interface ProfileRouteDeps {
  readonly profiles: ProfileReader;
  readonly metrics: HttpMetrics;
  readonly settings: HttpSettings;
  readonly bodies: BodyReader;
}

/** No control character has a place in an identifier, and none is worth a look into the store. */
const TEXT = {
  minLength: 1,
  maxLength: EDGE_LIMITS.idCharsMax * 4,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
};

const IDENTIFIER = Type.Object(
  {
    type: Type.Enum([...IDENTIFIER_TYPES]),
    scope: Type.Optional(Type.String(TEXT)),
    value: Type.String(TEXT),
  },
  { additionalProperties: false },
);

const PARAMS = Type.Object({ type: Type.Enum([...IDENTIFIER_TYPES]), value: Type.String(TEXT) });

const QUERY = Type.Object(
  {
    scope: Type.Optional(
      Type.String({ ...TEXT, description: 'Where the value means something: app id, platform' }),
    ),
  },
  { additionalProperties: false },
);

export const PROFILE_SCHEMA = Type.Object(
  {
    id: Type.String(),
    identifiers: Type.Array(
      Type.Object({
        type: Type.Enum([...IDENTIFIER_TYPES]),
        scope: Type.Optional(Type.String()),
        value: Type.String(),
        firstSeen: MOMENT,
        lastSeen: MOMENT,
      }),
    ),
    tags: Type.Record(Type.String(), ANY_JSON, { description: 'Name to value, as of `asOf`' }),
    rfm: Type.Union([
      Type.Null(),
      Type.Object({
        recencyDays: Type.Union([Type.Integer(), Type.Null()]),
        frequency: Type.Number(),
        monetary: Type.Number({ description: 'Currency units' }),
      }),
    ]),
    segments: Type.Array(Type.String()),
    attributes: Type.Record(Type.String(), ANY_JSON),
    asOf: Type.String({ format: 'date-time', description: 'The clock the tags were read at' }),
    ambiguous: Type.Optional(
      Type.Literal(true, { description: 'Several shoppers share this identifier' }),
    ),
  },
  { $id: 'Profile', description: 'What is held about one shopper' },
);

const PROFILE = { $ref: 'Profile#' };

const DECISION = Type.Object({
  id: Type.String({ description: 'Of the action: the archive has its cause' }),
  trigger: Type.String(),
  decidedAt: MOMENT,
  outcome: Type.Enum(['decided', 'suppressed']),
  reason: Type.Optional(Type.String({ description: 'Why nothing was done' })),
});

const DECISIONS = Type.Object({ items: Type.Array(DECISION) });

type Params = Static<typeof PARAMS>;
type Query = Static<typeof QUERY>;
type ProfileRequest = FastifyRequest<{ Params: Params; Querystring: Query }>;

export function profileRoutes(app: FastifyInstance, deps: ProfileRouteDeps): void {
  const common = { tags: ['profiles'], params: PARAMS, querystring: QUERY };
  app.get<{ Params: Params; Querystring: Query }>(
    '/v1/profiles/:type/:value',
    {
      schema: {
        ...common,
        operationId: 'getProfile',
        summary: 'One shopper, by any identifier',
        response: answers(answer('The shopper', PROFILE), 400, 404, 503),
      },
    },
    (request, reply) => getProfile(request, reply, deps),
  );
  app.get<{ Params: Params; Querystring: Query }>(
    '/v1/profiles/:type/:value/decisions',
    {
      schema: {
        ...common,
        operationId: 'getDecisions',
        summary: 'What was decided about one shopper, and why not otherwise',
        response: answers(answer('Newest first', DECISIONS), 400, 404, 503),
      },
    },
    (request) => getDecisions(request, deps),
  );
  lookupRoute(app, deps);
}

function lookupRoute(app: FastifyInstance, deps: ProfileRouteDeps): void {
  const { settings, bodies, metrics, profiles } = deps;
  const body = Type.Object(
    {
      identifiers: Type.Array(IDENTIFIER, { minItems: 1, maxItems: settings.limits.lookupsMax }),
    },
    { additionalProperties: false },
  );
  app.post<{ Body: Static<typeof body> }>(
    '/v1/profiles/lookup',
    {
      preValidation: readDocument(bodies),
      schema: {
        operationId: 'lookupProfiles',
        summary: 'Many shoppers at once',
        tags: ['profiles'],
        body,
        response: answers(
          answer('In the order asked for; null: nobody', FOUND),
          400,
          413,
          415,
          503,
        ),
      },
    },
    async ({ body: { identifiers } }) => {
      const start = performance.now();
      const found = await Promise.all(
        identifiers.map((one) => profiles.find(settings.tenant, one)),
      );
      metrics.lookedUp((performance.now() - start) / 1_000);
      return { items: found.map((profile) => profile ?? null) };
    },
  );
}

const FOUND = Type.Object({
  items: Type.Array(Type.Unsafe({ anyOf: [{ type: 'null' }, PROFILE] })),
});

async function getProfile(request: ProfileRequest, reply: FastifyReply, deps: ProfileRouteDeps) {
  const start = performance.now();
  const profile = await deps.profiles.find(deps.settings.tenant, identifierOf(request));
  deps.metrics.lookedUp((performance.now() - start) / 1_000);
  if (profile === undefined) throw nobody();
  const tag = entityTagOf(profile);
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (matches(request.headers['if-none-match'], tag)) return reply.code(304).send();
  return profile;
}

async function getDecisions(request: ProfileRequest, { profiles, settings }: ProfileRouteDeps) {
  const items = await profiles.decisions(settings.tenant, identifierOf(request));
  if (items === undefined) throw nobody();
  return { items };
}

function identifierOf({ params, query }: ProfileRequest): SentIdentifier {
  const { type, value } = params;
  return query.scope === undefined ? { type, value } : { type, value, scope: query.scope };
}

const nobody = (): Refusal =>
  new Refusal('not_found', 'Nobody is known by this identifier: check its type, scope and value.');

/** Weak: the moment of reading is not part of it, so that nothing new is 304. */
function entityTagOf(profile: ProfileView): string {
  const text = JSON.stringify({ ...profile, asOf: null });
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

const matches = (header: string | undefined, tag: string): boolean =>
  header !== undefined && header.split(',').some((one) => one.trim() === tag);
