/**
 * The analytics store over ClickHouse's HTTP protocol: the embedded engine and a cluster alike. Tokens
 * and limits travel inside the statement or the request, never as settings of a session. A question of
 * somebody else is first read by the engine itself, checked (`sql-guard.ts`), and run as it was checked.
 */
import { Readable } from 'node:stream';
import {
  createClient,
  drainStream,
  type ClickHouseClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import { WeftError } from '../../errors.ts';
import {
  STREAM_FORMATS,
  type AnalyticsStore,
  type Answer,
  type Migration,
  type QueryLimits,
  type Question,
  type RowBlock,
  type StreamQuestion,
} from '../../ports/analytics-store.ts';
import { readAnswer } from './answer.ts';
import { failureOf, readFailureOf } from './failures.ts';
import { runMigrations } from './migrations.ts';
import {
  checkStatement,
  FUNCTIONS_AMONG,
  STATEMENT_BYTES_MAX,
  whyNamesRefused,
} from './sql-guard.ts';

export interface ClickHouseOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** In order, numbered from 1. */
  readonly migrations: readonly Migration[];
  readonly limits?: Partial<QueryLimits>;
}

const DEFAULT_LIMITS: QueryLimits = {
  timeoutMs: 10_000,
  rowsMax: 100_000,
  memoryBytesMax: 1024 ** 3,
};
/** Inserts, schema, trusted questions. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Lets the engine say itself that time is up. */
const DEADLINE_GRACE_MS = 3_000;
const CONNECTIONS_MAX = 16;
const TABLE_NAME = /^[a-z_][a-z0-9_]*$/;
const QUIET = 127;

type Params = Readonly<Record<string, unknown>>;

