/** Hands out records of the partitions it was given, in turn, as long as they are taken. */
import type {
  Bounds,
  LogRecord,
  LogSink,
  ReadLimits,
  TopicPartition,
} from '../../ports/event-log.ts';

/** What readers need of the records. */
export interface RecordSource {
  read(partition: TopicPartition, from: number, limits: ReadLimits): readonly LogRecord[];
  bounds(partition: TopicPartition): Bounds;
  onAppended(listener: (partition: TopicPartition) => void): () => void;
  now(): number;
  soon(run: () => void): void;
}

export interface Reader {
  add(partition: TopicPartition, offset: number): void;
  remove(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  seek(partition: TopicPartition, offset: number): void;
  close(): void;
}

interface Reading {
  readonly partition: TopicPartition;
  next: number;
  full: boolean;
}

const CHUNK = { recordsMax: 100, bytesMax: 256 * 1024 };

export function createReader(
  source: RecordSource,
  sink: Pick<LogSink, 'offer' | 'failed'>,
): Reader {
  const readings = new Map<string, Reading>();
  const ready = new Set<Reading>();
  let scheduled = false;

  const wake = (reading: Reading | undefined): void => {
    if (reading === undefined) return;
    ready.add(reading);
    if (scheduled) return;
    scheduled = true;
    source.soon(turn);
  };

  const turn = (): void => {
    scheduled = false;
    const [reading] = ready;
    if (reading === undefined) return;
    ready.delete(reading);
    try {
      readOne(reading);
    } catch (error) {
      close();
      sink.failed(error);
    }
    const [another] = ready;
    wake(another);
  };

  const readOne = (reading: Reading): void => {
    if (reading.full) return;
    const records = source.read(reading.partition, reading.next, CHUNK);
    const last = records.at(-1);
    if (last === undefined) return;
    // Before the offer, which may seek.
    reading.next = last.offset + 1;
    reading.full = true;
    if (sink.offer(reading.partition, records)) reading.full = false;
    if (!reading.full && readings.has(nameOf(reading.partition))) wake(reading);
  };

  const stopListening = source.onAppended((partition) => wake(readings.get(nameOf(partition))));
  const close = (): void => {
    stopListening();
    readings.clear();
    ready.clear();
  };
  const restart = (partition: TopicPartition, offset?: number): void => {
    const reading = readings.get(nameOf(partition));
    if (reading) {
      reading.full = false;
      reading.next = offset ?? reading.next;
    }
    wake(reading);
  };

  return {
    add({ topic, partition }, offset) {
      const reading = { partition: { topic, partition }, next: offset, full: false };
      readings.set(nameOf(reading.partition), reading);
      wake(reading);
    },
    remove(partition) {
      const reading = readings.get(nameOf(partition));
      if (reading) ready.delete(reading);
      readings.delete(nameOf(partition));
    },
    resume: (partition) => restart(partition),
    seek: restart,
    close,
  };
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
