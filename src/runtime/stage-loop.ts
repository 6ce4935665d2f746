/**
 * One loop a stage, and nothing else changes that stage's state: take what the log offered, let the
 * stage process it, move on; when there is nothing, ask the stage what time it is. Infrastructure
 * errors are tried again without end, with backoff; any other error stops the process. A stage with
 * work that makes no progress for 30 s is reported as stuck.
 */
import { isRetriable, messageOf, WeftError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog, LogRecord, Subscription, TopicPartition } from '../ports/event-log.ts';
import { PartitionQueue } from './partition-queue.ts';
import type { InputClock, Progress, Stage, StageInput, Turn } from './stage.ts';

const TURN_RECORDS_MAX = 500;
const TURN_BYTES_MAX = 1024 * 1024;
const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 5_000;

export interface LoopOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly group: string;
  /** An error that trying again cannot mend: the process has to end. */
  readonly onFatal: (error: unknown) => void;
  /** Told of every retry: name of what failed, how often in a row. */
  readonly onRetry: (stage: string, error: unknown, attempt: number) => void;
}

export interface StageLoop {
  readonly name: string;
  /** Look again: a timer is due sooner, or somebody wants a marker. */
  wake(): void;
  /** Everything in the log at this moment is applied. */
  whenSettled(): Promise<void>;
  /** How long there has been work without progress, ms; 0 when there is none. */
  stuckForMs(): number;
  /** Records waiting, and whether more are in the log. */
  lag(): { readonly records: number; readonly caughtUp: boolean };
  stop(): Promise<void>;
}

