/** `weft query`: SQL over everything Weft knows, read-only; beside a running server through it. */
import { Argument, Command, Option } from 'commander';
import { acquireLock } from '../adapters/lmdb/lock.ts';
import { openAnalytics } from '../app/analytics.ts';
import { SILENT } from '../app/logger.ts';
import { servingAt } from '../app/serving.ts';
import { existsSync } from 'node:fs';
import { WeftError, type ErrorCode, ERROR_KINDS } from '../errors.ts';
import type { StreamFormat } from '../ports/analytics-store.ts';
import { configOf, dataDirOption, urlOption, type CommonOptions } from './options.ts';

const FORMATS = ['table', 'json', 'jsonl', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** What the engine calls them. */
const ENGINE_FORMATS: Readonly<Record<Format, StreamFormat>> = {
  table: 'PrettyCompactNoEscapes',
  json: 'JSON',
  jsonl: 'JSONEachRow',
  csv: 'CSVWithNames',
};

const ROWS_MAX = 100_000_000;
const TIMEOUT_MS = 300_000;

interface QueryOptions extends CommonOptions {
  readonly format?: Format;
  readonly url?: string;
}

export const queryCommand = (): Command =>
  new Command('query')
    .description('Ask in SQL, read-only: rows on stdout and nothing else there')
    .addArgument(new Argument('<sql>', 'one statement over the tables of `weft`'))
    .addOption(
      new Option('--format <format>', 'default: table on a terminal, else jsonl').choices(FORMATS),
    )
    .addOption(dataDirOption())
    .addOption(urlOption())
    .addHelpText(
      'after',
      `
Tables: events profiles profile_identifiers tag_changes profile_tags merges actions deliveries dead_letters
Views:  rfm funnel trigger_performance tags. Money is in fen, times are UTC.
Beside a running server it is asked, and its limits hold: 100,000 rows, 10 seconds. Alone: 100 million
rows, five minutes.

Examples:
  weft query "SELECT type, count() FROM weft.events GROUP BY type ORDER BY 2 DESC"
  weft query "SELECT * FROM weft.rfm ORDER BY monetary DESC LIMIT 10" --format csv`,
    )
    .action(run);

async function run(sql: string, options: QueryOptions): Promise<void> {
  const config = configOf(options);
  const format = ENGINE_FORMATS[options.format ?? (process.stdout.isTTY ? 'table' : 'jsonl')];
  const url = options.url ?? servingAt(config.dataDir);
  if (url !== undefined) {
    await write(await overHttp(url, sql, format));
    return;
  }
  if (!existsSync(config.dataDir)) {
    throw new WeftError('invalid_usage', `there is no data directory ${config.dataDir}`);
  }
  const lock = acquireLock(config.dataDir);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  try {
    const analytics = await openAnalytics(config, SILENT, closers);
    const limits = { rowsMax: ROWS_MAX, timeoutMs: TIMEOUT_MS };
    await write(await analytics.streamReadOnly(sql, { format, limits }));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function overHttp(
  url: string,
  query: string,
  format: StreamFormat,
): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(`${url}/v1/sql?format=${format}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  }).catch((error: unknown) => {
    throw new WeftError('store_unavailable', `${url} cannot be reached`, { cause: error });
  });
  if (response.ok && response.body) return response.body as AsyncIterable<Uint8Array>;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  const code =
    problem.code !== undefined && problem.code in ERROR_KINDS ? problem.code : 'query_failed';
  throw new WeftError(code as ErrorCode, problem.detail ?? `${url} answered ${response.status}`);
}

const NEWLINE = 10;

/** Waits for a slow reader; a reader who has gone ends it quietly. */
async function write(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let isGone = false;
  let last = NEWLINE;
  process.stdout.once('error', () => (isGone = true));
  for await (const chunk of chunks) {
    if (isGone) return;
    last = chunk.at(-1) ?? last;
    if (!process.stdout.write(chunk)) {
      await new Promise<void>((resolve) => {
        process.stdout.once('drain', resolve);
        process.stdout.once('error', () => resolve());
      });
    }
  }
  if (last !== NEWLINE && !isGone) process.stdout.write('\n');
}
