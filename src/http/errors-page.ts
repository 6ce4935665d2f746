/** The page that `type` of every problem leads to, made from the one table of errors. */
import { ERROR_KINDS } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { titleOf } from './problem.ts';

export function errorsPage(): string {
  const codes = Object.keys(ERROR_KINDS) as ErrorCode[];
  return [
    '# Errors',
    '',
    'Every refusal is `application/problem+json` (RFC 9457). Its `code` is one of these and keeps its',
    'meaning; `detail` and `errors` say what this request had. *Retry* means: the same request can',
    'succeed later; `Retry-After` says when. Codes without a place in HTTP are printed by the commands.',
    '',
    ...codes.flatMap(section),
  ].join('\n');
}

function section(code: ErrorCode): readonly string[] {
  const { status, retriable, advice } = ERROR_KINDS[code];
  return [
    `## ${code}`,
    '',
    `${titleOf(code)} · status ${status} · ${retriable ? 'retry' : 'do not retry unchanged'}`,
    '',
    advice,
    '',
  ];
}
