/**
 * The turn is tried with the smallest logic that has everything: a state that counts, can be told to
 * wake at a time, and publishes what it does. Markers move the clock.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Marker, StitchedEvent } from '../domain/message.ts';
import type { DueTimer } from '../ports/profile-store.ts';
import type { KeyedLogic } from './keyed-logic.ts';
import { Poison, runKeyedTurn, type OwnedPartition, type Placed } from './keyed-turn.ts';
import { Outputs } from './outputs.ts';
import { StateCache } from './state-cache.ts';

interface Counter {
  count: number;
  dueAt: number | null;
}

/** `say('a', 5)`: count a, and wake it at 5. `at(9)`: the clock is 9. */
type Say = { key: string; dueAt: number | null; logTime: number; history: boolean };
const say = (key: string, dueAt: number | null = null, logTime = 0, history = false): Say => ({
  key,
  dueAt,
  logTime,
  history,
});
const at = (clock: number): Marker => ({ kind: 'marker', clock, partitions: [], history: false });

const asEvent = (said: Say): StitchedEvent =>
  ({
    kind: 'event',
    profile: said.key,
    at: said.dueAt,
    logTime: said.logTime,
    history: said.history,
  }) as unknown as StitchedEvent;

const log: string[] = [];
const logic: KeyedLogic<Counter> = {
  slackMs: 2,
  opened: () => undefined,
  closed: () => undefined,
  keyOf: (message) => (message.kind === 'event' ? message.profile : null),
  clockStep(message) {
    if (message.kind === 'marker') return { to: message.clock, inclusive: true, history: false };
    if (message.kind === 'event' && message.history) {
      return { to: message.logTime, inclusive: false, history: true };
    }
    return null;
  },
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Counter,
  encode: (state) => stored(state),
  learnOf: () => Promise.resolve(),
  apply({ key, state, message, moment }) {
    if (key === 'poison') throw new Error('bad data');
    const next = state ?? { count: 0, dueAt: null };
    next.count += 1;
    next.dueAt = (message as StitchedEvent).at;
    log.push(`${key}@${moment.now}`);
    return next;
  },
  fire({ key, state, moment }) {
    log.push(`fire ${key}@${moment.now}`);
    return { ...state, dueAt: null };
  },
  control: () => undefined,
  dueAt: (state) => state.dueAt,
  dead({ message }) {
    log.push(`dead ${message?.kind ?? 'record'}`);
  },
};

const stored = (state: Counter): Uint8Array => new TextEncoder().encode(JSON.stringify(state));

const put = (cache: StateCache<Counter>, key: string, state?: Counter): void =>
  cache.put(
    { key, kept: null, state: undefined, dueAt: state?.dueAt ?? null, bytes: 0 },
    state ? stored(state) : null,
  );

const ownedAt = (keys: readonly string[], clock = 0): OwnedPartition<Counter> => {
  const cache = new StateCache<Counter>(1e6);
  for (const key of keys) put(cache, key);
  const position = { offset: 0, index: 0 };
  return { partition: 0, epoch: 1, position, clock, horizon: null, dueFrom: 0, cache };
};

const place = (messages: readonly (Say | Marker)[]): Placed[] =>
  messages.map((each, offset) => {
    const message = 'kind' in each ? each : asEvent(each);
    const origin = { topic: 'events', partition: 0, offset, index: 0 };
    const body = new Uint8Array();
    return { message, key: logic.keyOf(message), body, origin, isLastOfRecord: true };
  });

function run(
  messages: readonly (Say | Marker)[],
  more: {
    timers?: readonly DueTimer[];
    timersCut?: boolean;
    poisoned?: ReadonlyMap<string, unknown>;
    clock?: number;
  } = {},
): ReturnType<typeof runKeyedTurn<Counter>> {
  log.length = 0;
  const keys = messages.flatMap((message) => ('key' in message ? [message.key] : []));
  const owned = ownedAt(keys, more.clock);
  for (const { key, dueAt } of more.timers ?? []) {
    put(owned.cache, key, { count: 1, dueAt });
  }
  return runKeyedTurn(logic, {
    owned,
    placed: place(messages),
    timers: more.timers ?? [],
    timersCut: more.timersCut ?? false,
    poisoned: more.poisoned ?? new Map(),
    outputs: new Outputs(new Map()),
    route: () => 0,
  });
}

