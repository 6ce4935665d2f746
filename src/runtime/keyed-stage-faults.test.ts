/** Poison, time, rebuilds and bad networks: what a keyed stage must survive without counting wrong. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemoryEventLog } from '../adapters/memory/event-log.ts';
import { createFaults } from '../adapters/memory/faults.ts';
import { createMemoryProfileStore } from '../adapters/memory/profile-store.ts';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import { createManualClock } from '../adapters/system/clock.ts';
import { isRetriable } from '../errors.ts';
import type { Message } from '../domain/message.ts';
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
} from './counter-stage.contract.ts';
import type { Stage } from './stage.ts';

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
type World = Awaited<ReturnType<typeof createWorld>>;

/** Turn after turn until the log is read; answers how many there were. */
async function readAll(world: World, stage: Stage, partition = 0): Promise<number> {
  const [from = 0] = await stage.claim([placeOf(partition)]);
  const end = (await world.log.bounds('events'))[partition]?.next ?? 0;
  let turns = 0;
  for (let at = from; at < end; turns += 1) {
    const [step] = await stage.process(await turnOf(world.log, [partition, at]));
    if (step?.kind === 'lost') throw new Error('the partition was lost');
    at = step?.next ?? at;
    if (turns > 100) throw new Error('the stage stands still');
  }
  return turns;
}

describe('poison', () => {
  it('becomes a dead letter, changes nothing, and the rest goes on', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1'), event('a0', 'e2', 'throws'), event('b0', 'e3')]);
    await tell(world, 0, [event('a0', 'e4')]);
    await readAll(world, world.owner());
    expect(await world.counts(0)).toEqual({ a0: 2, b0: 1 });
    expect(await said(world, 'dead_letters', 0)).toEqual(['rule_failed: the event has a fault']);
    expect(await said(world, 'changes', 0)).toEqual(['a0 e1 is 1', 'b0 e3 is 1', 'a0 e4 is 2']);
  });

  it('up to a hundred in a turn is bad data; more is a bad deploy, and the stage stops', async () => {
    const world = await createWorld();
    const bad = (count: number): Message[] =>
      Array.from({ length: count }, (_, i) => event('a0', `e${i}`, 'throws'));
    await tell(world, 0, bad(100));
    await tell(world, 1, bad(101));
    await readAll(world, world.owner());
    expect(await said(world, 'dead_letters', 0)).toHaveLength(100);
    await expect(readAll(world, world.owner(), 1)).rejects.toThrow('poison');
    expect(await said(world, 'dead_letters', 0)).toHaveLength(100);
  });

  it.each([
    ['an event', [event('a0', 'e2')]],
    ['a timer', [marker(2_000)]],
  ])('is not what meets a state that cannot be read: the stage stops, at %s', async (_, next) => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1', 'spoils', 1_000)]);
    await readAll(world, world.owner());
    await tell(world, 0, next);
    await expect(readAll(world, world.owner())).rejects.toMatchObject({
      code: 'corrupt_data',
      message: 'a state stored in partition 0 cannot be read: version 1 is not known',
    });
    expect(await said(world, 'dead_letters', 0)).toEqual([]);
    expect(await world.counts(0)).toEqual({ a0: 1 });
  });

  it.each([
    ['bytes that are no envelope', new Uint8Array([255, 255, 255, 255, 255])],
    ['an envelope cut short', new Uint8Array([2, 0])],
    ['an envelope without messages', new Uint8Array([0])],
    ['no bytes at all', new Uint8Array()],
  ])('can be a whole record: %s', async (_, value) => {
    const world = await createWorld();
    const schema = world.codecs.get('events')?.schema ?? 0;
    await tell(world, 0, [event('a0', 'e1')]);
    await world.log.append([{ ...placeOf(0), schema, value }]);
    await tell(world, 0, [event('a0', 'e2')]);
    await readAll(world, world.owner());
    expect(await world.counts(0)).toEqual({ a0: 2 });
    expect(await said(world, 'dead_letters', 0)).toEqual([expect.stringMatching(/^undecodable: /)]);
    expect(await world.store.peek(0)).toMatchObject({ position: { offset: 3, index: 0 } });
  });

  it('can be a timer: it is dropped, its profile stays, and the others fire', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1', 'throws_when_due', 5), event('b0', 'e2', 'waits', 5)]);
    await tell(world, 0, [marker(10)]);
    await readAll(world, world.owner());
    expect(await world.store.dueTimers(0, 100, 9)).toEqual([]);
    await tell(world, 0, [event('a0', 'e3', 'waits', 50)]);
    await readAll(world, world.owner());
    const actions = await said(world, 'actions', 0);
    expect(actions.filter((each) => each.includes('due'))).toEqual(['b0 due 5 at 10']);
    expect(await world.counts(0)).toEqual({ a0: 2, b0: 1 });
    expect(await world.store.dueTimers(0, 100, 9)).toEqual([{ key: 'a0', dueAt: 50 }]);
  });
});

