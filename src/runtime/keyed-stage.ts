/**
 * A stage with state by key, exactly-once in effect. The order, which must not change:
 *   1 decode · 2 group by key · 3 load the misses · 4 apply in log order, timers in clock order ·
 *   5 encode what changed · 6 ONE atomic, fenced commit of states, timers, outputs and position ·
 *   7 publish what the commit left unpublished · 8 only then: forget, answer, set the alarm.
 * State first, publish second: an owner that lost its partition is refused at 6 and says nothing.
 */
import { WeftError } from '../errors.ts';
import type { Message } from '../domain/message.ts';
import type { EventLog, LogRecord, TopicPartition } from '../ports/event-log.ts';
import type { CommitAnswer } from '../ports/outbox.ts';
import type { ProfileStore } from '../ports/profile-store.ts';
import type { Alarm } from './alarm.ts';
import type { Codec } from './codec.ts';
import type { KeyedLogic } from './keyed-logic.ts';
import {
  Poison,
  runKeyedTurn,
  type OwnedPartition,
  type Placed,
  type TurnResult,
} from './keyed-turn.ts';
import { Outputs, publish, type TopicCodecs } from './outputs.ts';
import type { Progress, Stage, StageInput, Turn } from './stage.ts';
import { StateCache, type CachedState } from './state-cache.ts';

/** In one turn, all its partitions together. */
const MESSAGES_MAX = 1_000;
/** Of a partition, however many there are. */
const MESSAGES_MIN = 50;
/** Others have their turn at the event loop after so much work. */
const WORK_MS_MAX = 20;
const FIRINGS_MAX = 500;
const POISON_MAX = 100;
const NEVER = Number.MAX_SAFE_INTEGER;

export interface KeyedStageOptions<S> {
  readonly name: string;
  readonly topic: string;
  readonly logic: KeyedLogic<S>;
  readonly store: ProfileStore;
  readonly log: EventLog;
  readonly codec: Codec<Message>;
  readonly codecs: TopicCodecs;
  readonly route: (key: string) => number;
  readonly cacheBytes: number;
  readonly alarm: Alarm;
  readonly onTurn: (turn: TurnFigures) => void;
}

export interface TurnFigures {
  readonly messages: number;
  readonly firings: number;
  readonly states: number;
  readonly cacheMisses: number;
  readonly commitMs: number;
}

interface Prepared<S> {
  readonly input: StageInput;
  /** As it was claimed when the turn began: a later claim of the same partition is another one. */
  readonly own: OwnedPartition<S>;
  readonly result: TurnResult;
}

