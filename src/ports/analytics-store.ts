/**
 * The analytics store: a projection of the log that analysts ask in SQL. Rows go into tables whose
 * keys make a repeated row one row; the public views of database `weft` are right at every moment,
 * whatever was sent twice. It may be away for minutes: nobody but archive and reports waits for it.
 */
export interface Migration {
  /** From 1, without gaps. */
  readonly number: number;
  readonly name: string;
  /** Each safe to run again: after a crash the whole migration runs a second time. */
  readonly statements: readonly string[];
}

export interface Column {
  readonly name: string;
  /** The engine's word: `String`, `Int64`, `Nullable(DateTime64(3, 'UTC'))` … */
  readonly type: string;
}

export interface Answer {
  readonly meta: readonly Column[];
  /** Column to value. A whole number beyond 2^53 is text: as a number it would lose digits. */
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly rows: number;
}

export interface QueryLimits {
  readonly timeoutMs: number;
  /** More rows than this are refused, never cut off. */
  readonly rowsMax: number;
  readonly memoryBytesMax: number;
}

export interface Question {
  /** Values of `{name:Type}`: strings, numbers, booleans, null, lists of these. Never in the text. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** What is left out has the store's default. */
  readonly limits?: Partial<QueryLimits>;
}

/** The forms a streamed answer can have, by the engine's own names. */
export const STREAM_FORMATS = [
  'JSON',
  'JSONCompact',
  'JSONEachRow',
  'JSONCompactEachRow',
  'CSV',
  'CSVWithNames',
  'TabSeparated',
  'TabSeparatedWithNames',
  'TabSeparatedWithNamesAndTypes',
  'PrettyCompact',
  'PrettyCompactNoEscapes',
  'Vertical',
  'Markdown',
] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

export interface StreamQuestion extends Question {
  readonly format: StreamFormat;
}

/** Rows in the engine's columnar form (`runtime/native/` writes it): the cheapest to store. */
export interface RowBlock {
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/**
 * Every method fails with `archive_unavailable` (retriable) while the store is away, overloaded or
 * out of disk; a call that failed so may have been carried out all the same.
 */
export interface AnalyticsStore {
  /**
   * Brings the tables to the newest migration; does nothing when they are there. Schema of a newer
   * Weft: `data_dir_newer`, and nothing is changed. One process at a time.
   */
  migrate(): Promise<void>;
  /**
   * Stores rows in a stored table, named without its database: each the JSON text of one object, or
   * all as one block. Columns go by name; one left out has its default, an unknown one is ignored.
   * Durable when it resolves. The same rows under the same token are stored once, also after a
   * restart; the same rows under another token are read once. No rows: nothing happens.
   * `query_failed`: a row does not fit the table, and none was stored.
   */
  insert(table: string, rows: readonly string[] | RowBlock, token: string): Promise<void>;
  /** Our own question, in trusted text; everything variable comes in `params`. Moments come as text. */
  query(sql: string, question?: Question): Promise<Answer>;
  /**
   * A question of somebody else: one read-only statement over the views of `weft`, unqualified or
   * not, and a few facts about them. Anything else is `query_refused` with what to do instead,
   * before it runs; over the time limit `query_timeout`; wrong, or over another limit, `query_failed`.
   */
  queryReadOnly(sql: string, question?: Question): Promise<Answer>;
  /** The same, for many rows: bytes in the format asked for. Errors come before the first byte. */
  streamReadOnly(sql: string, question: StreamQuestion): Promise<AsyncIterable<Uint8Array>>;
  /** Questions of others are `shutting_down`, those under way too. What is written goes on. */
  cancelReads(): void;
  /** Does it answer at all? Never fails. */
  ping(): Promise<boolean>;
  /** Lets go of connections. What is under way may fail. */
  close(): Promise<void>;
}
