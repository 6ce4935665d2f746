/**
 * A log in memory that several workers of one process share as they would share Kafka: partitions
 * of a group move when somebody joins or leaves. It lives as long as the object, so a worker that
 * "crashes" loses its state and not the log.
 */
import { WeftError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  EventLog,
  LogRecord,
  NewRecord,
  ReadLimits,
  TopicPartition,
} from '../../ports/event-log.ts';
import { createGroup } from './log-group.ts';
import type { Group } from './log-group.ts';
import { createReader } from './log-reader.ts';
import type { RecordSource } from './log-reader.ts';

export interface MemoryEventLogOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  readonly id?: string;
  /** When records are handed out: soon, never from inside the call that made them available. */
  readonly soon?: (run: () => void) => void;
}

export interface MemoryEventLog extends EventLog {
  /** Drops the records of a partition below an offset, as retention does. */
  dropBelow(partition: TopicPartition, offset: number): void;
}

interface Stored {
  first: number;
  records: LogRecord[];
}

export function createMemoryEventLog(options: MemoryEventLogOptions): MemoryEventLog {
  const counts = new Map(options.topics.map(({ name, partitions }) => [name, partitions]));
  const source = createRecords(options);
  const groups = new Map<string, Group>();
  const partitionsOf = (topic: string): readonly TopicPartition[] =>
    Array.from({ length: counts.get(topic) ?? 0 }, (_, partition) => ({ topic, partition }));

  return {
    id: options.id ?? 'memory',
    partitions: (topic) => counts.get(topic) ?? 0,
    append: async (records) => source.append(records),
    read: async (partition, from, limits) => source.read(partition, from, limits),
    bounds: async (topic) => partitionsOf(topic).map((partition) => source.bounds(partition)),
    async subscribe(name, topics, sink) {
      const partitions = topics.flatMap(partitionsOf);
      const group = groups.get(name) ?? createGroup(source);
      groups.set(name, group);
      return group.join(partitions, sink);
    },
    async tail(topic, from, each) {
      const reader = createReader(source, {
        offer(_, records) {
          for (const record of records) each(record);
          return true;
        },
        failed(error) {
          throw error;
        },
      });
      partitionsOf(topic).forEach((partition, i) => {
        const offset = from === 'now' ? source.bounds(partition).next : from[i];
        reader.add(partition, offset ?? 0);
      });
      return { close: () => reader.close() };
    },
    dropBelow: (partition, offset) => source.dropBelow(partition, offset),
  } satisfies MemoryEventLog;
}

function createRecords({ clock, topics, soon = setImmediate }: MemoryEventLogOptions) {
  const stored = new Map<string, Stored>();
  for (const { name, partitions } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      stored.set(nameOf({ topic: name, partition }), { first: 0, records: [] });
    }
  }
  const listeners = new Set<(partition: TopicPartition) => void>();
  const find = (partition: TopicPartition): Stored => {
    const found = stored.get(nameOf(partition));
    if (found === undefined) throw new Error(`the log has no partition ${nameOf(partition)}`);
    return found;
  };

  return {
    append(records: readonly NewRecord[]) {
      for (const record of records) find(record);
      const now = clock.now();
      for (const { topic, partition, schema, value, logTime } of records) {
        const { first, records: there } = find({ topic, partition });
        there.push({
          topic,
          partition,
          offset: first + there.length,
          logTime: Math.max(there.at(-1)?.logTime ?? 0, logTime ?? now),
          schema,
          value: value.slice(),
        });
      }
      for (const record of records) for (const listener of listeners) listener(record);
    },
    read(partition: TopicPartition, from: number, limits: ReadLimits) {
      const { first, records } = find(partition);
      if (from < first) throw missing(partition, from, first);
      const found: LogRecord[] = [];
      let bytes = 0;
      for (const record of records.slice(from - first, from - first + limits.recordsMax)) {
        found.push({ ...record, value: record.value.slice() });
        bytes += record.value.length;
        if (bytes >= limits.bytesMax) break;
      }
      return found;
    },
    bounds(partition: TopicPartition) {
      const { first, records } = find(partition);
      return { first, next: first + records.length };
    },
    dropBelow(partition: TopicPartition, offset: number) {
      const there = find(partition);
      there.records = there.records.filter((record) => record.offset >= offset);
      there.first = Math.max(there.first, offset);
    },
    onAppended(listener: (partition: TopicPartition) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    now: () => clock.now(),
    soon(run: () => void) {
      soon(run);
    },
  } satisfies RecordSource & { append: unknown; dropBelow: unknown };
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

const missing = (partition: TopicPartition, from: number, first: number): WeftError =>
  new WeftError(
    'corrupt_data',
    `reading ${nameOf(partition)}: offsets ${from} to ${first - 1} are no longer in the log`,
  );