export function createKeyedStage<S>(options: KeyedStageOptions<S>): Stage {
  const { logic, store, topic } = options;
  const owned = new Map<number, OwnedPartition<S>>();

  const claimOne = async (partition: number): Promise<number> => {
    const claim = await store.claim(partition);
    await publish(options.log, claim.unpublished, (sequence) => store.trim(partition, sequence));
    const bounds = (await options.log.bounds(topic))[partition];
    if (bounds && (claim.position.offset < bounds.first || claim.position.offset > bounds.next)) {
      throw new WeftError(
        'projection_rebuilding',
        `stage ${options.name}: partition ${partition} stands at offset ${claim.position.offset}, the log holds ${bounds.first} to ${bounds.next}; run \`weft rebuild\``,
      );
    }
    const first = (await store.dueTimers(partition, NEVER, 1))[0]?.dueAt ?? Infinity;
    owned.set(partition, {
      partition,
      epoch: claim.epoch,
      position: claim.position,
      clock: claim.clock,
      horizon: claim.horizon,
      dueFrom: first,
      cache: new StateCache<S>(options.cacheBytes / store.partitions),
    });
    logic.opened(partition, claim.notes);
    options.alarm.set(partition, first);
    return claim.position.offset;
  };

  const prepare = async (input: StageInput, messagesMax: number): Promise<Prepared<S> | null> => {
    const own = owned.get(input.partition.partition);
    if (!own) return null;
    const poisoned = new Map<string, unknown>();
    for (;;) {
      const placed = await place(options, own, input.records, messagesMax);
      const clock = placed.reduce((at, each) => {
        const step = each.message && logic.clockStep(each.message, own.partition);
        return step ? Math.max(at, step.to) : at;
      }, own.clock);
      const until = clock - logic.slackMs;
      const timers =
        until >= own.dueFrom ? await store.dueTimers(own.partition, until, FIRINGS_MAX) : [];
      const keys = placed.map((each) => each.key);
      await load(options, own, new Set([...keys, ...timers.map((timer) => timer.key)]));
      const outputs = new Outputs(options.codecs);
      try {
        const timersCut = timers.length === FIRINGS_MAX;
        const { route } = options;
        const turn = { owned: own, placed, timers, timersCut, poisoned, outputs, route };
        const result = runKeyedTurn(logic, turn);
        return { input, own, result };
      } catch (error) {
        own.cache.clear();
        if (!(error instanceof Poison) || poisoned.size >= POISON_MAX) throw error;
        poisoned.set(error.place, error.cause);
      }
    }
  };

  /** null: the partition was taken away meanwhile; its next owner publishes what was committed. */
  const settle = async (prepared: Prepared<S>, answer: CommitAnswer): Promise<Progress | null> => {
    const { partition } = prepared.input;
    const { own } = prepared;
    if (owned.get(partition.partition) !== own) return null;
    if (answer.kind === 'fenced') {
      release([partition]);
      return { kind: 'lost', partition };
    }
    if (answer.kind === 'moved') {
      own.cache.clear();
      const next = await claimOne(partition.partition);
      return { kind: 'moved', partition, next };
    }
    const { result } = prepared;
    await publish(options.log, answer.unpublished, (seq) => store.trim(own.partition, seq));
    own.position = result.commit.to;
    own.clock = result.commit.clock;
    own.dueFrom =
      result.fired > 0 || own.dueFrom <= own.clock
        ? ((await store.dueTimers(own.partition, NEVER, 1))[0]?.dueAt ?? Infinity)
        : Math.min(own.dueFrom, result.earliestDue);
    options.alarm.set(own.partition, own.dueFrom);
    own.cache.shrink();
    for (const run of result.after) run();
    const applied = result.applied + result.fired;
    return { kind: 'done', partition, next: own.position.offset, applied };
  };

  const release = (partitions: readonly TopicPartition[]): void => {
    for (const { partition } of partitions) {
      owned.get(partition)?.cache.clear();
      if (owned.delete(partition)) logic.closed(partition);
      options.alarm.set(partition, Infinity);
    }
  };

  const decideAndCommit = async (turn: Turn) => {
    const prepared: Prepared<S>[] = [];
    const fairShare = Math.ceil(MESSAGES_MAX / turn.inputs.length);
    let workedSince = performance.now();
    for (const input of turn.inputs) {
      const ready = await prepare(input, Math.max(MESSAGES_MIN, fairShare));
      if (ready) prepared.push(ready);
      if (performance.now() - workedSince < WORK_MS_MAX) continue;
      await new Promise((resolve) => setImmediate(resolve));
      workedSince = performance.now();
    }
    const startedMs = performance.now();
    const answers = await store.commit(prepared.map((each) => each.result.commit));
    return { prepared, answers, commitMs: performance.now() - startedMs };
  };

  const process = async (turn: Turn): Promise<readonly Progress[]> => {
    const { prepared, answers, commitMs } = await decideAndCommit(turn).catch((error: unknown) => {
      // Whatever was decided of the turn is undone, in every partition of it.
      for (const { partition } of turn.inputs) owned.get(partition.partition)?.cache.clear();
      throw error;
    });
    const progress: Progress[] = [];
    for (const [i, each] of prepared.entries()) {
      const step = await settle(each, answers[i] as CommitAnswer);
      if (step) progress.push(step);
    }
    options.onTurn({
      messages: sum(prepared, (each) => each.result.applied),
      firings: sum(prepared, (each) => each.result.fired),
      states: sum(prepared, (each) => each.result.commit.states.length),
      cacheMisses: 0,
      commitMs,
    });
    return progress;
  };

  return {
    name: options.name,
    topics: [topic],
    ordered: 'by-partition',
    async claim(partitions) {
      const offsets: number[] = [];
      for (const { partition } of partitions) offsets.push(await claimOne(partition));
      return offsets;
    },
    release,
    process,
    idle: () => Promise.resolve(null),
    wakeBy: () => undefined,
    settled: () => true,
    stop: () => Promise.resolve(),
  } satisfies Stage;
}

/** The messages of these records from the partition's position on; about `messagesMax`, for none is cut apart. */
async function place<S>(
  options: KeyedStageOptions<S>,
  own: OwnedPartition<S>,
  records: readonly LogRecord[],
  messagesMax: number,
): Promise<readonly Placed[]> {
  const placed: Placed[] = [];
  for (const record of records) {
    if (placed.length >= messagesMax) break;
    if (record.offset < own.position.offset) continue;
    const { topic, partition, offset, value: body } = record;
    if (!options.codec.knows(record.schema)) await options.codec.learn(record.schema);
    let messages: readonly Message[];
    try {
      messages = options.codec.decode(record.schema, record.value);
      // Nobody writes one; passed over in silence it would hold the position back at the log's end.
      if (messages.length === 0) throw new WeftError('corrupt_data', 'an empty envelope');
    } catch (error) {
      placed.push({
        message: null,
        key: null,
        body,
        error,
        origin: { topic, partition, offset, index: 0 },
        isLastOfRecord: true,
      });
      continue;
    }
    const from = record.offset === own.position.offset ? own.position.index : 0;
    for (let index = from; index < messages.length; index += 1) {
      const message = messages[index] as Message;
      placed.push({
        message,
        key: options.logic.keyOf(message),
        body,
        origin: { topic, partition, offset, index },
        isLastOfRecord: index === messages.length - 1,
      });
    }
  }
  return placed;
}

/** Brings the states of these keys into the cache: one load for all that are missing. */
async function load<S>(
  options: KeyedStageOptions<S>,
  own: OwnedPartition<S>,
  keys: ReadonlySet<string | null>,
): Promise<void> {
  const misses = [...keys].filter((key) => key !== null && !own.cache.get(key)) as string[];
  if (misses.length === 0) return;
  const values = await options.store.load(own.partition, misses);
  for (const [i, key] of misses.entries()) {
    const bytes = values[i] ?? null;
    if (bytes) await options.logic.learnOf(bytes);
    const state = bytes ? options.logic.decode(bytes) : undefined;
    const dueAt = state === undefined ? null : options.logic.dueAt(state);
    const entry: CachedState<S> = { key, kept: null, state: undefined, dueAt, bytes: 0 };
    own.cache.put(entry, bytes);
    entry.state = state;
  }
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
