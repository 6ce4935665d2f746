/**
 * Writes that arrive together share one transaction, so that many callers cost one flush to disk: an
 * append, the commits of all stages, coupons. When idle a commit is made at once; under load the next
 * one waits twice as long as the last one took, which leaves the event loop two thirds of its time.
 * What no shopper waits for is patient: it goes with the next who is not, or when its time is up.
 * Each work sees what the ones before it wrote; all hear only when it is durable, or that none of it
 * is there.
 */
import { messageOf, WeftError } from '../../errors.ts';

/** One caller's part of a transaction, synchronous; throws only what makes all of it worthless. */
export interface SharedWork<T> {
  readonly run: () => T;
  /**
   * How much memory the work holds until then: who says so may be refused, and tries again later. What
   * brings the work there is to its end (commits of stages, coupons) never is.
   */
  readonly bytes?: number;
  /** How long it may wait for a transaction that is made anyway. */
  readonly patienceMs?: number;
  /** The transaction is on disk: before anybody else hears or reads. */
  readonly durable?: (answer: T) => void;
  /** It failed; nothing of it is there. */
  readonly undone?: () => void;
}

export interface SharedWrites {
  /** Too much waiting already: `overloaded`, and nothing was taken on. */
  write<T>(work: SharedWork<T>): Promise<T>;
  /** What waits is written now. */
  flush(): void;
}

interface Waiting {
  readonly bytes: number;
  run(): void;
  durable(): void;
  undone(error: Error): void;
}

const REST_FACTOR = 2;
const REST_MS_MAX = 20;
const GROUP_MAX = 1_000;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

/** `transact` runs its work as one transaction, durable when it returns. */
export function createSharedWrites(transact: (work: () => void) => void): SharedWrites {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let cancel: (() => void) | null = null;
  let wantedAt = Infinity;
  let restUntil = 0;

  const commit = (group: readonly Waiting[]): void => {
    const startedAt = performance.now();
    try {
      transact(() => {
        for (const work of group) work.run();
      });
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(messageOf(error));
      for (const work of group) work.undone(cause);
      return;
    } finally {
      const endedAt = performance.now();
      restUntil = endedAt + Math.min(REST_MS_MAX, REST_FACTOR * (endedAt - startedAt));
    }
    for (const work of group) work.durable();
  };

  const next = (): void => {
    cancel = null;
    wantedAt = Infinity;
    const count = groupSize(waiting);
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    for (const { bytes } of group) waitingBytes -= bytes;
    if (group.length > 0) commit(group);
    if (waiting.length > 0) schedule(0);
  };

  const schedule = (patienceMs: number): void => {
    const now = performance.now();
    const at = now + patienceMs;
    if (at >= wantedAt) return;
    cancel?.();
    wantedAt = at;
    const inMs = Math.max(at, restUntil) - now;
    if (inMs <= 0) {
      const immediate = setImmediate(next);
      cancel = () => clearImmediate(immediate);
    } else {
      const timer = setTimeout(next, Math.ceil(inMs));
      cancel = () => clearTimeout(timer);
    }
  };

  return {
    async write<T>(work: SharedWork<T>): Promise<T> {
      const { run, bytes = 0, patienceMs = 0, durable, undone } = work;
      const isTooMuch = waitingBytes + bytes > WAITING_BYTES_MAX || waiting.length >= WAITING_MAX;
      if (bytes > 0 && waiting.length > 0 && isTooMuch) {
        throw tooMuch(waiting.length, waitingBytes);
      }
      waitingBytes += bytes;
      return new Promise<T>((resolve, reject) => {
        let answer: T;
        waiting.push({
          bytes,
          run: () => void (answer = run()),
          durable() {
            durable?.(answer);
            resolve(answer);
          },
          undone(error) {
            undone?.();
            reject(error);
          },
        });
        schedule(patienceMs);
      });
    },
    flush() {
      cancel?.();
      while (waiting.length > 0) next();
    },
  };
}

function groupSize(waiting: readonly Waiting[]): number {
  let bytes = 0;
  let count = 0;
  for (const work of waiting) {
    bytes += work.bytes;
    if (count > 0 && (bytes > GROUP_BYTES_MAX || count >= GROUP_MAX)) break;
    count += 1;
  }
  return count;
}

const tooMuch = (works: number, bytes: number): WeftError =>
  new WeftError('overloaded', `writing: ${works} writes of ${bytes} bytes wait already`);