describe('time', () => {
  it('moves by markers: a timer fires at the first one past its due time plus slack', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1', 'waits', 5)], [marker(6)], [marker(7)], [marker(8)]);
    await readAll(world, world.owner());
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1', 'a0 due 5 at 7']);
  });

  it('goes on where it stood under the next owner, who finds the timers in the store', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1', 'waits', 5)], [marker(4)]);
    await readAll(world, world.owner());
    await tell(world, 0, [marker(3)], [marker(20)]);
    await readAll(world, world.owner());
    expect(await said(world, 'actions', 0)).toEqual(['a0 e1', 'a0 due 5 at 20']);
    expect(await world.store.peek(0)).toMatchObject({ clock: 20 });
  });

  it('at most five hundred timers fire in a turn; the rest in the next ones, none twice', async () => {
    const world = await createWorld();
    const keys = Array.from({ length: 1_200 }, (_, i) => `k${i}-0`);
    // By tens at one moment, so that turns end between timers due together.
    const waits = keys.map((key, i) => event(key, `w ${key}`, 'waits', 10 + Math.floor(i / 10)));
    await tell(world, 0, waits.slice(0, 600), waits.slice(600));
    await readAll(world, world.owner());
    await tell(world, 0, [marker(10_000)]);
    const turns = await readAll(world, world.owner());
    expect(turns).toBe(3);
    const fired = (await said(world, 'actions', 0)).filter((each) => each.includes('due'));
    expect(fired).toHaveLength(1_200);
    expect(new Set(fired).size).toBe(1_200);
    expect(await world.store.dueTimers(0, 1e9, 9)).toEqual([]);
  });
});

describe('a rebuild', () => {
  it('makes the states anew and publishes nothing again', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1'), event('b0', 'e2')], [event('a0', 'e3', 'throws')]);
    await readAll(world, world.owner());
    const before = await Promise.all(COUNTER_TOPICS.map(({ name }) => said(world, name, 0)));
    const told = [...world.told];
    await world.store.reset(0);
    await readAll(world, world.owner());
    const after = await Promise.all(COUNTER_TOPICS.map(({ name }) => said(world, name, 0)));
    expect(after).toEqual(before);
    expect(world.told).toEqual(told);
    expect(await world.counts(0)).toEqual({ a0: 1, b0: 1 });
    expect(await world.store.peek(0)).toMatchObject({ horizon: null });
  });

  it('begun while timers of one moment were half fired may repeat those, under their ids', async () => {
    const world = await createWorld();
    const waits = Array.from({ length: 700 }, (_, i) => event(`k${i}-0`, `w${i}`, 'waits', 5));
    await tell(world, 0, waits, [event('a0', 'e1'), marker(10), event('a0', 'e2')]);
    const first = world.owner();
    await first.claim([placeOf(0)]);
    await first.process(await turnOf(world.log, [0, 0, 1]));
    // Ends inside the second record, and so does the horizon.
    await first.process(await turnOf(world.log, [0, 1]));
    const before = await said(world, 'actions', 0);
    expect(before).toHaveLength(700 + 1 + 500);
    await world.store.reset(0);
    expect(await world.store.peek(0)).toMatchObject({ horizon: { offset: 1, index: 1 } });
    await readAll(world, world.owner());
    const actions = await said(world, 'actions', 0);
    expect(actions.slice(0, before.length)).toEqual(before);
    const again = actions.filter((each, i) => actions.indexOf(each) < i);
    expect(again.every((each) => each.includes('due 5 at 10'))).toBe(true);
    expect(new Set(actions).size).toBe(700 + 1 + 700 + 1);
    expect(await world.counts(0)).toMatchObject({ a0: 2, 'k0-0': 1 });
    expect(world.told.filter((each) => each.startsWith('a0'))).toEqual(['a0 e1', 'a0 e2']);
    expect(await world.store.peek(0)).toMatchObject({ horizon: null });
  });

  it('fires the timers of before silently, and those still due aloud', async () => {
    const world = await createWorld();
    await tell(world, 0, [event('a0', 'e1', 'waits', 5), event('b0', 'e2', 'waits', 50)]);
    await tell(world, 0, [marker(20)]);
    await readAll(world, world.owner());
    await world.store.reset(0);
    await readAll(world, world.owner());
    await tell(world, 0, [marker(60)]);
    await readAll(world, world.owner());
    expect(await said(world, 'actions', 0)).toEqual([
      'a0 e1',
      'b0 e2',
      'a0 due 5 at 20',
      'b0 due 50 at 60',
    ]);
  });
});

