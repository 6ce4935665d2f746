/**
 * A file of history through the real pipeline, on the history clock: rows are appended to the raw
 * topics with the running maximum of `at` as their log time; at the end a last marker lets fire what
 * is due. Interrupted, the same import goes on where the log stands; finished, it is not repeated
 * unless asked, and then only rows the archive does not know.
 */
import {
  isUnreadable,
  openImportFile,
  unreadableAfter,
  type ImportedEvent,
  type ImportedRow,
  type ImportFile,
} from '../adapters/files/import-file.ts';
import { readId } from '../domain/event-fields.ts';
import { IMPORT_LIMITS, newReading } from '../domain/event-limits.ts';
import { firstIdentifierKey } from '../domain/identity/first-key.ts';
import type { Source } from '../domain/event.ts';
import { SOURCES } from '../domain/event.ts';
import type { RawEvent } from '../domain/message.ts';
import { futureFault } from '../domain/parse-event.ts';
import { WeftError } from '../errors.ts';
import type { KeyedRawEvent } from '../ports/intake.ts';
import { readBody } from '../../streams/normalise.ts';
import { appendMarkers } from '../../streams/markers.ts';
import { RAW_TOPICS } from '../../streams/topics.ts';
import type { Engine } from './engine.ts';
import type { HistoryClock } from './history-clock.ts';

export interface ImportOptions {
  readonly path: string;
  readonly read: (file: ImportFile) => AsyncIterable<ImportedRow>;
  readonly triggers: boolean;
  /** Where the last marker stands at least; null: at the last row. */
  readonly until: number | null;
  readonly again: boolean;
  /** Of the wall clock: what a row says of later is not believed. */
  readonly now: number;
  readonly tenant: string;
  readonly onProgress: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly rows: number;
  readonly bytesRead: number;
  readonly sizeBytes: number;
}

export interface ImportResult {
  readonly events: number;
  /** No event could be made of them: dead letters, or refused by the server they were sent to. */
  readonly dead: number;
  /** Of those a server refused, which and why: the first few. */
  readonly refused: readonly string[];
  readonly skipped: ReadonlyMap<string, number>;
  /** Rows that were here before: an interrupted import, or `--again`. */
  readonly known: number;
}

const BATCH_ROWS = 500;
const BATCH_BYTES = 512 * 1024;

interface Mark {
  readonly rows: number;
  readonly isDone: boolean;
  /** It is read a second time: what is not done yet may be known all the same. */
  readonly isAgain: boolean;
}

export async function importFile(
  engine: Engine,
  clock: HistoryClock,
  options: ImportOptions,
): Promise<ImportResult> {
  const file = await openImportFile(options.path);
  const mark = await readMark(engine, file.digest);
  if (mark.isDone && !options.again) {
    throw new WeftError(
      'already_ingested',
      `${options.path} was ingested into this data directory before`,
    );
  }
  const isAgain = mark.isDone || mark.isAgain;
  const startRow = await firstRow(engine, file.digest, mark);
  const skipped = new Map<string, number>();
  let [events, dead, known, rows] = [0, 0, 0, 0];
  let batch: KeyedRawEvent[] = [];
  let bytes = 0;

  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await engine.intake.append(batch, clock.now());
    await saveMark(engine, file.digest, { rows, isDone: false, isAgain });
    batch = [];
    bytes = 0;
  };

  const read = rowReader(file, clock, { ...options, currency: engine.config.currency });
  const all = options.read(file);
  // Only a repetition asks which rows are known: one generator more costs every row.
  const wanted = isAgain ? knownLeftOut(engine, options, { file, rows: all }) : all;
  try {
    for await (const row of wanted) {
      if (row.kind === 'skipped') {
        skipped.set(row.reason, (skipped.get(row.reason) ?? 0) + 1);
        continue;
      }
      rows = row.row + 1;
      const keyed = read(row);
      if (row.row < startRow || row.kind === 'known') {
        known += 1;
        continue;
      }
      if (keyed.read === undefined) dead += 1;
      else events += 1;
      batch.push(keyed);
      bytes += keyed.event.body.length;
      if (batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) {
        await flush();
        options.onProgress({ rows, bytesRead: file.bytesRead(), sizeBytes: file.sizeBytes });
      }
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    await flush();
    throw unreadableAfter(rows, error);
  }
  await flush();
  await finish(engine, clock, options.until);
  await saveMark(engine, file.digest, { rows, isDone: true, isAgain });
  return { events, dead, refused: [], skipped, known };
}

/** Everything applied; then the clock goes to the end, and everything due by then fires. */
async function finish(engine: Engine, clock: HistoryClock, until: number | null): Promise<void> {
  await engine.settled();
  const end = clock.reach(until ?? 0);
  await appendMarkers(
    { log: engine.log, codecs: engine.codecs.byTopic, partitions: engine.config.partitions },
    { kind: 'marker', clock: end, partitions: [], history: true },
  );
  await engine.settled();
}

/**
 * Rows read as the stitch stage reads them. Only one that is an event moves the clock: what is broken
 * would set the time of the directory for good, and so would an event of the future.
 */
