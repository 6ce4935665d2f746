/**
 * One partition's share of one turn, in memory: messages in log order, due timers in clock order
 * between them, states changed in the cache, outputs collected. Nothing is written here; a turn that
 * is not committed is undone by dropping the states it touched.
 */
import type { Message, Origin } from '../domain/message.ts';
import { WeftError } from '../errors.ts';
import type { DueTimer, PartitionCommit, StateWrite } from '../ports/profile-store.ts';
import type { Position } from '../ports/outbox.ts';
import { DueHeap } from './due-heap.ts';
import type { ClockStep, Emitter, KeyedLogic, Moment } from './keyed-logic.ts';
import type { Outputs } from './outputs.ts';
import type { CachedState, StateCache } from './state-cache.ts';

/** A message with its place; `message` is null where the record could not be decoded. */
export interface Placed {
  readonly message: Message | null;
  /** Of the state it concerns; null: none, or it could not be read. */
  readonly key: string | null;
  readonly body: Uint8Array;
  readonly error?: unknown;
  readonly origin: Origin;
  readonly isLastOfRecord: boolean;
}

export interface OwnedPartition<S> {
  readonly partition: number;
  readonly epoch: number;
  position: Position;
  clock: number;
  readonly horizon: Position | null;
  /** No timer of this partition is due before this. */
  dueFrom: number;
  readonly cache: StateCache<S>;
}

export interface TurnInput<S> {
  readonly owned: OwnedPartition<S>;
  readonly placed: readonly Placed[];
  readonly timers: readonly DueTimer[];
  /** The index held more due timers than were loaded: go no further than the last of them. */
  readonly timersCut: boolean;
  /** Place → what its logic threw. */
  readonly poisoned: ReadonlyMap<string, unknown>;
  readonly outputs: Outputs;
  readonly route: (key: string) => number;
}

export interface TurnResult {
  readonly commit: PartitionCommit;
  readonly applied: number;
  readonly fired: number;
  readonly after: readonly (() => void)[];
  readonly touched: readonly string[];
  /** The earliest due time this turn set; Infinity when it set none. */
  readonly earliestDue: number;
}

/** A message or firing whose logic threw; the turn is taken again without it. */
export class Poison extends Error {
  readonly place: string;
  constructor(place: string, cause: unknown) {
    super(`poison at ${place}`, { cause });
    this.place = place;
  }
}

/**
 * What a message or firing failed of. A stored state that cannot be read is no fault of the message
 * that met it: the message is acknowledged and must not be lost, so the stage stops.
 */
function failureAt(place: string, partition: number, cause: unknown): Error {
  if (!(cause instanceof WeftError) || cause.code !== 'corrupt_data') {
    return new Poison(place, cause);
  }
  const message = `a state stored in partition ${partition} cannot be read: ${cause.message}`;
  return new WeftError('corrupt_data', message, { cause });
}

const placeOf = (origin: Origin): string => `${origin.offset}/${origin.index}`;

