/**
 * What the engine and the connection say when something fails, in our words. The engine away, full or
 * overloaded is `archive_unavailable`: it waits. Everything else is the question's own fault.
 */
import { ClickHouseError } from '@clickhouse/client';
import { messageOf, WeftError, type ErrorCode } from '../../errors.ts';

/** ClickHouse's codes for trouble that passes: memory, disk, parts, read-only, overload, connections. */
const PASSES: ReadonlySet<string> = new Set(
  '202 203 209 210 236 241 242 243 252 319 394 425 439 516 733 745 999 1001'.split(' '),
);
const TIMED_OUT: ReadonlySet<string> = new Set(['159', '160']);
const READ_ONLY: ReadonlySet<string> = new Set(['164', '452', '497']);
const TOO_MANY_ROWS: ReadonlySet<string> = new Set(['158', '307', '396']);
const MESSAGE_CHARS_MAX = 1_000;
/** The engine names the question it was asked about the statement: that one is ours. */
const OWN_SCOPE = /: In scope SELECT formatQuerySingleLine[\s\S]*$/;

/** For what we do ourselves: inserts, schema, trusted questions. */
export function failureOf(what: string, error: unknown): WeftError {
  if (error instanceof WeftError) return error;
  if (!(error instanceof ClickHouseError)) return unavailable(what, error);
  if (PASSES.has(error.code) || TIMED_OUT.has(error.code) || READ_ONLY.has(error.code))
    return unavailable(what, error);
  return because('query_failed', `${what}: ${shorten(error.message)}`, error);
}

/** For somebody else's question. */
export function readFailureOf(error: unknown, timeoutMs: number): WeftError {
  if (error instanceof WeftError) return error;
  if (isAbort(error))
    return because('query_timeout', `The query did not end within ${timeoutMs / 1_000} s.`, error);
  // Seen: WITH TOTALS over no rows comes out of the engine as broken JSON.
  if (error instanceof SyntaxError)
    return because('query_failed', 'The engine could not write this answer as JSON.', error);
  if (!(error instanceof ClickHouseError)) return unavailable('the query', error);
  const { code } = error;
  if (TIMED_OUT.has(code))
    return because('query_timeout', `The query did not end within ${timeoutMs / 1_000} s.`, error);
  if (code === '202') return because('overloaded', 'Too many queries run at the moment.', error);
  if (code === '241')
    return because(
      'query_failed',
      'The query needs more memory than it may have. Narrow it.',
      error,
    );
  if (TOO_MANY_ROWS.has(code))
    return because('query_failed', 'The answer is too large: add LIMIT, or aggregate.', error);
  if (/Multi-statements are not allowed/.test(error.message))
    return because(
      'query_refused',
      'One statement at a time: leave out what follows the `;`.',
      error,
    );
  if (READ_ONLY.has(code)) return because('query_refused', shorten(error.message), error);
  if (PASSES.has(code)) return unavailable('the query', error);
  return because('query_failed', shorten(error.message.replace(OWN_SCOPE, '')), error);
}

/** The deadline of a request passed before its answer came. */
const isAbort = (error: unknown): boolean =>
  error instanceof Error &&
  (/abort|timed? ?out/i.test(error.name) || /abort|timeout/i.test(error.message)) &&
  !(error instanceof ClickHouseError);

const unavailable = (what: string, error: unknown): WeftError =>
  because(
    'archive_unavailable',
    `The analytics store did not take ${what}: ${shorten(messageOf(error))}`,
    error,
  );

function because(code: ErrorCode, message: string, error: unknown): WeftError {
  return error instanceof ClickHouseError
    ? new WeftError(code, message, { cause: error, details: { engineCode: Number(error.code) } })
    : new WeftError(code, message, { cause: error });
}

const shorten = (text: string): string =>
  text.length <= MESSAGE_CHARS_MAX ? text : `${text.slice(0, MESSAGE_CHARS_MAX)} …`;
