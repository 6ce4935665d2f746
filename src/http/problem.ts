/**
 * Every refusal of the edge, as RFC 9457 `application/problem+json`. Codes come from `errors.ts`
 * alone. What went wrong on our side is `internal` and says nothing more: the log has the cause,
 * under the same request id.
 */
import { ERROR_KINDS, WeftError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';

/** One fault: where it lies (RFC 6901, into what was sent) and what to do about it. */
export interface ProblemError {
  readonly pointer: string;
  readonly message: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly errors: readonly ProblemError[];
  readonly requestId: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** Where `type` leads: served by every Weft, and kept in docs/reference/errors.md. */
export const ERRORS_PAGE = '/docs/errors';

export interface RefusalOptions {
  readonly errors?: readonly ProblemError[];
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** What the edge itself refuses, with all an answer needs. */
export class Refusal extends WeftError {
  readonly errors: readonly ProblemError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: RefusalOptions = {}) {
    super(code, message, { cause: options.cause });
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}

export function toProblem(refusal: Refusal, requestId: string): Problem {
  const { code, message } = refusal;
  return {
    type: `${ERRORS_PAGE}#${code}`,
    title: titleOf(code),
    status: ERROR_KINDS[code].status,
    detail: message,
    instance: `urn:uuid:${requestId}`,
    code,
    errors: refusal.errors,
    requestId,
  };
}

/** `malformed_json` reads `Malformed json`: the same for every occurrence, as the RFC asks. */
export const titleOf = (code: ErrorCode): string =>
  code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');

/** Whatever was thrown while a request was served, as the refusal its sender may see. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof WeftError) {
    if (ERROR_KINDS[error.code].status === 500) return internal(error);
    return new Refusal(error.code, error.message, { cause: error });
  }
  return fromFramework(error) ?? internal(error);
}

const internal = (cause: unknown): Refusal =>
  new Refusal('internal', 'Something failed on our side: report the requestId.', { cause });

/** The faults that Fastify finds before a route sees the request. */
function fromFramework(error: unknown): Refusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, validation, validationContext, statusCode } = error as FrameworkError;
  if (validation !== undefined) return invalidParameter(validation, validationContext);
  const known = code === undefined ? undefined : FRAMEWORK_REFUSALS.get(code);
  if (known !== undefined) return new Refusal(known.code, known.message);
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  return new Refusal('malformed_request', 'The request could not be read: check how it is made.');
}

interface FrameworkError extends Error {
  readonly code?: string;
  readonly statusCode?: number;
  readonly validation?: readonly Violation[];
  readonly validationContext?: string;
}

/** What a schema found wrong, in the words Ajv and TypeBox share. */
interface Violation {
  readonly keyword?: string;
  readonly instancePath: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

const FRAMEWORK_REFUSALS: ReadonlyMap<
  string,
  { readonly code: ErrorCode; readonly message: string }
> = new Map([
  [
    'FST_ERR_BAD_URL',
    {
      code: 'malformed_request',
      message: 'The address holds a broken percent-encoding: encode it as UTF-8.',
    },
  ],
  [
    'FST_ERR_MAX_PARAM_LENGTH',
    { code: 'invalid_parameter', message: 'A part of the address is too long.' },
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    { code: 'unsupported_media_type', message: 'The Content-Type cannot be read.' },
  ],
]);

const PART_NAMES: ReadonlyMap<string, string> = new Map([
  ['params', 'address'],
  ['querystring', 'query string'],
  ['body', 'body'],
  ['headers', 'headers'],
]);

function invalidParameter(violations: readonly Violation[], context = 'request'): Refusal {
  const part = PART_NAMES.get(context) ?? context;
  const errors = violations
    .filter(({ keyword }) => keyword !== 'boolean')
    .map(({ instancePath, params, message = 'is not valid' }) => ({
      pointer: instancePath,
      message: message + namesIn(params ?? {}),
    }));
  const first = errors.slice(0, 1).map(({ pointer, message }) => `${pointer} ${message}`.trim());
  const detail = ['The', part, 'is not as the reference describes it'].join(' ');
  return new Refusal('invalid_parameter', `${[detail, ...first].join(': ')}.`, { errors });
}

/** Which names, which values: the sender's own ones are cut. */
function namesIn(params: Readonly<Record<string, unknown>>): string {
  const names = params['additionalProperties'] ?? params['allowedValues'];
  if (!Array.isArray(names)) return '';
  const list = names.slice(0, 10).map((name) => JSON.stringify(String(name).slice(0, 40)));
  return `: ${list.join(', ')}`;
}