export function runKeyedTurn<S>(logic: KeyedLogic<S>, input: TurnInput<S>): TurnResult {
  const { owned } = input;
  const { cache } = owned;
  const heap = new DueHeap();
  for (const timer of input.timers) heap.push(timer);
  const cutAt = input.timersCut ? (input.timers.at(-1)?.dueAt ?? Infinity) : Infinity;
  const touched = new Map<string, number | null>();
  const after: (() => void)[] = [];
  let clock = owned.clock;
  let to = owned.position;
  let notes: Uint8Array | undefined;
  let applied = 0;
  let fired = 0;
  let history = false;
  let horizonPassed = isPast(owned.position, owned.horizon);

  const emit: Emitter = {
    publish(topic, place, message) {
      if (!horizonPassed) return;
      input.outputs.add(topic, typeof place === 'number' ? place : input.route(place), message);
    },
    afterCommit(run) {
      if (horizonPassed) after.push(run);
    },
  };

  const entryOf = (key: string): CachedState<S> => {
    const entry = cache.get(key);
    if (!entry) throw new TypeError('a state was not loaded before its turn');
    if (touched.has(key)) return entry;
    touched.set(key, entry.dueAt);
    if (entry.kept !== null) entry.state ??= logic.decode(entry.kept);
    return entry;
  };

  const settle = (entry: CachedState<S>, state: S | undefined): void => {
    entry.state = state;
    const dueAt = state === undefined ? null : logic.dueAt(state);
    if (dueAt !== null && dueAt !== entry.dueAt) heap.push({ dueAt, key: entry.key });
    entry.dueAt = dueAt;
  };

  const momentAt = (now: number, origin: Origin, isHistory: boolean): Moment => ({
    now,
    clock,
    partition: owned.partition,
    origin,
    history: isHistory,
  });

  /** Answers false when more is due than was loaded: stop before this message. */
  const fireUpTo = (step: ClockStep, origin: Origin): boolean => {
    for (let due = heap.first; due; due = heap.first) {
      const at = due.dueAt + logic.slackMs;
      if (step.inclusive ? at > step.to : at >= step.to) break;
      if (due.dueAt > cutAt) return false;
      heap.pop();
      const entry = cache.get(due.key);
      if (!entry || entry.dueAt !== due.dueAt) continue;
      if (step.history) clock = Math.max(clock, at);
      const now = step.history ? at : Math.max(clock, step.to);
      fireOne(entry.key, due.dueAt, momentAt(now, origin, step.history));
    }
    const cutReached = cutAt + logic.slackMs;
    return step.inclusive ? cutReached > step.to : cutReached >= step.to;
  };

  const fireOne = (key: string, dueAt: number, moment: Moment): void => {
    const entry = entryOf(key);
    const place = `fire/${key}/${dueAt}`;
    if (input.poisoned.has(place)) {
      entry.dueAt = null;
      return;
    }
    fired += 1;
    try {
      settle(entry, logic.fire({ key, state: entry.state as S, dueAt, moment }, emit));
    } catch (error) {
      throw failureAt(place, owned.partition, error);
    }
  };

  const applyOne = (placed: Placed, step: ClockStep | null): void => {
    const { message, key, origin } = placed;
    const logTime = message && 'logTime' in message ? message.logTime : 0;
    const moment = momentAt(Math.max(clock, logTime), origin, step?.history ?? false);
    const isPoisoned = input.poisoned.size > 0 && input.poisoned.has(placeOf(origin));
    if (message === null || isPoisoned) {
      const error = isPoisoned ? input.poisoned.get(placeOf(origin)) : placed.error;
      logic.dead({ message, body: placed.body, error }, moment, emit);
      return;
    }
    try {
      if (key === null) {
        notes = logic.control(message, moment, emit) ?? notes;
      } else {
        const entry = entryOf(key);
        settle(entry, logic.apply({ key, state: entry.state, message, moment }, emit));
      }
    } catch (error) {
      const place = placeOf(origin);
      // Without a key no state is read.
      throw key === null ? new Poison(place, error) : failureAt(place, owned.partition, error);
    }
  };

  for (const placed of input.placed) {
    horizonPassed ||= isPast(placed.origin, owned.horizon);
    const step = placed.message && logic.clockStep(placed.message, owned.partition);
    if (step) {
      history ||= step.history;
      if (!fireUpTo(step, placed.origin)) break;
      clock = Math.max(clock, step.to);
    }
    applyOne(placed, step);
    applied += 1;
    to = placed.isLastOfRecord
      ? { offset: placed.origin.offset + 1, index: 0 }
      : { offset: placed.origin.offset, index: placed.origin.index + 1 };
  }

  const states: StateWrite[] = [];
  let earliestDue = Infinity;
  for (const [key, dueBefore] of touched) {
    const entry = cache.get(key) as CachedState<S>;
    const value = entry.state === undefined ? null : logic.encode(entry.state);
    cache.put(entry, value);
    states.push({ key, value, dueBefore, dueAfter: entry.dueAt });
    if (entry.dueAt !== null && entry.dueAt < earliestDue) earliestDue = entry.dueAt;
  }
  return {
    commit: {
      partition: owned.partition,
      epoch: owned.epoch,
      from: owned.position,
      to,
      clock,
      notes,
      states,
      outputs: input.outputs.records(history ? clock : undefined),
    },
    applied,
    fired,
    after,
    touched: [...touched.keys()],
    earliestDue,
  };
}

/** Is a message at `position` at or beyond the effect horizon? */
const isPast = (position: Position, horizon: Position | null): boolean =>
  horizon === null ||
  position.offset > horizon.offset ||
  (position.offset === horizon.offset && position.index >= horizon.index);
