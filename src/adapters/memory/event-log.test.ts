import { describe, expect, it } from 'vitest';
import { eventLogContract } from '../../ports/event-log.contract.ts';
import type { EventLogHarness } from '../../ports/log-fixtures.contract.ts';
import {
  P0,
  describeLog,
  numbered,
  record,
  records,
  subscribe,
  takeNotes,
} from '../../ports/log-fixtures.contract.ts';
import { createManualClock } from '../system/clock.ts';
import { createMemoryEventLog } from './event-log.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';

const harness = (faults?: Faults): EventLogHarness => ({
  repeats: faults !== undefined,
  shared: true,
  lasts: false,
  drops: true,
  async open(topics) {
    const clock = createManualClock(1_700_000_000_000);
    const memory = createMemoryEventLog({ clock, topics });
    const log =
      faults?.wrap(memory, { calls: ['append', 'read', 'bounds'], lists: ['append'] }) ?? memory;
    return {
      log,
      clock,
      async dropOld(partition) {
        const [bounds] = await memory.bounds(partition.topic);
        memory.dropBelow(partition, (bounds?.next ?? 0) - 1);
      },
      async close() {},
    };
  },
});

describe('the log in memory', () => {
  eventLogContract(harness());
});

for (const seed of [1, 2, 3]) {
  describe(`the log in memory over a bad network (seed ${seed})`, () => {
    const faults = createFaults({ seed, percent: { before: 10, after: 10, twice: 5, prefix: 10 } });
    eventLogContract(harness(faults));

    it('met every kind of fault on the way', async () => {
      const opened = await harness(faults).open([{ name: 'events', partitions: 1 }]);
      const { append } = describeLog(harness(faults), opened.log);
      for (const text of numbered('n', 50)) await append(...records(P0, text, `${text} too`));
      expect(Object.values(faults.counts).every((count) => count > 0)).toBe(true);
    });
  });
}

describe('a group of several workers', () => {
  it('is dealt out anew whenever one joins or leaves, revoking before giving', async () => {
    const clock = createManualClock(0);
    const log = createMemoryEventLog({ clock, topics: [{ name: 'events', partitions: 6 }] });
    const workers = [takeNotes(), takeNotes(), takeNotes()];
    const sizes = () => workers.map(({ owned }) => owned.size);
    const seen: number[][] = [];
    const subscriptions = [];
    for (const worker of workers) {
      subscriptions.push(await subscribe(log, worker));
      seen.push(sizes());
    }
    await subscriptions[0]?.close();
    seen.push(sizes());
    expect(seen).toEqual([
      [6, 0, 0],
      [3, 3, 0],
      [2, 2, 2],
      [2, 3, 3],
    ]);
    expect(workers[0]?.heard).toEqual(['assigned', 'revoked', 'revoked', 'assigned']);
  });

  it('tells a worker whose partition was taken away nothing more about it', async () => {
    const clock = createManualClock(0);
    const log = createMemoryEventLog({ clock, topics: [{ name: 'events', partitions: 2 }] });
    const [first, second] = [takeNotes(), takeNotes()];
    await subscribe(log, first);
    await log.append([record({ ...P0, partition: 1 }, 'a')]);
    await first.until(() => first.texts({ ...P0, partition: 1 }).length === 1);
    await subscribe(log, second);
    await log.append([record({ ...P0, partition: 1 }, 'b')]);
    await second.until(() => second.texts({ ...P0, partition: 1 }).includes('b'));
    expect(first.texts({ ...P0, partition: 1 })).toEqual(['a']);
  });
});
