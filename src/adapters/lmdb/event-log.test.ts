import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventLogContract } from '../../ports/event-log.contract.ts';
import type { EventLogHarness, OpenedEventLog } from '../../ports/log-fixtures.contract.ts';
import { P0, numbered, record, records } from '../../ports/log-fixtures.contract.ts';
import { createManualClock } from '../system/clock.ts';
import { openEnvironment } from './environment.ts';
import type { EnvironmentOptions } from './environment.ts';
import { createLmdbEventLog } from './event-log.ts';

const SEGMENT_BYTES = 4_096;
const clock = createManualClock(1_700_000_000_000);

function openAt(dir: string, topics: EnvironmentOptions['topics']) {
  const options = { clock, partitions: 2, topics, ballastBytes: 0, segmentBytes: SEGMENT_BYTES };
  const environment = openEnvironment(dir, options);
  const log = createLmdbEventLog(environment, clock);
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    log.close();
    await environment.close();
  };
  return { environment, log, clock, close };
}

const harness: EventLogHarness = {
  repeats: false,
  shared: false,
  lasts: true,
  drops: true,
  async open(topics) {
    const dir = mkdtempSync(join(tmpdir(), 'weft-log-'));
    const opened = openAt(dir, topics);
    const reopened: OpenedEventLog[] = [];
    return {
      ...opened,
      async reopen() {
        await opened.close();
        const again = openAt(dir, topics);
        reopened.push(again);
        return again;
      },
      async dropOld(partition) {
        // One to fill the segment, one to begin another.
        for (const text of ['x'.repeat(SEGMENT_BYTES), 'y']) {
          await opened.log.append([record(partition, text)]);
        }
        opened.environment.dropBefore(Infinity);
      },
      async close() {
        await opened.close();
        for (const again of reopened) await again.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
};

describe('the log in LMDB', () => {
  eventLogContract(harness);
});

describe('appends that arrive together', () => {
  const open = () => {
    const dir = mkdtempSync(join(tmpdir(), 'weft-log-'));
    const opened = openAt(dir, [{ name: 'events', partitions: 2 }]);
    onTestFinished(async () => {
      await opened.close();
      rmSync(dir, { recursive: true });
    });
    let transactions = 0;
    opened.environment.onAppended(() => {
      transactions += 1;
    });
    return { ...opened, transactions: () => transactions };
  };

  it('share one transaction', async () => {
    const { log, transactions } = open();
    await Promise.all(numbered('n', 100).map((text) => log.append([record(P0, text)])));
    expect(transactions()).toBe(1);
    expect((await log.bounds('events'))[0]?.next).toBe(100);
  });

  it('are not held up by one that names a partition that is not there', async () => {
    const { log } = open();
    const astray = record({ topic: 'events', partition: 2 }, 'astray');
    const outcomes = await Promise.allSettled([
      log.append([record(P0, 'a')]),
      log.append([record(P0, 'never'), astray]),
      log.append([record(P0, 'b')]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await log.bounds('events'))[0]?.next).toBe(2);
  });

  it('fail together, each caller told', async () => {
    const { environment, log } = open();
    await environment.close();
    const outcomes = await Promise.allSettled(
      numbered('n', 3).map((text) => log.append([record(P0, text)])),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('are written before the log is closed, and refused afterwards', async () => {
    const { environment, log } = open();
    const waiting = log.append(records(P0, 'a', 'b'));
    log.close();
    expect(environment.bounds(P0).next).toBe(2);
    await waiting;
    await expect(log.append([record(P0, 'c')])).rejects.toMatchObject({ code: 'log_unavailable' });
  });

  it('are refused once 64 MB wait', async () => {
    const { log } = open();
    const value = new Uint8Array(40 * 1024 * 1024);
    const first = log.append([{ ...P0, schema: 1, value }]);
    await expect(log.append([{ ...P0, schema: 1, value }])).rejects.toMatchObject({
      code: 'overloaded',
    });
    await first;
  });
});
