/**
 * Hands out the log's records, partition by partition in turn, as long as they are taken: one chunk
 * a partition, and the event loop in between. It looks only where something was appended, sought or
 * resumed, so an idle reader costs nothing.
 */
import type { LogRecord, TopicPartition } from '../../ports/event-log.ts';
import type { Environment } from './environment.ts';

export interface LogReader {
  resume(partition: TopicPartition): void;
  seek(partition: TopicPartition, offset: number): void;
  close(): void;
}

export interface LogReaderOptions {
  readonly environment: Environment;
  readonly partitions: readonly TopicPartition[];
  readonly offsets: readonly number[];
  /** False: this partition is full until `resume` or `seek`. */
  readonly offer: (partition: TopicPartition, records: readonly LogRecord[]) => boolean;
  /** Reading failed; the reader is closed. */
  readonly failed: (error: unknown) => void;
}

interface Reading {
  readonly partition: TopicPartition;
  next: number;
  full: boolean;
}

const CHUNK = { recordsMax: 500, bytesMax: 1024 * 1024 };
/** How long reading may keep the event loop before others have their turn. */
const TURN_MS_MAX = 10;

/** Nothing is offered before the caller has gone on. */
export function createLogReader(options: LogReaderOptions): LogReader {
  const { environment, partitions, offsets } = options;
  const readings = new Map<string, Reading>();
  partitions.forEach((partition, i) => {
    readings.set(nameOf(partition), { partition, next: offsets[i] ?? 0, full: false });
  });
  /** Where there may be something to read, in the order to look. */
  const ready = new Set(readings.values());
  let scheduled = false;
  let closed = false;

  const wake = (reading: Reading | undefined): void => {
    if (reading === undefined || closed) return;
    ready.add(reading);
    if (scheduled) return;
    scheduled = true;
    setImmediate(turn);
  };

  const readOne = (reading: Reading): void => {
    ready.delete(reading);
    const records = reading.full ? [] : environment.read(reading.partition, reading.next, CHUNK);
    const last = records.at(-1);
    if (last === undefined) return;
    // Before the offer, which may seek.
    reading.next = last.offset + 1;
    reading.full = true;
    if (options.offer(reading.partition, records)) reading.full = false;
    if (!reading.full) wake(reading);
  };

  const turn = (): void => {
    scheduled = false;
    const until = performance.now() + TURN_MS_MAX;
    try {
      for (const reading of ready) {
        if (closed) return;
        readOne(reading);
        if (performance.now() > until) break;
      }
    } catch (error) {
      close();
      options.failed(error);
    }
    const [first] = ready;
    wake(first);
  };

  const stopListening = environment.onAppended((touched) => {
    for (const partition of touched) wake(readings.get(nameOf(partition)));
  });
  const close = (): void => {
    closed = true;
    ready.clear();
    stopListening();
  };

  for (const reading of readings.values()) wake(reading);
  return {
    resume(partition) {
      const reading = readings.get(nameOf(partition));
      if (reading) reading.full = false;
      wake(reading);
    },
    seek(partition, offset) {
      const reading = readings.get(nameOf(partition));
      if (reading) {
        reading.next = offset;
        reading.full = false;
      }
      wake(reading);
    },
    close,
  };
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
