/**
 * The log of one process: it owns every partition, so a group has one subscriber and partitions
 * never change hands. "Caught up" is exact: the end of a partition is known without looking.
 */
import { messageOf, WeftError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog, TopicPartition } from '../../ports/event-log.ts';
import type { Environment } from './environment.ts';
import { createLogReader } from './log-reader.ts';
import type { LogReader } from './log-reader.ts';

export interface LmdbEventLog extends EventLog {
  /** Writes what waits, then lets go of all subscribers. The environment stays open. */
  close(): void;
}

export function createLmdbEventLog(environment: Environment, clock: Clock): LmdbEventLog {
  let isClosed = false;
  const groups = new Map<string, LogReader | null>();
  const tails = new Set<LogReader>();
  const partitionsOf = (topic: string): readonly TopicPartition[] => {
    const count = environment.countOf(topic);
    if (count === 0) throw new Error(`the log has no topic ${topic}`);
    return Array.from({ length: count }, (_, partition) => ({ topic, partition }));
  };

  return {
    id: environment.id,
    partitions: (topic) => environment.countOf(topic),
    async append(records) {
      // Here, so that only the caller who is mistaken hears of it.
      for (const record of records) environment.bounds(record);
      if (isClosed) throw new WeftError('log_unavailable', 'appending to the log: it is closed');
      if (records.length === 0) return;
      const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
      const run = (): void => environment.appendInside(records);
      await environment.share({ run, bytes }).catch((error: unknown) => {
        throw asLogError(error);
      });
    },
    read: async (partition, from, limits) => environment.read(partition, from, limits),
    bounds: async (topic) => partitionsOf(topic).map((partition) => environment.bounds(partition)),
    async subscribe(group, topics, sink) {
      const partitions = topics.flatMap(partitionsOf);
      if (groups.has(group)) throw new WeftError('already_running', inUse(group));
      groups.set(group, null);
      try {
        const offsets = await sink.assigned(partitions);
        const reader = createLogReader({
          environment,
          partitions,
          offsets,
          offer: (partition, records) => sink.offer(partition, records),
          failed: (error) => sink.failed(error),
        });
        groups.set(group, reader);
        return {
          resume: (partition) => reader.resume(partition),
          seek: (partition, offset) => reader.seek(partition, offset),
          caughtUpAt: (partition, offset) =>
            environment.bounds(partition).next <= offset ? clock.now() : undefined,
          async close() {
            reader.close();
            if (groups.get(group) === reader) groups.delete(group);
          },
        };
      } catch (error) {
        groups.delete(group);
        throw error;
      }
    },
    async tail(topic, from, each) {
      const partitions = partitionsOf(topic);
      const offsets =
        from === 'now' ? partitions.map((partition) => environment.bounds(partition).next) : from;
      const reader = createLogReader({
        environment,
        partitions,
        offsets,
        offer(_, records) {
          for (const record of records) each(record);
          return true;
        },
        failed(error) {
          throw error;
        },
      });
      tails.add(reader);
      return {
        close() {
          reader.close();
          tails.delete(reader);
        },
      };
    },
    close() {
      isClosed = true;
      environment.flush();
      for (const reader of [...groups.values(), ...tails]) reader?.close();
      groups.clear();
      tails.clear();
    },
  } satisfies LmdbEventLog;
}

const inUse = (group: string): string =>
  `subscribing as ${group}: this process, which owns every partition, reads under that name already`;

const asLogError = (error: unknown): unknown =>
  error instanceof WeftError && error.code === 'store_unavailable'
    ? new WeftError('log_unavailable', `appending to the log: ${messageOf(error)}`, {
        cause: error,
      })
    : error;
