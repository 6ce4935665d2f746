/**
 * Appends that arrive together share one transaction, so that many small requests cost one flush to
 * disk. When idle a commit is made at once; under load the next one waits twice as long as the last
 * one took, which leaves the event loop two thirds of its time. Every caller hears only after its
 * transaction is durable.
 */
import { WeftError, messageOf } from '../../errors.ts';
import type { NewRecord } from '../../ports/event-log.ts';
import type { Environment } from './environment.ts';

export interface GroupCommit {
  append(records: readonly NewRecord[]): Promise<void>;
  /** What waits is written now; what comes later is refused. */
  close(): void;
}

interface Waiting {
  readonly records: readonly NewRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const REST_FACTOR = 2;
const REST_MS_MAX = 10;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

export function createGroupCommit(environment: Environment): GroupCommit {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let scheduled = false;
  let closed = false;
  let restUntil = 0;

  const commit = (group: readonly Waiting[]): void => {
    const startedAt = performance.now();
    try {
      environment.write(() => environment.appendInside(group.flatMap(({ records }) => records)));
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(asLogError(error));
    }
    const endedAt = performance.now();
    restUntil = endedAt + Math.min(REST_MS_MAX, REST_FACTOR * (endedAt - startedAt));
  };

  const flush = (): void => {
    scheduled = false;
    const group = takeGroup(waiting);
    waiting = waiting.slice(group.length);
    waitingBytes -= bytesOf(group);
    if (group.length > 0) commit(group);
    if (waiting.length > 0) schedule();
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    const restMs = restUntil - performance.now();
    if (restMs <= 0) setImmediate(flush);
    else setTimeout(flush, Math.ceil(restMs));
  };

  return {
    async append(records) {
      if (closed) throw new WeftError('log_unavailable', 'appending to the log: it is closed');
      if (records.length === 0) return;
      const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
      if (waiting.length > 0 && waitingBytes + bytes > WAITING_BYTES_MAX) throw tooMuch();
      waitingBytes += bytes;
      await new Promise<void>((resolve, reject) => {
        waiting.push({ records, bytes, resolve, reject });
        schedule();
      });
    },
    close() {
      closed = true;
      while (waiting.length > 0) flush();
    },
  };
}

function takeGroup(waiting: readonly Waiting[]): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const one of waiting) {
    bytes += one.bytes;
    if (count > 0 && bytes > GROUP_BYTES_MAX) break;
    count += 1;
  }
  return waiting.slice(0, count);
}

const bytesOf = (group: readonly Waiting[]): number =>
  group.reduce((sum, { bytes }) => sum + bytes, 0);

const asLogError = (error: unknown): unknown =>
  error instanceof WeftError && error.code === 'store_unavailable'
    ? new WeftError('log_unavailable', `appending to the log: ${messageOf(error)}`, {
        cause: error,
      })
    : error;

const tooMuch = (): WeftError =>
  new WeftError('overloaded', `appending to the log: ${WAITING_BYTES_MAX} bytes wait already`);
