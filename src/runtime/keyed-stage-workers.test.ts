/** Several workers of one group, each a loop around its own keyed stage, over one log and one store. */
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { createMemoryEventLog } from '../adapters/memory/event-log.ts';
import { createMemoryProfileStore } from '../adapters/memory/profile-store.ts';
import { createMemorySchemaSource } from '../adapters/memory/schema-source.ts';
import { createManualClock } from '../adapters/system/clock.ts';
import {
  COUNTER_TOPICS,
  event,
  openCounterWorld,
  PARTITIONS,
  said,
  tell,
} from './counter-stage.contract.ts';
import { runStage, type StageLoop } from './stage-loop.ts';

it('count every event once while workers come and go', async () => {
  const clock = createManualClock(1_000);
  const world = await openCounterWorld(
    createMemoryEventLog({ clock, topics: COUNTER_TOPICS }),
    createMemoryProfileStore(PARTITIONS),
    {
      source: createMemorySchemaSource(),
      textOf: (name) =>
        readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'),
    },
  );
  const fatal: unknown[] = [];
  const work = (): Promise<StageLoop> =>
    runStage(world.owner(), {
      log: world.log,
      clock,
      group: 'counter',
      onFatal: (error) => fatal.push(error),
      onRetry: () => undefined,
    });
  let told = 0;
  const tellSome = async (): Promise<void> => {
    for (let i = 0; i < 60; i += 1, told += 1) {
      for (const partition of [0, 1]) {
        await tell(world, partition, [event(`a${partition}`, `e${told}`)]);
      }
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const first = await work();
  await tellSome();
  const second = await work();
  await tellSome();
  const third = await work();
  await Promise.all([tellSome(), first.stop()]);
  const fourth = await work();
  await Promise.all([tellSome(), second.stop(), third.stop()]);
  onTestFinished(() => fourth.stop());
  await fourth.whenSettled();

  expect(fatal).toEqual([]);
  expect(told).toBe(240);
  for (const partition of [0, 1]) {
    expect(await world.counts(partition)).toEqual({ [`a${partition}`]: 240 });
    const changes = await said(world, 'changes', partition);
    const expected = Array.from({ length: 240 }, (_, i) => `a${partition} e${i} is ${i + 1}`);
    expect([...new Set(changes)]).toEqual(expected);
    expect(await world.store.unpublished(partition)).toEqual([]);
  }
});
