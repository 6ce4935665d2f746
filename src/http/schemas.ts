/**
 * What several routes share of the HTTP reference: problems, and the parts of an answer. Answers are
 * serialised by these schemas, so nothing leaves that is not written here.
 */
import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import { PROBLEM_TYPE } from './problem.ts';

/** Of answers that a route writes itself, as Fastify has it of those it writes. */
export const JSON_ANSWER_TYPE = 'application/json; charset=utf-8';

export const MOMENT = Type.String({ format: 'date-time' });

export const ANY_JSON = Type.Unknown({ description: 'Any JSON value' });

const PROBLEM_FIELDS = {
  type: Type.String({ description: 'Where this kind of refusal is explained' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: 'What was wrong, and what to do about it' }),
  instance: Type.String(),
  code: Type.String({ description: 'Stable; one of the codes in docs/reference/errors.md' }),
  errors: Type.Array(
    Type.Object({
      pointer: Type.String({ description: 'RFC 6901, into what was sent' }),
      message: Type.String(),
    }),
  ),
  requestId: Type.String(),
};

export const PROBLEM_SCHEMA = Type.Object(PROBLEM_FIELDS, {
  $id: 'Problem',
  description: 'RFC 9457. In the answer of POST /v1/events, `errors` are those of `rejected`.',
});

const problem = (description: string) => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
});

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'Not as this page describes it',
  404: 'Nothing there',
  413: 'Over a limit',
  415: 'Not a media type this route takes',
  422: 'Understood, and refused',
  429: 'Not now: `Retry-After` says in how many seconds',
  503: 'Not ready: `Retry-After` says in how many seconds',
  504: 'It took too long',
};

export const answer = (description: string, schema: TSchema | object) => ({
  description,
  content: { 'application/json': { schema } },
});

/** The answers of a route: the good one, and the refusals it knows beyond the common ones. */
export function answers(ok: object, ...statuses: readonly number[]) {
  const problems = statuses.map((status) => [status, problem(PROBLEMS[status] ?? '')]);
  return { 200: ok, ...(Object.fromEntries(problems) as Record<number, object>) };
}
