/** The one commit order, step by step, over the memory log and state plane (docs/runtime-invariants.md). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemoryEventLog } from '../adapters/memory/event-log.ts';
import { createMemoryProfileStore } from '../adapters/memory/profile-store.ts';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import { createManualClock } from '../adapters/system/clock.ts';
import { WeftError } from '../errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ProfileStore } from '../ports/profile-store.ts';
import {
  COUNTER_TOPICS,
  event,
  marker,
  openCounterWorld,
  PARTITIONS,
  placeOf,
  said,
  tell,
  turnOf,
  withCalls,
} from './counter-stage.contract.ts';

const createWorld = () =>
  openCounterWorld(
    createMemoryEventLog({ clock: createManualClock(1_000), topics: COUNTER_TOPICS }),
    createMemoryProfileStore(PARTITIONS),
    {
      source: createMemorySchemaSource(),
      textOf: (name) =>
        readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'),
    },
  );

const away = (): Promise<never> =>
  Promise.reject(new WeftError('store_unavailable', 'the connection was lost'));

describe('the commit of a keyed stage', () => {
  it('comes first: nothing is in the log before it was accepted', async () => {
    const world = await createWorld();
    const stage = world.owner({ store: withCalls(world.store, { commit: away }) });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    await expect(stage.process(await turnOf(world.log, [0, 0]))).rejects.toThrow('was lost');
    expect(await said(world, 'actions', 0)).toEqual([]);
    expect(world.told).toEqual([]);
    expect(await world.counts(0)).toEqual({});
  });

  it('done, its outputs are published, and only then is anybody told', async () => {
    const world = await createWorld();
    const heard: string[] = [];
    const log = withCalls<EventLog>(world.log, {
      async append(records) {
        heard.push(`published before ${world.told.length} were told`);
        await world.log.append(records);
      },
    });
    const stage = world.owner({ log });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1'), event('a0', 'e2')]);
    const progress = await stage.process(await turnOf(world.log, [0, 0]));
    expect(progress).toEqual([{ kind: 'done', partition: placeOf(0), next: 1, applied: 2 }]);
    expect(heard).toEqual(['published before 0 were told']);
    expect(world.told).toEqual(['a0 e1', 'a0 e2']);
    expect(await said(world, 'changes', 0)).toEqual(['a0 e1 is 1', 'a0 e2 is 2']);
    expect(await world.store.unpublished(0)).toEqual([]);
  });

  it('moves states, timers, clock and position together', async () => {
    const world = await createWorld();
    const stage = world.owner();
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1', 'waits', 90), marker(40)]);
    await stage.process(await turnOf(world.log, [0, 0]));
    expect(await world.store.peek(0)).toMatchObject({
      position: { offset: 1, index: 0 },
      clock: 40,
    });
    expect(await world.store.dueTimers(0, 100, 9)).toEqual([{ key: 'a0', dueAt: 90 }]);
    expect(await world.counts(0)).toEqual({ a0: 1 });
    expect(world.alarm.earliest()).toBe(90);
  });

  it('that is fenced publishes nothing, tells nobody, and gives the partition up', async () => {
    const world = await createWorld();
    const zombie = world.owner();
    await zombie.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    const turn = await turnOf(world.log, [0, 0]);
    await world.owner().claim([placeOf(0)]);
    expect(await zombie.process(turn)).toEqual([{ kind: 'lost', partition: placeOf(0) }]);
    expect(await said(world, 'actions', 0)).toEqual([]);
    expect(await world.counts(0)).toEqual({});
    expect(world.told).toEqual([]);
    expect(await zombie.process(turn)).toEqual([]);
  });

  it('answers each partition for itself: one that is fenced holds up no other', async () => {
    const world = await createWorld();
    const stage = world.owner();
    await stage.claim([placeOf(0), placeOf(1)]);
    await tell(world, 0, [event('a0', 'e1')]);
    await tell(world, 1, [event('a1', 'e2')]);
    await world.owner().claim([placeOf(0)]);
    expect(await stage.process(await turnOf(world.log, [0, 0], [1, 0]))).toEqual([
      { kind: 'lost', partition: placeOf(0) },
      { kind: 'done', partition: placeOf(1), next: 1, applied: 1 },
    ]);
    expect(world.told).toEqual(['a1 e2']);
  });

  it('from where the store does not stand reloads: what was in memory is forgotten', async () => {
    const world = await createWorld();
    const stage = world.owner();
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')], [event('a0', 'e2')]);
    await stage.process(await turnOf(world.log, [0, 0]));
    // A failover lost the tail: state and position went back together.
    await world.store.reset(0);
    await tell(world, 0, [event('a0', 'e3')]);
    const moved = await stage.process(await turnOf(world.log, [0, 2]));
    expect(moved).toEqual([{ kind: 'moved', partition: placeOf(0), next: 0 }]);
    await stage.process(await turnOf(world.log, [0, 0]));
    expect(await world.counts(0)).toEqual({ a0: 3 });
  });

  it('whose reply was lost takes effect once, and its outputs leave', async () => {
    const world = await createWorld();
    let isLost = true;
    const store = withCalls<ProfileStore>(world.store, {
      async commit(commits) {
        const answers = await world.store.commit(commits);
        if (isLost) {
          isLost = false;
          await away();
        }
        return answers;
      },
    });
    const stage = world.owner({ store });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    const turn = await turnOf(world.log, [0, 0]);
    await expect(stage.process(turn)).rejects.toThrow('was lost');
    expect(await stage.process(turn)).toEqual([{ kind: 'moved', partition: placeOf(0), next: 1 }]);
    expect(await world.counts(0)).toEqual({ a0: 1 });
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1']);
  });

  it('that never came leaves nothing behind, in whichever partition the turn broke off', async () => {
    const world = await createWorld();
    let isAway = true;
    const store = withCalls<ProfileStore>(world.store, {
      load: (partition, keys) =>
        partition === 1 && isAway ? away() : world.store.load(partition, keys),
    });
    const stage = world.owner({ store });
    await stage.claim([placeOf(0), placeOf(1)]);
    await tell(world, 0, [event('a0', 'e1')]);
    await tell(world, 1, [event('a1', 'e2')]);
    const turn = await turnOf(world.log, [0, 0], [1, 0]);
    await expect(stage.process(turn)).rejects.toThrow('was lost');
    isAway = false;
    await stage.process(turn);
    expect(await world.counts(0)).toEqual({ a0: 1 });
    expect(await world.counts(1)).toEqual({ a1: 1 });
  });

  it('may end inside a record; the next turn, or the next owner, goes on there', async () => {
    const world = await createWorld();
    const waits = Array.from({ length: 700 }, (_, i) => event(`k${i}-0`, `w${i}`, 'waits', 5));
    await tell(world, 0, waits, [event('a0', 'e1'), marker(10), event('a0', 'e2')]);
    const first = world.owner();
    await first.claim([placeOf(0)]);
    await first.process(await turnOf(world.log, [0, 0, 1]));
    // More than five hundred timers are due: the turn ends before the marker.
    expect(await first.process(await turnOf(world.log, [0, 1]))).toEqual([
      { kind: 'done', partition: placeOf(0), next: 1, applied: 501 },
    ]);
    expect(await world.store.peek(0)).toMatchObject({ position: { offset: 1, index: 1 } });
    const next = world.owner();
    expect(await next.claim([placeOf(0)])).toEqual([1]);
    expect(await next.process(await turnOf(world.log, [0, 1]))).toEqual([
      { kind: 'done', partition: placeOf(0), next: 2, applied: 202 },
    ]);
    expect(await world.counts(0)).toMatchObject({ a0: 2 });
  });
});

describe('outputs of a keyed stage', () => {
  it('leave in one order: hand-overs, then actions, then changes', async () => {
    const world = await createWorld();
    const topics: string[] = [];
    const log = withCalls<EventLog>(world.log, {
      async append(records) {
        topics.push(...records.map((record) => record.topic));
        await world.log.append(records);
      },
    });
    const stage = world.owner({ log });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1', 'hands_over')]);
    await stage.process(await turnOf(world.log, [0, 0]));
    expect(topics).toEqual(['events', 'actions', 'changes']);
    expect(await said(world, 'events', 1)).toEqual(['a0 → a1']);
  });

  it('that were not published are published by the next owner before it reads anything', async () => {
    const world = await createWorld();
    const dying = world.owner({ log: withCalls(world.log, { append: away }) });
    await dying.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    await expect(dying.process(await turnOf(world.log, [0, 0]))).rejects.toThrow('was lost');
    expect(await said(world, 'actions', 0)).toEqual([]);
    const next = world.owner();
    expect(await next.claim([placeOf(0)])).toEqual([1]);
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1']);
    expect(await world.store.unpublished(0)).toEqual([]);
  });

  it('that could not be published are published by the same owner when the log is back', async () => {
    const world = await createWorld();
    let isAway = true;
    const log = withCalls<EventLog>(world.log, {
      append: (records) => (isAway ? away() : world.log.append(records)),
    });
    const stage = world.owner({ log });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    const turn = await turnOf(world.log, [0, 0]);
    await expect(stage.process(turn)).rejects.toThrow('was lost');
    isAway = false;
    await stage.process(turn);
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1']);
    expect(await world.counts(0)).toEqual({ a0: 1 });
  });

  it('are published by whoever comes next when the partition is taken away in between', async () => {
    const world = await createWorld();
    const store = withCalls<ProfileStore>(world.store, {
      async commit(commits) {
        const answers = await world.store.commit(commits);
        stage.release([placeOf(0)]);
        return answers;
      },
    });
    const stage = world.owner({ store });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    expect(await stage.process(await turnOf(world.log, [0, 0]))).toEqual([]);
    expect(await said(world, 'actions', 0)).toEqual([]);
    await world.owner().claim([placeOf(0)]);
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1']);
  });
});

describe('a claim of a keyed stage', () => {
  it('answers where the store stands, whoever asks', async () => {
    const world = await createWorld();
    const first = world.owner();
    expect(await first.claim([placeOf(0), placeOf(1)])).toEqual([0, 0]);
    await tell(world, 1, [event('a1', 'e1')], [event('a1', 'e2')]);
    await first.process(await turnOf(world.log, [1, 0]));
    expect(await world.owner().claim([placeOf(0), placeOf(1)])).toEqual([0, 2]);
  });

  it('of a partition that stands outside the log is refused, with what to do', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1')], [event('a0', 'e2')], [event('a0', 'e3')]);
    world.log.dropBelow(placeOf(0), 2);
    await expect(world.owner().claim([placeOf(0)])).rejects.toMatchObject({
      code: 'projection_rebuilding',
      message: expect.stringContaining('weft rebuild') as unknown,
    });
  });

  it('given back while a turn of the former one is under way leaves the new one alone', async () => {
    const world = await createWorld();
    let meanwhile = async (): Promise<unknown> => undefined;
    const store = withCalls<ProfileStore>(world.store, {
      async commit(commits) {
        const run = meanwhile;
        meanwhile = async () => undefined;
        await run();
        return world.store.commit(commits);
      },
    });
    const stage = world.owner({ store });
    await stage.claim([placeOf(0)]);
    await tell(world, 0, [event('a0', 'e1')]);
    const turn = await turnOf(world.log, [0, 0]);
    meanwhile = async () => {
      stage.release([placeOf(0)]);
      await stage.claim([placeOf(0)]);
    };
    expect(await stage.process(turn)).toEqual([]);
    expect(await stage.process(turn)).toEqual([
      { kind: 'done', partition: placeOf(0), next: 1, applied: 1 },
    ]);
    expect(await world.counts(0)).toEqual({ a0: 1 });
  });
});
