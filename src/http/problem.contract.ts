/** What every refusal of the edge must be, whatever was sent, and what must hold after it. */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { ERROR_KINDS } from '../errors.ts';
import { event } from './edge-fixture.contract.ts';
import type { Edge } from './edge-fixture.contract.ts';
import type { Problem } from './problem.ts';

/** A request that must be refused, and how. */
export type Hostile = readonly [name: string, status: number, code: string, request: InjectOptions];

/** What about this answer is not as a refusal must be: nothing, if all is well. */
export function faultsOf(answer: LightMyRequestResponse): readonly string[] {
  const type = String(answer.headers['content-type']);
  if (!type.startsWith('application/problem+json')) return [`it is ${type}`];
  const problem: Problem = answer.json();
  const { status, code, title, detail, instance, errors, requestId } = problem;
  const rules: Readonly<Record<string, boolean>> = {
    'its status is that of its code': ERROR_KINDS[code]?.status === status,
    'its status is that of the answer': status === answer.statusCode,
    'its type is the page of its code': problem.type === `/docs/errors#${code}`,
    'it has a title': title !== '',
    'its detail is a sentence': detail.endsWith('.'),
    'its instance is the request': instance === `urn:uuid:${requestId}`,
    'every error has a pointer and a message': errors.every(
      ({ pointer, message }) => /^(\/|$)/.test(pointer) && message !== '',
    ),
    'it shows nothing of our code': !/node_modules|\bat [^ ]+ \(|\.[tj]s:/.test(answer.body),
    'it is small': answer.body.length < 20_000,
  };
  return Object.keys(rules).filter((rule) => rules[rule] !== true);
}

export const UNHARMED = { appended: [], logged: [], next: 200 };

/** What the refusal left behind, and whether the next sender is served. */
export async function aftermathOf(app: FastifyInstance, edge: Edge) {
  const appended = edge.appended.splice(0);
  const request = { method: 'POST', url: '/v1/events', payload: event() } as const;
  const next = (await app.inject(request)).statusCode;
  edge.appended.length = 0;
  return { appended, logged: [...edge.logged], next };
}