describe('over a bad network, with owners dying', () => {
  it.each([1, 2, 3, 4, 5, 6])('effects are those of one quiet run (seed %i)', async (seed) => {
    const messages = (partition: number): Message[][] =>
      Array.from({ length: 40 }, (_, i) => [
        event(`a${partition}`, `e${i}`),
        event(`b${i % 3}-${partition}`, `f${i}`, i % 7 === 0 ? 'throws' : 'waits', i * 10 + 30),
        marker(i * 10),
      ]);
    const quiet = await createWorld();
    const stormy = await createWorld();
    for (const partition of [0, 1]) {
      await tell(quiet, partition, ...messages(partition));
      await tell(stormy, partition, ...messages(partition));
      await readAll(quiet, quiet.owner(), partition);
    }
    const faults = createFaults({
      seed,
      percent: { before: 10, after: 10, twice: 10, prefix: 10 },
    });
    await readStormily(stormy, faults, seed);
    for (const partition of [0, 1]) {
      expect(await stormy.counts(partition)).toEqual(await quiet.counts(partition));
      for (const topic of ['actions', 'changes']) {
        // A record may be appended twice; ids make it one. The order is that of the decisions.
        const once = [...new Set(await said(stormy, topic, partition))];
        expect(once).toEqual(await said(quiet, topic, partition));
      }
      expect(await stormy.store.unpublished(partition)).toEqual([]);
    }
    expect(Object.values(faults.counts).some((count) => count > 0)).toBe(true);
  });
});

/** Small turns; after some of the failures, and now and then for no reason, another owner takes over. */
async function readStormily(
  world: World,
  faults: ReturnType<typeof createFaults>,
  seed: number,
): Promise<void> {
  const seen = {
    store: faults.wrap(world.store, {
      calls: ['claim', 'load', 'commit', 'trim', 'dueTimers'],
      lists: ['commit'],
    }),
    log: faults.wrap(world.log, { calls: ['append', 'bounds'], lists: ['append'] }),
  };
  let stage = world.owner(seen);
  let at: number[] | undefined;
  for (let round = 1; round < 5_000; round += 1) {
    if ((round * 7 + seed) % 23 === 0) {
      stage = world.owner(seen);
      at = undefined;
    }
    try {
      at ??= [...(await stage.claim([placeOf(0), placeOf(1)]))];
      if (at.every((offset) => offset === 40)) {
        faults.stop();
        await world.owner().claim([placeOf(0), placeOf(1)]);
        return;
      }
      const turn = await turnOf(world.log, [0, at[0] ?? 0, 3], [1, at[1] ?? 0, 3]);
      for (const step of await stage.process(turn)) {
        if (step.kind !== 'lost') at[step.partition.partition] = step.next;
      }
    } catch (error) {
      if (!isRetriable(error)) throw error;
    }
  }
  throw new Error('the end was never reached');
}
