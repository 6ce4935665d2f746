/** What the clauses about logs are written with: short records, a subscriber that takes notes. */
import { expect, onTestFinished } from 'vitest';
import type { Clock } from './clock.ts';
import type {
  EventLog,
  LogRecord,
  LogSink,
  NewRecord,
  Subscription,
  TopicPartition,
} from './event-log.ts';
import { retrying } from './retrying.contract.ts';

export interface OpenedEventLog {
  readonly log: EventLog;
  /** By which the log stamps its records. */
  readonly clock: Clock;
  /** Closes the log and opens it again. */
  reopen?(): Promise<OpenedEventLog>;
  /** Drops what is in a partition now; its newest records may stay. */
  dropOld?(partition: TopicPartition): Promise<void>;
  close(): Promise<void>;
}

export interface EventLogHarness {
  open(
    topics: readonly { readonly name: string; readonly partitions: number }[],
  ): Promise<OpenedEventLog>;
  /** An append that was tried again may have left its records twice. */
  readonly repeats: boolean;
  /** Several subscribers can share a group; a process that owns everything refuses the second. */
  readonly shared: boolean;
  /** It outlives the process: `reopen`. */
  readonly lasts: boolean;
  /** It can drop what is old: `dropOld`. */
  readonly drops: boolean;
}

export const TOPICS = [
  { name: 'events', partitions: 2 },
  { name: 'raw.pos', partitions: 1 },
];
export const P0: TopicPartition = { topic: 'events', partition: 0 };
export const P1: TopicPartition = { topic: 'events', partition: 1 };
export const RAW: TopicPartition = { topic: 'raw.pos', partition: 0 };
export const ALL = { recordsMax: 10_000, bytesMax: 100_000_000 };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (value: Uint8Array): string => decoder.decode(value);
export const record = (partition: TopicPartition, text: string, logTime?: number): NewRecord => ({
  ...partition,
  schema: 7,
  value: bytesOf(text),
  ...(logTime === undefined ? {} : { logTime }),
});
export const records = (partition: TopicPartition, ...texts: readonly string[]): NewRecord[] =>
  texts.map((text) => record(partition, text));
export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** One log and everything a clause asks of it. */
export async function openLog(harness: EventLogHarness) {
  const opened = await harness.open(TOPICS);
  onTestFinished(() => opened.close());
  return { ...opened, ...describeLog(harness, opened.log) };
}

export function describeLog(harness: EventLogHarness, log: EventLog) {
  /** What a reader makes of it: each once, in the order it first came. */
  const once = (texts: readonly string[]): readonly string[] => {
    const distinct = [...new Set(texts)];
    if (!harness.repeats) expect(texts).toEqual(distinct);
    return distinct;
  };
  const append = (...list: readonly NewRecord[]): Promise<void> => retrying(() => log.append(list));
  const readAll = (partition: TopicPartition, from = 0): Promise<readonly LogRecord[]> =>
    retrying(() => log.read(partition, from, ALL));
  const texts = async (partition: TopicPartition, from = 0): Promise<readonly string[]> =>
    once((await readAll(partition, from)).map(({ value }) => textOf(value)));
  const next = async (partition: TopicPartition): Promise<number> =>
    (await retrying(() => log.bounds(partition.topic)))[partition.partition]?.next ?? -1;
  return { once, append, readAll, texts, next };
}

export interface Notes extends LogSink {
  /** In the order things happened: `assigned`, `revoked`, or the partition offered. */
  readonly heard: string[];
  readonly owned: Set<string>;
  readonly failures: unknown[];
  of(partition: TopicPartition): readonly LogRecord[];
  texts(partition: TopicPartition): readonly string[];
  /** Resolves once this is so; looked at after whatever the log tells. */
  until(done: () => boolean): Promise<void>;
}

export interface NotesOptions {
  readonly from?: (partition: TopicPartition) => number;
  /** Answers what `offer` answers. */
  readonly take?: (partition: TopicPartition, records: readonly LogRecord[]) => boolean;
  readonly beforeAssigned?: () => Promise<void>;
}

export const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

export function takeNotes(options: NotesOptions = {}): Notes {
  const { from = () => 0, take = () => true, beforeAssigned = async () => {} } = options;
  const taken = new Map<string, LogRecord[]>();
  const waiting = new Set<() => void>();
  const heard: string[] = [];
  const owned = new Set<string>();
  const failures: unknown[] = [];
  const look = (): void => {
    for (const check of waiting) check();
  };
  const of = (partition: TopicPartition): readonly LogRecord[] =>
    taken.get(nameOf(partition)) ?? [];
  return {
    heard,
    owned,
    failures,
    of,
    texts: (partition) => of(partition).map(({ value }) => textOf(value)),
    async assigned(partitions) {
      await beforeAssigned();
      heard.push('assigned');
      for (const partition of partitions) owned.add(nameOf(partition));
      queueMicrotask(look);
      return partitions.map(from);
    },
    revoked(partitions) {
      heard.push('revoked');
      for (const partition of partitions) owned.delete(nameOf(partition));
      look();
    },
    offer(partition, offered) {
      heard.push(nameOf(partition));
      taken.set(nameOf(partition), [...of(partition), ...offered]);
      const answer = take(partition, offered);
      look();
      return answer;
    },
    failed(error) {
      failures.push(error);
      look();
    },
    until: (done) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!done()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

export async function subscribe(
  log: EventLog,
  notes: Notes,
  { group = 'stage', topics = ['events'] }: { group?: string; topics?: readonly string[] } = {},
): Promise<Subscription> {
  const subscription = await log.subscribe(group, topics, notes);
  onTestFinished(() => subscription.close());
  return subscription;
}
