/**
 * What an environment knows of itself: the id of its log, which topics it has with how many
 * partitions, and the segments of the log. Counts are fixed when something is created: partition =
 * hash mod count, so another count would give a shopper to another partition.
 */
import { randomUUID } from 'node:crypto';
import type { Database, RootDatabase } from 'lmdb';
import { WeftError } from '../../errors.ts';
import type { TopicPartition } from '../../ports/event-log.ts';

export interface TopicSize {
  readonly name: string;
  readonly partitions: number;
}

export interface SegmentEntry {
  readonly number: number;
  /** By partition id, when the segment began: the offset next to come and the last log time. */
  readonly first: readonly number[];
  readonly lastTimes: readonly number[];
}

export interface Directory {
  /** The log's id. */
  readonly id: string;
  readonly table: Database;
  /** Every partition of every topic; the index is the id it is stored under. */
  readonly partitions: readonly TopicPartition[];
  partition(id: number): TopicPartition;
  /** Partitions of a topic; 0 when there is no such topic. */
  count(topic: string): number;
  idOf(partition: TopicPartition): number;
  segments(): SegmentEntry[];
  /** Inside a transaction these two are part of it. */
  addSegment(entry: SegmentEntry): void;
  removeSegment(number: number): void;
}

export interface DirectoryOptions {
  readonly root: RootDatabase;
  readonly dir: string;
  /** Partitions of the state plane. */
  readonly partitions: number;
  readonly topics: readonly TopicSize[];
}

interface TopicEntry {
  readonly base: number;
  readonly partitions: number;
}

interface About {
  readonly id: string;
  readonly partitions: number;
  readonly topics: Readonly<Record<string, TopicEntry>>;
}

const ABOUT = 'about';
const SEGMENT = 'segment';

export function openDirectory(options: DirectoryOptions): Directory {
  const { root } = options;
  const table = root.openDB<unknown, string | (string | number)[]>('directory', {
    encoding: 'json',
  });
  const about = agree(table.get(ABOUT) as About | undefined, options);
  table.putSync(ABOUT, about);
  const topics = new Map(Object.entries(about.topics));
  const partitions = listPartitions(topics);
  return {
    id: about.id,
    table,
    partitions,
    partition(id) {
      const partition = partitions[id];
      if (partition === undefined) throw new Error(`the log has no partition under id ${id}`);
      return partition;
    },
    count: (topic) => topics.get(topic)?.partitions ?? 0,
    idOf({ topic, partition }) {
      const entry = topics.get(topic);
      if (entry === undefined || partition < 0 || partition >= entry.partitions) {
        throw new Error(`the log has no partition ${partition} of topic ${topic}`);
      }
      return entry.base + partition;
    },
    segments: () =>
      [...table.getRange({ start: [SEGMENT, 0], end: [SEGMENT, Number.MAX_SAFE_INTEGER] })].map(
        ({ value }) => value as SegmentEntry,
      ),
    addSegment: (entry) => table.putSync([SEGMENT, entry.number], entry),
    removeSegment: (number) => void table.removeSync([SEGMENT, number]),
  };
}

/** What was there before, with the topics that are new; a changed count is refused. */
function agree(before: About | undefined, options: DirectoryOptions): About {
  const { dir, partitions } = options;
  if (before !== undefined && before.partitions !== partitions) {
    throw mismatch(`${dir} was made for ${before.partitions} partitions, not ${partitions}`);
  }
  const topics = new Map(Object.entries(before?.topics ?? {}));
  let base = Math.max(0, ...[...topics.values()].map((t) => t.base + t.partitions));
  for (const { name, partitions: wanted } of options.topics) {
    const known = topics.get(name);
    if (known !== undefined && known.partitions !== wanted) {
      throw mismatch(`topic ${name} in ${dir} has ${known.partitions} partitions, not ${wanted}`);
    }
    if (known !== undefined) continue;
    topics.set(name, { base, partitions: wanted });
    base += wanted;
  }
  const id = before?.id ?? randomUUID();
  return { id, partitions, topics: Object.fromEntries(topics) };
}

function listPartitions(topics: ReadonlyMap<string, TopicEntry>): readonly TopicPartition[] {
  const list: TopicPartition[] = [];
  for (const [topic, { base, partitions }] of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      list[base + partition] = { topic, partition };
    }
  }
  return list;
}

const mismatch = (fact: string): WeftError =>
  new WeftError(
    'invalid_settings',
    `opening the data directory: ${fact}; the number is fixed when a directory is created: use ` +
      `WEFT_PARTITIONS as it was then, or another --data-dir`,
  );
