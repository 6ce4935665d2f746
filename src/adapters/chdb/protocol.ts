/**
 * ClickHouse's HTTP protocol as pure functions: what a request asks for, which status an exception
 * becomes, what the headers say. Knows no engine and no socket.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly path: string;
  /** From the address; the body follows it on a new line. */
  readonly query: string;
  readonly database: string;
  /** Used where the text names no FORMAT. */
  readonly format: string;
  readonly queryId: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
  readonly user: string;
  readonly key: string;
  readonly wantsGzip: boolean;
}

/** Parameters of the address that are the protocol's own, not settings of the engine. */
const PROTOCOL_PARAMS: ReadonlySet<string> = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'user',
  'password',
  'quota_key',
  'role',
  'compress',
  'decompress',
  'enable_http_compression',
  'http_zlib_compression_level',
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_write_exception_in_output_format',
  'add_http_cors_header',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
]);
const INSERT = /^\s*INSERT\s+INTO\s/i;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FORMAT_AT_END = /\bFORMAT\s+`?([A-Za-z][A-Za-z0-9]*)`?\s*;?\s*$/i;
/** Ends an INSERT whose rows are the body of its request. */
export const FORMAT_OF_ROWS = /\s+FORMAT\s+[A-Za-z][A-Za-z0-9]*\s*$/i;

export class ProtocolError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}`);
    this.code = code;
  }
}

/** Throws `ProtocolError` for what no ClickHouse would take. */
export function readRequest(url: string, headers: IncomingHttpHeaders): Asked {
  const { pathname, searchParams } = new URL(url, 'http://engine');
  const settings = new Map<string, string>();
  const params = new Map<string, string>();
  for (const [name, value] of searchParams) {
    if (name.startsWith('param_')) params.set(checkName(name.slice('param_'.length)), value);
    else if (!PROTOCOL_PARAMS.has(name)) settings.set(checkName(name), value);
  }
  if (searchParams.get('decompress') === '1' || searchParams.get('compress') === '1')
    throw new ProtocolError(
      48,
      'Native compression is not spoken here: use gzip. (NOT_IMPLEMENTED)',
    );
  const { user, key } = credentials(searchParams, headers);
  return {
    path: pathname,
    query: searchParams.get('query') ?? '',
    database: searchParams.get('database') ?? header(headers, 'x-clickhouse-database') ?? '',
    format:
      searchParams.get('default_format') ??
      header(headers, 'x-clickhouse-format') ??
      'TabSeparated',
    queryId: searchParams.get('query_id') ?? undefined,
    settings,
    params,
    user,
    key,
    wantsGzip:
      searchParams.get('enable_http_compression') === '1' &&
      (header(headers, 'accept-encoding') ?? '').includes('gzip'),
  };
}

function credentials(
  search: URLSearchParams,
  headers: IncomingHttpHeaders,
): { readonly user: string; readonly key: string } {
  const user = header(headers, 'x-clickhouse-user');
  if (user !== undefined) return { user, key: header(headers, 'x-clickhouse-key') ?? '' };
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic !== undefined) {
    const text = new TextDecoder().decode(Buffer.from(basic, 'base64'));
    const colon = text.indexOf(':');
    return colon < 0
      ? { user: text, key: '' }
      : { user: text.slice(0, colon), key: text.slice(colon + 1) };
  }
  return { user: search.get('user') ?? 'default', key: search.get('password') ?? '' };
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new ProtocolError(115, `Unknown setting or parameter '${name}'. (UNKNOWN_SETTING)`);
}

/** Rows stand apart from the text of their INSERT where the address has the text and the body the rows. */
export function splitRows(
  query: string,
  body: Uint8Array,
): { readonly text: string; readonly rows: Uint8Array | undefined } {
  if (body.length > 0 && INSERT.test(query) && FORMAT_OF_ROWS.test(query))
    return { text: query, rows: body };
  const text = body.length === 0 ? '' : new TextDecoder().decode(body);
  return {
    text: query === '' || text === '' ? query + text : `${query}\n${text}`,
    rows: undefined,
  };
}

/** A string literal of the engine's SQL. */
export const quote = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** An identifier of the engine's SQL. */
export const quoteName = (name: string): string =>
  `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

export interface EngineFault {
  readonly code: number;
  readonly text: string;
}

/** chDB's message -> code and the text ClickHouse would send. Without a code: 1001, as ClickHouse's. */
export function readFault(message: string): EngineFault {
  const text = message.replace(/^Query failed: /, '').trim();
  const code = Number(/\bCode: (\d+)\. /.exec(text)?.[1] ?? 1001);
  return { code, text: text.startsWith('Code: ') ? text : `Code: ${code}. DB::Exception: ${text}` };
}

const BAD_REQUEST = [6, 25, 26, 27, 36, 38, 41, 43, 47, 53, 62, 69, 70, 72, 73, 115, 117, 130, 153];
const STATUS_OF_CODE: ReadonlyMap<number, number> = new Map([
  ...BAD_REQUEST.map((code) => [code, 400] as const),
  ...[16, 46, 50, 60, 63, 79, 81].map((code) => [code, 404] as const),
  ...[159, 160].map((code) => [code, 408] as const),
  [48, 501],
  [202, 429],
  [223, 413],
  [516, 403],
]);

export const statusOf = (code: number): number => STATUS_OF_CODE.get(code) ?? 500;

/** The format of an answer: named in the text, else the one asked for beside it. */
export const formatOf = (text: string, fallback: string): string =>
  FORMAT_AT_END.exec(text.slice(-200))?.[1] ?? fallback;

export function contentTypeOf(format: string): string {
  if (/^JSON(Compact)?$|^JSON(Compact)?Strings$/.test(format))
    return 'application/json; charset=UTF-8';
  if (/EachRow|JSONLines|NDJSON/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=present';
  if (/^(TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (/^(Pretty|Vertical|Markdown)/.test(format)) return 'text/plain; charset=UTF-8';
  return 'application/octet-stream';
}
