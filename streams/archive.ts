/**
 * events, changes, actions, deliveries, dead_letters → ClickHouse: gathered as they come, inserted every two
 * seconds, or as soon as there is much. What is about to be inserted is noted before it is, so that a retry
 * after a crash has the same bounds and the same token; the tables' keys make a repeated row one row in any
 * case. Nobody waits for the archive: it reads under its own name and may be away for as long as the log keeps.
 */
import type { Message } from '../src/domain/message.ts';
import type { AnalyticsStore } from '../src/ports/analytics-store.ts';
import type { CheckpointStore } from '../src/ports/checkpoint-store.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { EventLog, LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { Codec } from '../src/runtime/codec.ts';
import type { TopicCodecs } from '../src/runtime/outputs.ts';
import type { Progress, Stage, Turn } from '../src/runtime/stage.ts';
import { createArchiveRows, type CatalogueTags, type TableRows } from './archive-rows.ts';

/**
 * An insert costs chDB 10 ms of CPU a table, however little is in it: inserts of 1,000 events are 66 µs an
 * event, of 3,000 they are 31, of 9,000 15.
 */
const FLUSH_EVERY_MS = 2_000;
const FLUSH_AT_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 2 * 1024 * 1024;
const CHECKPOINT = 'archive';

const ARCHIVED_TOPICS = ['events', 'changes', 'actions', 'deliveries', 'dead_letters'];

export interface ArchiveOptions {
  readonly log: EventLog;
  readonly analytics: AnalyticsStore;
  readonly checkpoints: CheckpointStore;
  readonly codecs: TopicCodecs;
  readonly tagsOf: CatalogueTags;
  /** The pace of inserts is real time; the shop's clock may run at another speed. */
  readonly realTime: Clock;
  readonly onInsert: (table: string, rows: number) => void;
}

interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** One past the last. */
  readonly to: number;
}

interface Checkpoint {
  /** Belongs to one log: another log's offsets mean nothing. */
  readonly log: string;
  readonly next: Readonly<Record<string, number>>;
  /** About to be inserted. */
  readonly intent: readonly Range[];
}

/** Taken out of the gathered rows, until all of it is stored. */
interface Batch {
  readonly ranges: readonly Range[];
  readonly tables: ReadonlyMap<string, TableRows>;
}

export function createArchiveStage(options: ArchiveOptions): Stage {
  const rows = createArchiveRows(options.tagsOf);
  /** What the gathered rows are of, by partition. */
  const gathered = new Map<string, Range>();
  let gatheredBytes = 0;
  let gatheredSince = 0;
  let batch: Batch | null = null;
  let checkpoint: Checkpoint | null = null;
  /** The next offset to gather, by partition. */
  const next = new Map<string, number>();
  let isAlarmSet = false;
  let wake = (): void => undefined;

  const lookAgainIn = (ms: number): void => {
    if (isAlarmSet) return;
    isAlarmSet = true;
    options.realTime.after(ms, () => {
      isAlarmSet = false;
      wake();
    });
  };

  const save = async (saved: Checkpoint): Promise<void> => {
    await options.checkpoints.save(CHECKPOINT, new TextEncoder().encode(JSON.stringify(saved)));
    checkpoint = saved;
  };

  const gather = async (record: LogRecord): Promise<void> => {
    const { topic, partition, offset, logTime } = record;
    const codec = options.codecs.get(topic);
    // An await a record is dear, and an unknown schema rare.
    if (codec && !codec.knows(record.schema)) await codec.learn(record.schema);
    const messages = codec ? decode(codec, record) : [];
    for (let index = 0; index < messages.length; index += 1)
      rows.add(messages[index] as Message, { topic, partition, offset, index, logTime });
    const name = nameOf(record);
    const from = gathered.get(name)?.from ?? offset;
    if (gathered.size === 0) gatheredSince = options.realTime.now();
    gathered.set(name, { topic, partition, from, to: offset + 1 });
    gatheredBytes += record.value.length;
    next.set(name, offset + 1);
  };

  const takeBatch = (): Batch => {
    const taken = { ranges: [...gathered.values()], tables: rows.take() };
    gathered.clear();
    gatheredBytes = 0;
    return taken;
  };

  /** May be called again after a failure: the batch, its bounds and its tokens stay. */
  const flush = async (): Promise<void> => {
    batch ??= takeBatch();
    const { ranges, tables } = batch;
    const before = checkpoint?.next ?? {};
    await save({ log: options.log.id, next: before, intent: ranges });
    const bounds = ranges.map((r) => `${r.topic}/${r.partition}:${r.from}-${r.to}`).join(',');
    for (const [table, each] of tables) {
      await options.analytics.insert(table, each, `${options.log.id} ${table} ${bounds}`);
      options.onInsert(table, 'bytes' in each ? each.rows : each.length);
    }
    const after = { ...before };
    for (const range of ranges) after[nameOf(range)] = range.to;
    await save({ log: options.log.id, next: after, intent: [] });
    batch = null;
  };

  /** Where we were, and what was about to be inserted when the process ended: with its bounds. */
  const recover = async (): Promise<Checkpoint> => {
    const saved = await options.checkpoints.load(CHECKPOINT);
    const read = saved && (JSON.parse(new TextDecoder().decode(saved)) as Checkpoint);
    const known =
      read?.log === options.log.id ? read : { log: options.log.id, next: {}, intent: [] };
    checkpoint = known;
    if (known.intent.length === 0) return known;
    for (const range of known.intent) {
      for await (const record of readAgain(options.log, range)) await gather(record);
    }
    await flush();
    return checkpoint;
  };

  return {
    name: 'archive',
    topics: ARCHIVED_TOPICS,
    ordered: 'by-partition',
    async claim(partitions: readonly TopicPartition[]) {
      const known = checkpoint ?? (await recover());
      return partitions.map((each) => next.get(nameOf(each)) ?? known.next[nameOf(each)] ?? 0);
    },
    release: () => undefined,
    async process(turn: Turn) {
      for (const { partition, records } of turn.inputs) {
        const from = next.get(nameOf(partition)) ?? 0;
        for (const record of records) if (record.offset >= from) await gather(record);
      }
      if (batch || gatheredBytes >= FLUSH_AT_BYTES) await flush();
      return turn.inputs.map(({ partition, records }): Progress => {
        const last = records.at(-1) as LogRecord;
        return { kind: 'done', partition, next: last.offset + 1, applied: records.length };
      });
    },
    async idle() {
      if (!batch && gathered.size === 0) return null;
      const waitMs = gatheredSince + FLUSH_EVERY_MS - options.realTime.now();
      if (batch || waitMs <= 0) await flush();
      else lookAgainIn(waitMs);
      return null;
    },
    wakeBy(look) {
      wake = look;
    },
    settled: () => !batch && gathered.size === 0,
    stop: () => Promise.resolve(),
  } satisfies Stage;
}

function decode(codec: Codec<Message>, record: LogRecord): readonly Message[] {
  try {
    return codec.decode(record.schema, record.value);
  } catch {
    // The stage that owns the topic has made a dead letter of it.
    return [];
  }
}

async function* readAgain(log: EventLog, range: Range): AsyncIterable<LogRecord> {
  const { topic, partition, to } = range;
  for (let at = range.from; at < to;) {
    const limits = { recordsMax: to - at, bytesMax: READ_BYTES };
    const records = await log.read({ topic, partition }, at, limits);
    if (records.length === 0) return;
    for (const record of records) if (record.offset < to) yield record;
    at = (records.at(-1) as LogRecord).offset + 1;
  }
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
