/**
 * events, changes, actions, deliveries, dead_letters → ClickHouse: once a second, or as soon as there
 * is much. What is about to be inserted is noted before it is, so that a retry after a crash has the
 * same bounds and the same token; the tables' keys make a repeated row one row in any case. Nobody
 * waits for the archive: it reads under its own name and may be away for as long as the log keeps.
 */
import type { Message } from '../src/domain/message.ts';
import type { AnalyticsStore } from '../src/ports/analytics-store.ts';
import type { CheckpointStore } from '../src/ports/checkpoint-store.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { EventLog, LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { TopicCodecs } from '../src/runtime/outputs.ts';
import type { Progress, Stage, StageInput, Turn } from '../src/runtime/stage.ts';
import { rowsOf, type CatalogueTags } from './archive-rows.ts';

const FLUSH_EVERY_MS = 1_000;
const FLUSH_AT_BYTES = 2 * 1024 * 1024;
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

export function createArchiveStage(options: ArchiveOptions): Stage {
  let checkpoint: Checkpoint = { log: options.log.id, next: {}, intent: [] };
  let flushedAt = 0;
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

  const save = async (next: Checkpoint): Promise<void> => {
    await options.checkpoints.save(CHECKPOINT, new TextEncoder().encode(JSON.stringify(next)));
    checkpoint = next;
  };

  const insert = async (ranges: readonly Range[], inputs: readonly StageInput[]): Promise<void> => {
    const rows = await collect(options, ranges, inputs);
    const bounds = ranges.map((r) => `${r.topic}/${r.partition}:${r.from}-${r.to}`).join(',');
    for (const [table, texts] of rows) {
      await options.analytics.insert(table, texts, `${options.log.id} ${table} ${bounds}`);
      options.onInsert(table, texts.length);
    }
    const next = { ...checkpoint.next };
    for (const range of ranges) next[nameOf(range)] = range.to;
    await save({ log: options.log.id, next, intent: [] });
  };

  return {
    name: 'archive',
    topics: ARCHIVED_TOPICS,
    ordered: 'by-partition',
    async claim(partitions: readonly TopicPartition[]) {
      const saved = await options.checkpoints.load(CHECKPOINT);
      const read = saved && (JSON.parse(new TextDecoder().decode(saved)) as Checkpoint);
      if (read?.log === options.log.id) checkpoint = read;
      if (checkpoint.intent.length > 0) {
        await insert(checkpoint.intent, await readAgain(options.log, checkpoint.intent));
      }
      return partitions.map((partition) => checkpoint.next[nameOf(partition)] ?? 0);
    },
    release: () => undefined,
    async process(turn: Turn) {
      const bytes = turn.inputs.reduce((sum, input) => sum + sizeOf(input.records), 0);
      const waitMs = flushedAt + FLUSH_EVERY_MS - options.realTime.now();
      if (bytes < FLUSH_AT_BYTES && waitMs > 0) {
        lookAgainIn(waitMs);
        return [];
      }
      const ranges = turn.inputs.map(rangeOf);
      await save({ ...checkpoint, intent: ranges });
      await insert(ranges, turn.inputs);
      flushedAt = options.realTime.now();
      return turn.inputs.map((input, i): Progress => {
        const next = (ranges[i] as Range).to;
        return { kind: 'done', partition: input.partition, next, applied: input.records.length };
      });
    },
    idle: () => Promise.resolve(null),
    wakeBy(look) {
      wake = look;
    },
    settled: () => true,
    stop: () => Promise.resolve(),
  } satisfies Stage;
}

/** The rows of these ranges as JSON texts, by table. */
async function collect(
  options: ArchiveOptions,
  ranges: readonly Range[],
  inputs: readonly StageInput[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const tables = new Map<string, string[]>();
  for (const [i, input] of inputs.entries()) {
    const range = ranges[i] as Range;
    for (const record of input.records) {
      if (record.offset < range.from || record.offset >= range.to) continue;
      const messages = await decode(options, record);
      messages.forEach((message, index) => {
        const { topic, partition, offset, logTime } = record;
        const place = { topic, partition, offset, index, logTime };
        for (const { table, values } of rowsOf(message, place, options.tagsOf)) {
          const texts = tables.get(table);
          if (texts) texts.push(JSON.stringify(values));
          else tables.set(table, [JSON.stringify(values)]);
        }
      });
    }
  }
  return tables;
}

async function decode(options: ArchiveOptions, record: LogRecord): Promise<readonly Message[]> {
  const codec = options.codecs.get(record.topic);
  if (!codec) return [];
  await codec.learn(record.schema);
  try {
    return codec.decode(record.schema, record.value);
  } catch {
    // The stage that owns the topic has made a dead letter of it.
    return [];
  }
}

/** What an interrupted insert was about, from the log. */
async function readAgain(log: EventLog, ranges: readonly Range[]): Promise<readonly StageInput[]> {
  const inputs: StageInput[] = [];
  for (const { topic, partition, from, to } of ranges) {
    const records: LogRecord[] = [];
    for (let at = from; at < to; at = (records.at(-1)?.offset ?? to) + 1) {
      const limits = { recordsMax: to - at, bytesMax: FLUSH_AT_BYTES };
      const more = await log.read({ topic, partition }, at, limits);
      if (more.length === 0) break;
      records.push(...more);
    }
    inputs.push({ partition: { topic, partition }, records });
  }
  return inputs;
}

const rangeOf = ({ partition, records }: StageInput): Range => ({
  ...partition,
  from: records[0]?.offset ?? 0,
  to: (records.at(-1)?.offset ?? -1) + 1,
});

const sizeOf = (records: readonly LogRecord[]): number =>
  records.reduce((sum, record) => sum + record.value.length, 0);

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