export function openClickHouse(options: ClickHouseOptions): AnalyticsStore {
  const connect = (database: string): ClickHouseClient =>
    createClient({
      url: options.url,
      username: options.username,
      password: options.password,
      database,
      request_timeout: REQUEST_TIMEOUT_MS,
      max_open_connections: CONNECTIONS_MAX,
      log: { level: QUIET },
    });
  const engine = connect('default');
  const analysts = connect('weft');
  const defaults: QueryLimits = { ...DEFAULT_LIMITS, ...options.limits };

  const cancelled = new AbortController();

  async function execute(what: string, statement: string): Promise<void> {
    try {
      await engine.command({ query: statement });
    } catch (error) {
      throw failureOf(what, error);
    }
  }

  async function ask(sql: string, question: Question): Promise<Answer> {
    const { timeoutMs } = { ...defaults, ...question.limits };
    try {
      const result = await engine.query({
        query: sql,
        format: 'JSON',
        query_params: { ...question.params },
        clickhouse_settings: trustedSettings(question.limits),
        abort_signal: AbortSignal.timeout(
          question.limits?.timeoutMs === undefined ? REQUEST_TIMEOUT_MS : timeoutMs,
        ),
      });
      return readAnswer(await result.text());
    } catch (error) {
      throw failureOf('a question', error);
    }
  }

  /** Runs `work` under the limits of a guarded question, with one deadline over all its steps. */
  async function guarded<T>(
    sql: string,
    question: Question,
    work: (statement: string, settings: ClickHouseSettings, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limits = { ...defaults, ...question.limits };
    const deadline = AbortSignal.timeout(limits.timeoutMs + DEADLINE_GRACE_MS);
    const signal = AbortSignal.any([deadline, cancelled.signal]);
    try {
      signal.throwIfAborted();
      const statement = await check(sql, question.params ?? {}, signal);
      return await work(statement, guardedSettings(limits), signal);
    } catch (error) {
      if (cancelled.signal.aborted)
        throw new WeftError('shutting_down', 'this process is stopping', { cause: error });
      throw readFailureOf(error, limits.timeoutMs);
    }
  }

  async function check(sql: string, params: Params, signal: AbortSignal): Promise<string> {
    if (new TextEncoder().encode(sql).length > STATEMENT_BYTES_MAX)
      throw new WeftError(
        'query_refused',
        `A statement may have ${STATEMENT_BYTES_MAX / 1024} KB. Put lists into parameters or tables.`,
      );
    const read = async (query: string, query_params: Params): Promise<string> => {
      const result = await analysts.query({
        query,
        format: 'TabSeparatedRaw',
        query_params: { ...query_params },
        clickhouse_settings: guardedSettings(DEFAULT_LIMITS),
        abort_signal: signal,
      });
      return (await result.text()).replace(/\n$/, '');
    };
    const line = await read('SELECT formatQuerySingleLine({statement:String})', { statement: sql });
    const tree = await read(`EXPLAIN AST ${line}`, params);
    const checked = checkStatement(line, tree);
    if (checked.kind === 'refused') throw new WeftError('query_refused', checked.reason);
    if (checked.names.names.length > 0) {
      const functions = await read(FUNCTIONS_AMONG, { ...checked.names });
      const reason = whyNamesRefused(functions === '' ? [] : functions.split('\n'));
      if (reason !== undefined) throw new WeftError('query_refused', reason);
    }
    return checked.statement;
  }

  return {
    migrate: () =>
      runMigrations(
        {
          execute: (statement) => execute('a migration', statement),
          applied: async () => {
            const { data } = await ask('SELECT DISTINCT number FROM weft_store.migrations', {});
            return data.map((row) => Number(row['number']));
          },
        },
        options.migrations,
      ),

    async insert(table, rows, token) {
      if (!TABLE_NAME.test(table)) throw new TypeError(`not a table's name: ${table}`);
      const { count, format, bytes } = bodyOf(rows);
      if (count === 0) return;
      try {
        const { stream } = await engine.exec({
          query: `INSERT INTO weft_store.${table} FORMAT ${format}`,
          values: Readable.from([bytes], { objectMode: false }),
          clickhouse_settings: insertSettings(token),
        });
        await drainStream(stream);
      } catch (error) {
        throw failureOf(`rows for ${table}`, error);
      }
    },

    query: (sql, question = {}) => ask(sql, question),

    queryReadOnly: (sql, question = {}) =>
      guarded(sql, question, async (statement, settings, signal) => {
        const result = await analysts.query({
          query: statement,
          format: 'JSON',
          query_params: { ...question.params },
          clickhouse_settings: settings,
          abort_signal: signal,
        });
        return readAnswer(await result.text());
      }),

    streamReadOnly(sql: string, question: StreamQuestion) {
      if (!STREAM_FORMATS.includes(question.format))
        throw new TypeError(`not a format: ${question.format}`);
      return guarded(sql, question, async (statement, settings, signal) => {
        const { stream } = await analysts.exec({
          query: `${statement}\nFORMAT ${question.format}`,
          query_params: { ...question.params },
          clickhouse_settings: { ...settings, wait_end_of_query: 1 },
          abort_signal: signal,
        });
        return stream as AsyncIterable<Uint8Array>;
      });
    },

    cancelReads: () => cancelled.abort(),

    async ping() {
      const { success } = await engine.ping();
      return success;
    },

    async close() {
      await Promise.all([engine.close(), analysts.close()]);
    },
  } satisfies AnalyticsStore;
}

interface InsertBody {
  readonly count: number;
  readonly format: 'Native' | 'JSONEachRow';
  readonly bytes: Uint8Array;
}

const bodyOf = (rows: readonly string[] | RowBlock): InsertBody =>
  'bytes' in rows
    ? { count: rows.rows, format: 'Native', bytes: rows.bytes }
    : { count: rows.length, format: 'JSONEachRow', bytes: Buffer.from(rows.join('\n')) };

/** `optimize_on_insert` would merge copies of a row at once, which FINAL and every merge do anyway. */
const insertSettings = (token: string): ClickHouseSettings => ({
  async_insert: 0,
  optimize_on_insert: 0,
  input_format_skip_unknown_fields: 1,
  insert_deduplicate: 1,
  insert_deduplication_token: token,
});

const trustedSettings = (limits: Partial<QueryLimits> | undefined): ClickHouseSettings => ({
  output_format_json_quote_64bit_integers: 0,
  ...(limits?.timeoutMs !== undefined && { max_execution_time: seconds(limits.timeoutMs) }),
  ...(limits?.rowsMax !== undefined && { max_result_rows: String(limits.rowsMax) }),
  ...(limits?.memoryBytesMax !== undefined && { max_memory_usage: String(limits.memoryBytesMax) }),
});

/** `readonly` is in force from the moment the request has been read: the statement cannot lift it. */
const guardedSettings = (limits: QueryLimits): ClickHouseSettings => ({
  readonly: '1',
  max_execution_time: seconds(limits.timeoutMs),
  max_result_rows: String(limits.rowsMax),
  max_memory_usage: String(limits.memoryBytesMax),
  result_overflow_mode: 'throw',
  output_format_json_quote_64bit_integers: 0,
});

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));