function rowReader(
  file: ImportFile,
  clock: HistoryClock,
  options: ImportOptions & { readonly currency: string },
): (row: ReadableRow) => KeyedRawEvent {
  return (row) => {
    const raw = rawOf(row, rowId(file, row), { ...options, now: clock.now() });
    const dead = (event: RawEvent): KeyedRawEvent => ({ event, key: raw.id });
    if (row.kind === 'dead') return dead(raw);
    const parsed = readBody(raw, row.body, options.currency);
    // The stage says what is wrong with it; that it is of the future, only who knows the wall clock.
    if (!parsed.ok) return dead(raw);
    const future = futureFault(parsed.event, options.now);
    if (future) return dead({ ...raw, unreadable: `${future.pointer}: ${future.message}` });
    const receivedAt = clock.reach(parsed.event.at);
    const event = { ...raw, receivedAt };
    const key = firstIdentifierKey(parsed.event);
    return { event, key, read: { ...parsed.event, receivedAt } };
  };
}

function rawOf(
  row: ReadableRow,
  id: string,
  options: { readonly tenant: string; readonly triggers: boolean; readonly now: number },
): RawEvent {
  const body = row.kind === 'dead' ? {} : row.body;
  return {
    kind: 'raw',
    tenant: options.tenant,
    source: SOURCES.find((each) => each === body['source']) ?? ('order' satisfies Source),
    receivedAt: options.now,
    body: row.text ?? JSON.stringify(body),
    id,
    history: true,
    triggers: options.triggers,
    wait: null,
    unreadable: row.kind === 'dead' ? row.reason : null,
  };
}

/** What an event without an id of its own is called: the same file says the same. */
const rowId = (file: ImportFile, { row }: { readonly row: number }): string =>
  `${file.digest}:${row}`;

type KnownRow = Omit<ImportedEvent, 'kind'> & { readonly kind: 'known' };
type ReadableRow = Exclude<ImportedRow, { kind: 'skipped' }> | KnownRow;

interface RowsOfFile<R> {
  readonly file: ImportFile;
  readonly rows: R;
}

/** On a repetition, rows whose id the archive has are not taken again. */
async function* knownLeftOut(
  engine: Engine,
  options: ImportOptions,
  { file, rows }: RowsOfFile<AsyncIterable<ImportedRow>>,
): AsyncIterable<ImportedRow | KnownRow> {
  // The archive is asked, so it has to have what an interrupted run left in the log.
  await engine.settled();
  let batch: ImportedRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH_ROWS) continue;
    yield* await withoutKnown(engine, options, { file, rows: batch });
    batch = [];
  }
  yield* await withoutKnown(engine, options, { file, rows: batch });
}

async function withoutKnown(
  engine: Engine,
  options: ImportOptions,
  { file, rows }: RowsOfFile<readonly ImportedRow[]>,
): Promise<readonly (ImportedRow | KnownRow)[]> {
  const ids = rows.map((row) => (row.kind === 'event' ? eventId(file, row) : ''));
  const answer = await engine.analytics.query(
    'SELECT id FROM weft.events WHERE tenant = {tenant:String} AND id IN {ids:Array(String)}',
    { params: { tenant: options.tenant, ids } },
  );
  const known = new Set(answer.data.map((each) => each['id']));
  return rows.map((row, i) =>
    row.kind === 'event' && known.has(ids[i]) ? { ...row, kind: 'known' } : row,
  );
}

/** As the archive has it: what the parser takes for the event's id. */
const eventId = (file: ImportFile, row: ImportedEvent): string =>
  readId(newReading(IMPORT_LIMITS), row.body, 'id', '') ?? rowId(file, row);

const nameOf = (digest: string): string => `import ${digest}`;

async function readMark(engine: Engine, digest: string): Promise<Mark> {
  const saved = await engine.checkpoints.load(nameOf(digest));
  if (!saved) return { rows: 0, isDone: false, isAgain: false };
  return JSON.parse(new TextDecoder().decode(saved)) as Mark;
}

const saveMark = (engine: Engine, digest: string, mark: Mark): Promise<void> =>
  engine.checkpoints.save(nameOf(digest), new TextEncoder().encode(JSON.stringify(mark)));

async function firstRow(engine: Engine, digest: string, mark: Mark): Promise<number> {
  if (mark.isDone) return 0;
  // The log has the rows of the first reading too, to the last.
  if (mark.isAgain) return mark.rows;
  return Math.max(mark.rows, await rowsInLog(engine, digest));
}

/** A batch may be in the log though its mark is not: the last record of each raw partition tells. */
async function rowsInLog(engine: Engine, digest: string): Promise<number> {
  let rows = 0;
  for (const topic of RAW_TOPICS) {
    for (const [partition, { first, next }] of (await engine.log.bounds(topic)).entries()) {
      if (next === first) continue;
      const limits = { recordsMax: 1, bytesMax: 1 };
      const [record] = await engine.log.read({ topic, partition }, next - 1, limits);
      if (!record) continue;
      const codec = engine.codecs.of(topic);
      await codec.learn(record.schema);
      for (const message of codec.decode(record.schema, record.value)) {
        if (message.kind !== 'raw' || !message.id.startsWith(`${digest}:`)) continue;
        rows = Math.max(rows, Number(message.id.slice(digest.length + 1)) + 1);
      }
    }
  }
  return rows;
}
