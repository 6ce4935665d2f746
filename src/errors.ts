/**
 * Every way an operation can fail, in one table: whether trying again can help, the HTTP status it
 * becomes at the edge, and what the person reading it can do. Expected outcomes are values, not
 * errors; our own mistakes are assertions. Nothing outside this file invents a code.
 */
interface ErrorKind {
  readonly status: number;
  readonly retriable: boolean;
  readonly advice: string;
}

const kind = (status: number, retriable: boolean, advice: string): ErrorKind => ({
  status,
  retriable,
  advice,
});

export const ERROR_KINDS = {
  malformed_request: kind(
    400,
    false,
    'Send a well-formed HTTP request; the message names what is not.',
  ),
  malformed_json: kind(400, false, 'Send valid JSON in UTF-8.'),
  invalid_event: kind(400, false, 'Correct the event at the pointer named and send it again.'),
  invalid_parameter: kind(400, false, 'Correct the parameter named.'),
  missing_identifier: kind(400, false, 'Give the event at least one identifier.'),
  idempotency_key_required: kind(400, false, 'Send an Idempotency-Key header.'),
  unknown_key: kind(401, false, 'Use a key that this installation knows.'),
  insufficient_scope: kind(403, false, 'Use a key with the scope named.'),
  host_not_allowed: kind(403, false, 'Address it as localhost, or by its loopback address.'),
  not_found: kind(404, false, 'Check the address and the identifiers in it.'),
  method_not_allowed: kind(405, false, 'Use one of the methods in the Allow header.'),
  not_acceptable: kind(406, false, 'Ask for one of the media types named.'),
  request_timeout: kind(408, true, 'Send the whole request at once, over a better connection.'),
  already_running: kind(409, false, 'Wait for the other process, or stop it.'),
  version_conflict: kind(412, false, 'Read the newest version and repeat the change on it.'),
  invalid_catalogue: kind(422, false, 'Run `weft check`; it names file, line and a suggestion.'),
  query_refused: kind(422, false, 'Ask with one read-only statement over the tables of `weft`.'),
  query_failed: kind(422, false, 'Correct the statement; the engine says where it stopped.'),
  body_too_large: kind(413, false, 'Send smaller requests.'),
  event_too_large: kind(413, false, 'Make the event smaller; the limit is in the message.'),
  batch_too_large: kind(413, false, 'Send fewer events a request.'),
  unsupported_media_type: kind(415, false, 'Send application/json.'),
  headers_too_large: kind(431, false, 'Send a shorter address and fewer or shorter headers.'),
  rate_limited: kind(429, true, 'Wait for the seconds in Retry-After.'),
  overloaded: kind(429, true, 'Wait for the seconds in Retry-After.'),
  log_unavailable: kind(429, true, 'Wait for the seconds in Retry-After; nothing was accepted.'),
  disk_guard: kind(429, true, 'Free disk space; ingestion starts again by itself.'),
  shutting_down: kind(429, true, 'Wait for the seconds in Retry-After; the process is stopping.'),
  internal: kind(500, false, 'Report the requestId; the log has the cause.'),
  projection_rebuilding: kind(
    503,
    true,
    'Try again when /readyz says ready; after a rebuild cut short, run `weft rebuild`.',
  ),
  store_unavailable: kind(
    503,
    true,
    'Check the store named; work goes on by itself when it is back.',
  ),
  archive_unavailable: kind(503, true, 'Check the analytics store; triggers are not affected.'),
  query_timeout: kind(504, false, 'Narrow the query, or ask for fewer rows.'),
  data_dir_in_use: kind(409, false, 'Stop the other process, or use another --data-dir.'),
  invalid_settings: kind(500, false, 'Correct the settings named.'),
  invalid_usage: kind(400, false, 'See --help.'),
  already_ingested: kind(409, false, 'Use --again to read the same file a second time.'),
  unreadable_file: kind(422, false, 'Get the file again, whole, and repeat the command.'),
  data_dir_newer: kind(500, false, 'Open this data directory with the newer Weft that wrote it.'),
  data_dir_older: kind(
    500,
    false,
    'Make a new data directory and read the events into it again, or open it with the Weft that wrote it.',
  ),
  corrupt_data: kind(500, false, 'Restore from a backup, or delete the projection and rebuild it.'),
  stuck: kind(500, false, 'Restart the process and report the stage named in the message.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export interface WeftErrorOptions {
  readonly cause?: unknown;
  /** Facts for the reader: pointers, names, limits. Never an identifier's value. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error Weft throws on purpose. The runner alone decides to retry. */
export class WeftError extends Error {
  override readonly name = 'WeftError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: WeftErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get retriable(): boolean {
    return ERROR_KINDS[this.code].retriable;
  }

  get advice(): string {
    return ERROR_KINDS[this.code].advice;
  }
}

export const isRetriable = (error: unknown): boolean =>
  error instanceof WeftError && error.retriable;

/** The text of anything thrown, for messages and logs. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
