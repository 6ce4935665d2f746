/**
 * action → delivery: take on what was decided, issue coupons, send through channels, record each
 * attempt. Intent is recorded before anything leaves; an action id is carried out once, however often
 * it is read. Everything read is taken on at once: what a slow channel leaves waiting, waits in the
 * ledger (`dispatch-lines.ts` holds what is next). Only this stage's loop writes the ledger.
 */
import { WeftError } from '../src/errors.ts';
import { carry } from '../src/domain/dispatch/carried.ts';
import type { Action, Delivery, Message } from '../src/domain/message.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { DispatchLedger } from '../src/ports/dispatch-ledger.ts';
import type { EventLog, LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { CommitAnswer, Position } from '../src/ports/outbox.ts';
import type { Codec } from '../src/runtime/codec.ts';
import { Outputs, publish, type TopicCodecs } from '../src/runtime/outputs.ts';
import type { Progress, Stage, Turn } from '../src/runtime/stage.ts';
import type { CarryOutOptions } from './carry-out.ts';
import { DispatchLines, type Work } from './dispatch-lines.ts';
import { entryOf, readCarried, takeStep, type StepTaken } from './dispatch-step.ts';

/** What answers later is not recorded: after a start it is tried again, under the same id. */
const STOP_WAITS_MS = 5_000;

export interface DispatchOptions extends CarryOutOptions {
  readonly log: EventLog;
  readonly ledger: DispatchLedger;
  readonly codec: Codec<Message>;
  readonly codecs: TopicCodecs;
  readonly onDelivery: (delivery: Delivery) => void;
  /** How long a stop may take is no matter of scaled time. */
  readonly realTime: Pick<Clock, 'after'>;
}

interface Owned {
  readonly epoch: number;
  position: Position;
}

interface Result {
  readonly work: Work;
  readonly taken: StepTaken;
}

export function createDispatchStage(options: DispatchOptions): Stage {
  const owned = new Map<number, Owned>();
  const results: Result[] = [];
  const lines = new DispatchLines();
  /** One for each move under way; resolved when its result is in `results`. */
  const underWay = new Set<Promise<void>>();
  let stopping = false;
  let wake = (): void => undefined;

  /** While stopping nothing new begins: what the ledger has as open, the next start takes up. */
  const startReady = (): void => {
    if (stopping) return;
    for (const work of lines.take()) {
      const moving = takeStep(options, work.carried).then((taken) => {
        underWay.delete(moving);
        lines.ended(work);
        results.push({ work, taken });
        startReady();
        wake();
      });
      underWay.add(moving);
    }
  };

  /** From the ledger, what became due and what there was no room for. */
  const refill = async (): Promise<void> => {
    const until = options.clock.now();
    for (const room of lines.rooms(until)) {
      const { partition, lane, limit } = room;
      const { entries, nextAt } = await options.ledger.due(partition, lane, { until, limit });
      if (owned.has(partition)) lines.fill(room, entries, { nextAt, read: readCarried });
    }
  };

  const claim = async (partitions: readonly TopicPartition[]): Promise<readonly number[]> => {
    const offsets: number[] = [];
    for (const { partition } of partitions) {
      const claimed = await options.ledger.claim(partition);
      await publish(options.log, claimed.unpublished, (s) => options.ledger.trim(partition, s));
      owned.set(partition, { epoch: claimed.epoch, position: claimed.position });
      for (const lane of claimed.lanes) lines.look(partition, lane);
      offsets.push(claimed.position.offset);
    }
    return offsets;
  };

  const takeOn = async (
    partition: TopicPartition,
    records: readonly LogRecord[],
  ): Promise<Progress> => {
    const own = owned.get(partition.partition);
    const last = records.at(-1);
    if (!own || !last) return { kind: 'lost', partition };
    const actions = await decidedIn(options, records);
    const known = await options.ledger.known(partition.partition, actions);
    const fresh = actions.filter((_, i) => known[i] === undefined);
    const now = options.clock.now();
    const taken = fresh.map((action) => {
      const carried = carry(action);
      return { carried, entry: entryOf(carried, 'open', now) };
    });
    const to = { offset: last.offset + 1, index: 0 };
    const answer = await options.ledger.commit({
      partition: partition.partition,
      epoch: own.epoch,
      from: own.position,
      to,
      entries: taken.map(({ entry }) => entry),
      outputs: [],
    });
    if (answer.kind === 'fenced') {
      release([partition]);
      return { kind: 'lost', partition };
    }
    if (answer.kind === 'moved') {
      const [next = 0] = await claim([partition]);
      return { kind: 'moved', partition, next };
    }
    own.position = to;
    for (const { carried, entry } of taken) {
      lines.offer({ partition: partition.partition, lane: entry.lane, carried }, now);
    }
    return { kind: 'done', partition, next: to.offset, applied: records.length };
  };

  /** All partitions at once: where the ledger can, their commits share one flush. */
  const record = async (): Promise<void> => {
    if (results.length === 0) return;
    const byPartition = new Map<number, Result[]>();
    for (const result of results.splice(0)) {
      const { partition } = result.work;
      const mine = byPartition.get(partition);
      if (mine) mine.push(result);
      else byPartition.set(partition, [result]);
    }
    const ends = await Promise.allSettled(
      [...byPartition].map(([partition, mine]) => recordOf(partition, mine)),
    );
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  };

  const recordOf = async (partition: number, mine: readonly Result[]): Promise<void> => {
    const own = owned.get(partition);
    if (!own) return forget(mine);
    const outputs = new Outputs(options.codecs);
    for (const { taken } of mine) {
      outputs.add('deliveries', partition, taken.delivery);
      if (taken.issued) outputs.add('events', partition, taken.issued);
    }
    let answer: CommitAnswer;
    try {
      answer = await options.ledger.commit({
        partition,
        epoch: own.epoch,
        from: own.position,
        to: own.position,
        entries: mine.map(({ taken }) => taken.entry),
        outputs: outputs.records(),
      });
    } catch (error) {
      // What was done is done: it is recorded with the next try.
      results.push(...mine);
      throw error;
    }
    forget(mine);
    if (answer.kind !== 'committed') {
      release([{ topic: 'actions', partition }]);
      throw new WeftError(
        'store_unavailable',
        `dispatch: partition ${partition} was ${answer.kind}`,
      );
    }
    for (const { taken } of mine) {
      const { state, lane, nextTryAt } = taken.entry;
      const at = nextTryAt ?? 0;
      if (state === 'open') lines.offer({ partition, lane, carried: taken.next }, at);
      if (state === 'waiting') lines.look(partition, lane, at);
    }
    for (const { taken } of mine) options.onDelivery(taken.delivery);
    await publish(options.log, answer.unpublished, (s) => options.ledger.trim(partition, s));
  };

  const forget = (mine: readonly Result[]): void => {
    for (const { work } of mine) lines.forget(work);
  };

  const release = (partitions: readonly TopicPartition[]): void => {
    for (const { partition } of partitions) {
      owned.delete(partition);
      lines.drop(partition);
    }
  };

  return {
    name: 'dispatch',
    topics: ['actions'],
    ordered: 'by-partition',
    claim,
    release,
    async process(turn: Turn) {
      return Promise.all(turn.inputs.map((input) => takeOn(input.partition, input.records)));
    },
    async idle() {
      await record();
      await refill();
      startReady();
      const now = options.clock.now();
      const at = lines.nextLook(now);
      return at === null ? null : Math.max(1, at - now);
    },
    wakeBy(look) {
      wake = look;
    },
    settled: () => results.length === 0 && lines.isIdle(options.clock.now()),
    async stop() {
      stopping = true;
      await new Promise<void>((resolve) => {
        const cancel = options.realTime.after(STOP_WAITS_MS, resolve);
        void Promise.all(underWay).then(cancel).then(resolve);
      });
      await record();
    },
  } satisfies Stage;
}

async function decidedIn(
  options: DispatchOptions,
  records: readonly LogRecord[],
): Promise<readonly Action[]> {
  const actions: Action[] = [];
  const seen = new Set<string>();
  for (const record of records) {
    if (!options.codec.knows(record.schema)) await options.codec.learn(record.schema);
    for (const message of options.codec.decode(record.schema, record.value)) {
      if (message.kind !== 'action' || message.outcome !== 'decided' || seen.has(message.id))
        continue;
      seen.add(message.id);
      actions.push(message);
    }
  }
  return actions;
}
