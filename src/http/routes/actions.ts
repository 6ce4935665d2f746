/** `GET /v1/actions`: what was decided lately, for whom and why, newest first. */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Action } from '../../domain/message.ts';
import type { ActionFeed, ActionQuery } from '../../ports/action-feed.ts';
import { MOMENT, answer, answers } from '../schemas.ts';
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

const PAGE = Type.Object({
  items: Type.Array(ACTION),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});

export function actionRoutes(app: FastifyInstance, { actions, settings }: ActionRouteDeps): void {
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
    async ({ query }): Promise<Static<typeof PAGE>> => {
      const asked: ActionQuery = { limit: 100, ...query, tenant: settings.tenant };
      const { items, nextCursor } = await actions.latest(asked);
      return { items: items.map(toView), nextCursor };
    },
  );
}

/** An action as everybody outside reads it. */
function toView(action: Action): Static<typeof ACTION> {
  const { id, trigger, profile, event, correlation, dueAt, decidedAt, outcome, reason } = action;
  const coupon = action.steps.find((step) => 'coupon' in step)?.coupon;
  const channel = action.steps.find((step) => 'channel' in step)?.channel;
  return {
    id,
    trigger,
    profile,
    event,
    ...(correlation === null ? {} : { correlation }),
    ...(dueAt === null ? {} : { dueAt: toIso(dueAt) }),
    decidedAt: toIso(decidedAt),
    outcome,
    ...(reason === null ? {} : { reason }),
    ...(coupon === undefined ? {} : { coupon }),
    ...(channel === undefined ? {} : { channel }),
  };
}

const toIso = (moment: number): string => new Date(moment).toISOString();