describe('one turn of a keyed stage', () => {
  it('fires a timer at the first marker at or after its due time plus slack, not before', () => {
    run([say('a', 5), at(6), at(7), at(8)]);
    expect(log).toEqual(['a@0', 'fire a@7']);
  });

  it('fires by due time, then by key, before the message that moved the clock', () => {
    run([say('b', 3), say('c', 1), say('a', 3), at(9), say('a')]);
    expect(log.slice(3)).toEqual(['fire c@9', 'fire a@9', 'fire b@9', 'a@9']);
  });

  it('does not fire a timer whose state moved it', () => {
    run([say('a', 5), say('a', 50), at(20)]);
    expect(log).toEqual(['a@0', 'a@0']);
  });

  it('on the history clock fires at due time plus slack, before any later record', () => {
    run([say('a', 5, 1, true), say('b', null, 7, true), say('b', null, 8, true)]);
    expect(log).toEqual(['a@1', 'b@7', 'fire a@7', 'b@8']);
  });

  it('stops before a message when more is due than was loaded, and says where it stands', () => {
    const timers = [
      { key: 'x', dueAt: 1 },
      { key: 'y', dueAt: 2 },
    ];
    const { commit, fired, applied } = run([say('a'), at(100), say('a')], {
      timers,
      timersCut: true,
    });
    expect({ fired, applied, to: commit.to }).toEqual({
      fired: 2,
      applied: 1,
      to: { offset: 1, index: 0 },
    });
    expect(commit.clock).toBe(0);
  });

  it('fires nothing beyond what was loaded, though the turn itself has set it', () => {
    const timers = [{ key: 'x', dueAt: 1 }];
    const { commit } = run([say('a', 5), say('b', 1), at(100)], { timers, timersCut: true });
    expect(log.slice(2)).toEqual(['fire b@100', 'fire x@100']);
    expect(commit.to).toEqual({ offset: 2, index: 0 });
  });

  it('never takes the clock back', () => {
    expect(run([at(50), at(30)]).commit.clock).toBe(50);
    expect(run([at(30)], { clock: 40 }).commit.clock).toBe(40);
  });

  it('writes each touched state once, with what the timer index held before and holds now', () => {
    const { commit } = run([say('a', 5), say('a', 9), say('b')]);
    expect(commit.states).toEqual([
      { key: 'a', value: stored({ count: 2, dueAt: 9 }), dueBefore: null, dueAfter: 9 },
      { key: 'b', value: stored({ count: 1, dueAt: null }), dueBefore: null, dueAfter: null },
    ]);
  });

  it('names the message whose logic throws, and without it goes on', () => {
    const messages = [say('a'), say('poison'), say('a')];
    let place = '';
    try {
      run(messages);
    } catch (error) {
      if (error instanceof Poison) place = error.place;
    }
    expect(place).toBe('1/0');
    const { applied } = run(messages, { poisoned: new Map([[place, new Error('bad data')]]) });
    expect(applied).toBe(3);
    expect(log).toEqual(['a@0', 'dead event', 'a@0']);
  });

  it('comes to the same states however the messages are cut into turns', () => {
    const step = fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), dueAt: fc.integer({ min: 0, max: 40 }) }),
      fc.integer({ min: 0, max: 60 }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (steps, cut) => {
          const messages = steps.map((each) =>
            typeof each === 'number' ? at(each) : say(each.key, each.dueAt),
          );
          run(messages);
          const whole = [...log];
          expect(inTurnsOf(cut, messages)).toEqual(whole);
        },
      ),
    );
  });
});

/** The same through several turns, each loading its timers from what the last one left. */
function inTurnsOf(size: number, messages: readonly (Say | Marker)[]): string[] {
  log.length = 0;
  const owned = ownedAt(['a', 'b', 'c']);
  for (let from = 0; from < messages.length; from += size) {
    const timers = ['a', 'b', 'c']
      .map((key) => ({ key, dueAt: owned.cache.get(key)?.dueAt ?? null }))
      .filter((timer): timer is DueTimer => timer.dueAt !== null)
      .toSorted((x, y) => x.dueAt - y.dueAt || (x.key < y.key ? -1 : 1));
    const { commit } = runKeyedTurn(logic, {
      owned,
      placed: place(messages).slice(from, from + size),
      timers,
      timersCut: false,
      poisoned: new Map(),
      outputs: new Outputs(new Map<string, never>()),
      route: () => 0,
    });
    owned.clock = commit.clock;
    owned.position = commit.to;
  }
  return [...log];
}