export async function runStage(stage: Stage, options: LoopOptions): Promise<StageLoop> {
  const queues = new Map<string, PartitionQueue>();
  const partitions = new Map<string, TopicPartition>();
  const waiters: (() => void)[] = [];
  const reading: { subscription?: Subscription } = {};
  let wakeUp: (() => void) | null = null;
  let awake = false;
  let stopping = false;
  let busy = false;
  let workSince = 0;
  let cancelAlarm: (() => void) | null = null;

  const wake = (): void => {
    awake = true;
    wakeUp?.();
  };

  const sink = {
    async assigned(given: readonly TopicPartition[]) {
      const offsets = await stage.claim(given);
      given.forEach((partition, i) => {
        partitions.set(nameOf(partition), partition);
        queues.set(nameOf(partition), new PartitionQueue(offsets[i] ?? 0));
      });
      wake();
      return offsets;
    },
    revoked(taken: readonly TopicPartition[]) {
      for (const partition of taken) {
        queues.delete(nameOf(partition));
        partitions.delete(nameOf(partition));
      }
      stage.release(taken);
    },
    offer(partition: TopicPartition, records: readonly LogRecord[]) {
      const queue = queues.get(nameOf(partition));
      if (!queue) return false;
      const answer = queue.offer(records);
      if (answer.kind === 'gap') reading.subscription?.seek(partition, answer.readFrom);
      wake();
      return answer.kind === 'taken';
    },
    failed: options.onFatal,
  };

  const isCaughtUp = (partition: TopicPartition, queue: PartitionQueue): boolean =>
    queue.length === 0 && reading.subscription?.caughtUpAt(partition, queue.expected) !== undefined;

  const clocks = (): readonly InputClock[] =>
    [...queues].map(([name, queue]) => {
      const partition = partitions.get(name) as TopicPartition;
      const caughtUpAt =
        queue.length === 0
          ? reading.subscription?.caughtUpAt(partition, queue.expected)
          : undefined;
      return {
        partition,
        clock: caughtUpAt ?? queue.appliedLogTime,
        caughtUp: caughtUpAt !== undefined,
      };
    });

  const takeTurn = (): Turn | null => {
    const inputs: StageInput[] = [];
    // Full queues cannot hold more of the moment they end in, others can.
    let [completeTo, completeToFull] = [Infinity, Infinity];
    for (const [name, queue] of queues) {
      const partition = partitions.get(name) as TopicPartition;
      const records = queue.peek(TURN_RECORDS_MAX, TURN_BYTES_MAX);
      const readTo = records.at(-1)?.logTime ?? queue.appliedLogTime;
      const isRead =
        queue.length > records.length ||
        reading.subscription?.caughtUpAt(partition, queue.expected) !== undefined;
      if (!isRead) {
        // What is still in the log may have the log time of the last record here.
        completeTo = Math.min(completeTo, readTo - 1);
        completeToFull = Math.min(completeToFull, queue.isFull ? readTo : readTo - 1);
      } else if (queue.length > records.length) {
        completeTo = Math.min(completeTo, readTo);
        completeToFull = Math.min(completeToFull, readTo);
      }
      if (records.length > 0) inputs.push({ partition, records });
    }
    if (inputs.length === 0) return null;
    // Waiting for the rest of a moment that fills its queue would be for ever: it is cut apart.
    const isHeldUp = inputs.every(({ records: [first] }) => (first?.logTime ?? 0) > completeTo);
    return { inputs, completeTo: isHeldUp ? completeToFull : completeTo };
  };

  const advance = (progress: readonly Progress[]): boolean => {
    let moved = false;
    for (const step of progress) {
      const name = nameOf(step.partition);
      const queue = queues.get(name);
      if (!queue) continue;
      if (step.kind === 'lost') {
        sink.revoked([step.partition]);
      } else if (step.kind === 'moved') {
        queue.restart(step.next);
        reading.subscription?.seek(step.partition, step.next);
      } else {
        const waiting = queue.length;
        if (queue.finish(step.next)) reading.subscription?.resume(step.partition);
        // Nothing may be applied where all of it had been before; to be through with it is progress.
        moved ||= step.applied > 0 || queue.length < waiting;
      }
    }
    return moved;
  };

  const isSettled = (): boolean =>
    !busy &&
    stage.settled() &&
    [...queues].every(([name, queue]) => isCaughtUp(partitions.get(name) as TopicPartition, queue));

  const pause = (ms: number | null): Promise<void> =>
    new Promise((resolve) => {
      if (awake || stopping) return resolve();
      const finish = (): void => {
        wakeUp = null;
        cancelAlarm?.();
        cancelAlarm = null;
        resolve();
      };
      wakeUp = finish;
      if (ms !== null) cancelAlarm = options.clock.after(ms, finish);
    });

  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    for (let tries = 1; !stopping; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!isRetriable(error)) throw error;
        options.onRetry(stage.name, error, tries);
        workSince = 0;
        await backoff(tries, () => stopping);
      }
    }
    return null;
  };

  const loop = async (): Promise<void> => {
    while (!stopping) {
      awake = false;
      const turn = takeTurn();
      busy = true;
      const moved = turn !== null && advance((await attempt(() => stage.process(turn))) ?? []);
      if (turn === null || moved) workSince = 0;
      else if (workSince === 0) workSince = performance.now();
      const idleMs = await attempt(() => stage.idle(clocks));
      busy = false;
      if (waiters.length > 0 && isSettled()) waiters.splice(0).forEach((resolve) => resolve());
      if (moved) await yieldToOthers();
      else await pause(idleMs);
    }
  };

  stage.wakeBy(wake);
  reading.subscription = await options.log.subscribe(options.group, stage.topics, sink);
  const running = loop().catch((error: unknown) =>
    options.onFatal(
      error instanceof WeftError
        ? error
        : new WeftError('internal', `stage ${stage.name}: ${messageOf(error)}`, { cause: error }),
    ),
  );

  return {
    name: stage.name,
    wake,
    whenSettled: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        wake();
      }),
    stuckForMs: () => (workSince === 0 ? 0 : performance.now() - workSince),
    lag: () => ({
      records: [...queues.values()].reduce((sum, queue) => sum + queue.length, 0),
      caughtUp: [...queues].every(([name, queue]) =>
        isCaughtUp(partitions.get(name) as TopicPartition, queue),
      ),
    }),
    async stop() {
      stopping = true;
      wake();
      await running;
      await stage.stop();
      await reading.subscription?.close();
    },
  };
}

const nameOf = (partition: TopicPartition): string => `${partition.topic}/${partition.partition}`;

const yieldToOthers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Real time: what is waited for is a service, not a shopper. */
async function backoff(tries: number, isStopping: () => boolean): Promise<void> {
  const until =
    performance.now() + Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(tries - 1, 10));
  while (performance.now() < until && !isStopping()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
