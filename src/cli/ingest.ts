/** `weft ingest`: history, at full speed, through the real pipeline. */
import { Argument, Command, Option } from 'commander';
import { openImportFile } from '../adapters/files/import-file.ts';
import { previewRows } from '../adapters/files/import-preview.ts';
import { IMPORT_FORMATS, readerOf, type ImportFormat } from '../adapters/files/import-formats.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import { openEngine, type Engine } from '../app/engine.ts';
import { createHistoryClock } from '../app/history-clock.ts';
import { importFile, type ImportResult } from '../app/import.ts';
import { createLogger } from '../app/logger.ts';
import { servingAt } from '../app/serving.ts';
import { isLive } from '../app/time-of-directory.ts';
import { TENANT } from '../app.ts';
import { WeftError } from '../errors.ts';
import { STAGE_NAMES } from '../../streams/pipeline.ts';
import {
  catalogueOption,
  configOf,
  dataDirOption,
  urlOption,
  type CommonOptions,
} from './options.ts';
import { createImportBar } from './import-bar.ts';
import { sendFile } from './send-file.ts';

type Reader = Awaited<ReturnType<typeof readerOf>>;

interface IngestOptions extends CommonOptions {
  readonly format: ImportFormat;
  readonly map?: string;
  readonly triggers: 'on' | 'off';
  readonly until?: string;
  readonly again?: boolean;
  readonly url?: string;
  readonly check?: string;
}

export const ingestCommand = (): Command =>
  new Command('ingest')
    .description('Read a file of history (plain or gzip) through the real pipeline')
    .addArgument(new Argument('<file>', 'NDJSON or a table, by --format'))
    .addOption(
      new Option('--format <format>', 'what the file holds')
        .choices(IMPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .option('--map <file>', 'for --format csv: YAML that says which column is what')
    .addOption(
      new Option(
        '--triggers <on|off>',
        'may history set triggers off? Then only the channel log speaks',
      )
        .choices(['on', 'off'])
        .default('off'),
    )
    .option('--until <time>', 'ISO 8601: let time pass to there after the last row')
    .option('--check <n>', 'show the first n rows as the events they will be, and send nothing')
    .option('--again', 'read a file a second time; rows that are known are left out')
    .addOption(dataDirOption())
    .addOption(catalogueOption())
    .addOption(urlOption())
    .addHelpText(
      'after',
      `
Into a quiet data directory time is the rows' own: nothing is too old, and every wait is over exactly
when it is due. Into a running Weft (--url, or a directory being served) time is the wall's.
Interrupted, the same command goes on where it stood.

Examples:
  weft ingest orders.ndjson.gz --format canonical
  weft ingest 2019-Oct.csv.gz --format rees46 --triggers on --until 2019-11-01T00:00:00Z`,
    )
    .action(run);

async function run(path: string, options: IngestOptions): Promise<void> {
  const until = options.until === undefined ? null : momentOf(options.until);
  const read = await readerOf(options.format, options.map);
  if (options.check !== undefined) {
    await preview(path, read, Number(options.check));
    return;
  }
  const config = configOf(options);
  const url = options.url ?? servingAt(config.dataDir);
  if (url !== undefined) {
    const bar = createImportBar();
    const result = await sendFile({ path, read, url, onProgress: bar.update });
    bar.stop();
    tell(result, `sent to ${url}`);
    return;
  }
  const clock = createHistoryClock();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const engine = await openEngine({
    config,
    clock,
    marksTime: () => false,
    stages: STAGE_NAMES,
    logger: createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel, 'stderr'),
    onLogLine: () => undefined,
    onFatal: fail,
  });
  try {
    await refuseLive(engine);
    const bar = createImportBar();
    const triggers = options.triggers === 'on';
    const again = options.again ?? false;
    const work = importFile(engine, clock, {
      path,
      read,
      triggers,
      until,
      again,
      now: createSystemClock().now(),
      tenant: TENANT,
      onProgress: bar.update,
    });
    const result = await Promise.race([work, failed]).finally(bar.stop);
    tell(result, `in ${config.dataDir}, time stands at ${new Date(clock.now()).toISOString()}`);
  } finally {
    await engine.stop();
  }
}

/** Rows as events, with what is wrong with them. */
async function preview(path: string, read: Reader, count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 1) {
    throw new WeftError('invalid_usage', '--check must be a whole number, at least 1');
  }
  const { rows, skipped, isWhole } = await previewRows(read, await openImportFile(path), {
    count,
    now: createSystemClock().now(),
  });
  for (const row of rows) {
    if (row.kind === 'dead') {
      process.stdout.write(`dead letter: ${row.reason}\n  ${row.text}\n`);
      continue;
    }
    process.stdout.write(`${JSON.stringify(row.body)}\n`);
    for (const { pointer, message } of row.faults) {
      process.stdout.write(`  dead letter: ${pointer} ${message}\n`);
    }
  }
  for (const [reason, lines] of skipped)
    process.stdout.write(`${lines} lines skipped: ${reason}\n`);
  if (!isWhole) process.stdout.write('… and more\n');
}

/** Time of a directory that was served is the wall's: history would have to go through a server. */
async function refuseLive(engine: Engine): Promise<void> {
  if (!(await isLive(engine))) return;
  throw new WeftError(
    'invalid_usage',
    'this data directory has live traffic, so its time is the wall clock: start `weft serve` on it and ingest while it runs',
  );
}

const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(?<zone>Z|[+-]\d{2}:\d{2})?$/;

/** A moment means the same on every machine, so it needs a zone. */
function momentOf(text: string): number {
  const found = ISO_8601.exec(text);
  const at = Date.parse(text);
  if (found && !Number.isNaN(at) && found.groups?.['zone'] !== undefined) return at;
  const why = found && !Number.isNaN(at) ? 'names no zone' : 'is no ISO 8601 time';
  throw new WeftError(
    'invalid_usage',
    `--until ${text} ${why}: write it like 2019-11-01T00:00:00Z or 2019-11-01T00:00:00+08:00`,
  );
}

function deadOf({ dead, refused }: ImportResult): readonly string[] {
  if (dead === 0) return [];
  if (refused.length === 0) return [`${dead} rows are dead letters: see weft.dead_letters`];
  return [
    `${dead} rows were refused${dead > refused.length ? ', the first of them' : ''}:`,
    ...refused,
  ];
}

function tell(result: ImportResult, where: string): void {
  const skipped = [...result.skipped].map(([reason, count]) => `${count} lines skipped: ${reason}`);
  const lines = [
    `${result.events} events ${where}`,
    ...deadOf(result),
    ...(result.known > 0 ? [`${result.known} rows were known already`] : []),
    ...skipped,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
