/** `GET /v1/actions`: what was decided lately, for whom and why, newest first. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Action } from '../../domain/message.ts';
import type { ActionFeed, ActionQuery } from '../../ports/action-feed.ts';
import { JSON_ANSWER_TYPE, MOMENT, answer, answers } from '../schemas.ts';
import type { HttpSettings } from '../settings.ts';

export interface ActionRouteDeps {
  readonly actions: ActionFeed;
  readonly settings: HttpSettings;
}

const NAME = { minLength: 1, maxLength: 256 };

const QUERY = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
    cursor: Type.Optional(Type.String({ ...NAME, description: '`nextCursor` of the last page' })),
    trigger: Type.Optional(Type.String(NAME)),
    profile: Type.Optional(Type.String({ ...NAME, description: 'The id a lookup answers' })),
    outcome: Type.Optional(Type.Enum(['decided', 'suppressed'])),
  },
  { additionalProperties: false },
);

const ACTION = Type.Object({
  id: Type.String(),
  trigger: Type.String(),
  profile: Type.String(),
  event: Type.String({ description: 'The event that caused it; empty where none did' }),
  correlation: Type.Optional(Type.String()),
  dueAt: Type.Optional(MOMENT),
  decidedAt: MOMENT,
  outcome: Type.Enum(['decided', 'suppressed']),
  reason: Type.Optional(Type.String({ description: 'Why nothing was done' })),
  coupon: Type.Optional(Type.String({ description: 'The coupon its first issuing step names' })),
  channel: Type.Optional(Type.String({ description: 'The channel its first sending step names' })),
});

/** As the framework wants it, by which it remembers what it made of it. */
const ACTION_SCHEMA = ACTION as object as Readonly<Record<string, unknown>>;

const PAGE = Type.Object({
  items: Type.Array(ACTION),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

export function actionRoutes(app: FastifyInstance, { actions, settings }: ActionRouteDeps): void {
  /** An action never changes, and who polls reads it again and again: it is written once. */
  const written = new WeakMap<Action, string>();

  function write(action: Action, reply: FastifyReply): string {
    const known = written.get(action);
    if (known !== undefined) return known;
    const text = reply.compileSerializationSchema(ACTION_SCHEMA)(toView(action));
    written.set(action, text);
    return text;
  }

  app.get<{ Querystring: Static<typeof QUERY> }>(
    '/v1/actions',
    {
      schema: {
        operationId: 'listActions',
        summary: 'Decisions, newest first',
        tags: ['actions'],
        querystring: QUERY,
        response: answers(answer('A page', PAGE), 400),
      },
    },
    async ({ query }, reply) => {
      const asked: ActionQuery = { limit: 100, ...query, tenant: settings.tenant };
      const { items, nextCursor } = await actions.latest(asked);
      const texts: string[] = [];
      for (const action of items) texts.push(write(action, reply));
      void reply.type(JSON_ANSWER_TYPE);
      return `{"items":[${texts.join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`;
    },
  );
}

/** An action as everybody outside reads it; what is undefined is not written. */
function toView(action: Action) {
  const { id, trigger, profile, event, correlation, dueAt, decidedAt, outcome, reason } = action;
  return {
    id,
    trigger,
    profile,
    event,
    correlation: correlation ?? undefined,
    dueAt: dueAt === null ? undefined : toIso(dueAt),
    decidedAt: toIso(decidedAt),
    outcome,
    reason: reason ?? undefined,
    coupon: action.steps.find((step) => 'coupon' in step)?.coupon,
    channel: action.steps.find((step) => 'channel' in step)?.channel,
  };
}

const toIso = (moment: number): string => new Date(moment).toISOString();
