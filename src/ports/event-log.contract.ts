/** What every log must honour, one sentence a test. Subscriptions have a file of their own. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TopicPartition } from './event-log.ts';
import { describeSubscriptions, describeTails } from './log-subscription.contract.ts';
import {
  ALL,
  P0,
  P1,
  RAW,
  TOPICS,
  bytesOf,
  describeLog,
  numbered,
  openLog,
  record,
  records,
  textOf,
} from './log-fixtures.contract.ts';
import type { EventLogHarness } from './log-fixtures.contract.ts';
import { retrying } from './retrying.contract.ts';

export function eventLogContract(harness: EventLogHarness): void {
  describe('appending and reading', () => {
    describeRecords(harness);
    describeReading(harness);
  });
  describe('log time', () => {
    describeTime(harness);
  });
  describe('a subscription', () => {
    describeSubscriptions(harness);
  });
  describe('a tail', () => {
    describeTails(harness);
  });
  describe('what lasts', () => {
    describeLasting(harness);
  });
}

function describeRecords(harness: EventLogHarness): void {
  it('every topic has the partitions it was made with, and an unknown one has none', async () => {
    const { log } = await openLog(harness);
    for (const { name, partitions } of TOPICS) expect(log.partitions(name)).toBe(partitions);
    expect(log.partitions('nothing')).toBe(0);
  });

  it('a new partition is empty', async () => {
    const { log, readAll } = await openLog(harness);
    expect(await retrying(() => log.bounds('events'))).toEqual([
      { first: 0, next: 0 },
      { first: 0, next: 0 },
    ]);
    expect(await readAll(P0)).toEqual([]);
  });

  it('what was appended comes back byte for byte, with its schema, from offset 0 without gaps', async () => {
    const { append, readAll, next } = await openLog(harness);
    const values = [bytesOf('一束玫瑰'), new Uint8Array(0), Uint8Array.of(0, 255, 10, 13, 0)];
    for (const [i, value] of values.entries()) await append({ ...P1, schema: 1_000 + i, value });
    const read = await readAll(P1);
    expect(read.map(({ offset }) => offset)).toEqual(read.map((_, i) => i));
    expect(await next(P1)).toBe(read.length);
    expect(await next(P0)).toBe(0);
    const distinct = new Map(read.map(({ schema, value }) => [schema, [...value]]));
    expect([...distinct]).toEqual(values.map((value, i) => [1_000 + i, [...value]]));
    expect(read.every(({ topic, partition }) => topic === 'events' && partition === 1)).toBe(true);
  });

  it('records of one call keep their order in every partition', async () => {
    const { append, texts } = await openLog(harness);
    const wanted = numbered('n', 400);
    await append(
      ...wanted.map((text, i) => record(i % 3 === 0 ? P0 : i % 3 === 1 ? P1 : RAW, text)),
    );
    for (const [i, partition] of [P0, P1, RAW].entries()) {
      expect(await texts(partition)).toEqual(wanted.filter((_, n) => n % 3 === i));
    }
  });

  it('calls that run side by side all end well, each keeping its own order', async () => {
    const { append, texts } = await openLog(harness);
    const callers = numbered('caller ', 50);
    await Promise.all(
      callers.map((caller) => append(...records(P0, ...numbered(`${caller}: `, 5)))),
    );
    const all = await texts(P0);
    expect(all).toHaveLength(250);
    for (const caller of callers) {
      const own = all.filter((text) => text.startsWith(`${caller}: `));
      expect(own).toEqual(numbered(`${caller}: `, 5));
    }
  });

  it('one call after the other keeps their order', async () => {
    const { append, texts } = await openLog(harness);
    for (const text of numbered('n', 20)) await append(record(P0, text));
    expect(await texts(P0)).toEqual(numbered('n', 20));
  });

  it('what a caller does to its bytes afterwards changes nothing', async () => {
    const { append, texts } = await openLog(harness);
    const value = bytesOf('kept');
    await append({ ...P0, schema: 1, value });
    value.fill(0);
    expect(await texts(P0)).toEqual(['kept']);
  });

  it('what a reader does to the bytes it got changes nothing', async () => {
    const { append, readAll, texts } = await openLog(harness);
    await append(...records(P0, 'kept', 'kept too'));
    for (const { value } of await readAll(P0)) value.fill(0);
    expect(await texts(P0)).toEqual(['kept', 'kept too']);
  });

  it('an append of nothing is done at once', async () => {
    const { append, next } = await openLog(harness);
    await append();
    expect(await next(P0)).toBe(0);
  });

  it('a record for a partition that is not there is refused', async () => {
    const { append } = await openLog(harness);
    const astray = record({ topic: 'events', partition: 2 }, 'astray');
    await expect(append(astray)).rejects.toThrow('events');
  });
}

function describeReading(harness: EventLogHarness): void {
  it('reading from the end gives nothing, and from the middle the rest', async () => {
    const { append, readAll, next } = await openLog(harness);
    await append(...records(P0, ...numbered('n', 300)));
    const all = await readAll(P0);
    expect(await readAll(P0, await next(P0))).toEqual([]);
    for (const from of [1, 127, 128, 200, all.length - 1]) {
      expect(await readAll(P0, from)).toEqual(all.slice(from));
    }
  });

  it('never more records than asked for', async () => {
    const { log, append, readAll } = await openLog(harness);
    await append(...records(P0, ...numbered('n', 20)));
    const all = await readAll(P0);
    const some = await retrying(() => log.read(P0, 3, { ...ALL, recordsMax: 4 }));
    expect(some).toEqual(all.slice(3, 7));
  });

  it('at least one record, however few bytes are asked for, and no more than reach them', async () => {
    const { log, append } = await openLog(harness);
    await append(...records(P0, ...numbered('x'.repeat(99), 10)));
    const read = async (bytesMax: number) =>
      (await retrying(() => log.read(P0, 0, { recordsMax: 100, bytesMax }))).length;
    expect(await read(1)).toBe(1);
    expect(await read(250)).toBe(3);
  });

  it('records of very different sizes come back whole', async () => {
    const { append, readAll } = await openLog(harness);
    const sizes = [0, 1, 4_000, 70_000, 900_000, 3];
    for (const size of sizes) await append(record(P0, 'x'.repeat(size)));
    const read = (await readAll(P0)).map(({ value }) => textOf(value));
    expect([...new Set(read)].map(({ length }) => length)).toEqual(sizes);
  });
}

function describeTime(harness: EventLogHarness): void {
  it('a record is stamped when it is appended', async () => {
    const { clock, append, readAll } = await openLog(harness);
    const before = clock.now();
    await append(record(P0, 'now'));
    for (const { logTime } of await readAll(P0)) {
      expect(logTime).toBeGreaterThanOrEqual(before);
      expect(logTime).toBeLessThanOrEqual(clock.now());
    }
  });

  it('a stamp that is given counts', async () => {
    const { clock, append, readAll } = await openLog(harness);
    const at = clock.now() + 1_000_000;
    await append(record(P0, 'a', at));
    expect((await readAll(P0))[0]?.logTime).toBe(at);
  });

  it('never goes back within a partition, whatever stamps are given', async () => {
    const { clock, append, readAll } = await openLog(harness);
    const now = clock.now() + 1_000_000;
    await append(record(P0, 'a', now + 50), record(P0, 'b', now + 20), record(P0, 'c', now + 70));
    await append(record(P0, 'd'), record(P0, 'e', now + 90));
    const times = (await readAll(P0)).map(({ logTime }) => logTime);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBe(now + 90);
  });

  it.skipIf(harness.repeats)('a stamp that would go back is raised to the last one', async () => {
    const { clock, append, readAll } = await openLog(harness);
    const now = clock.now() + 1_000_000;
    await append(record(P0, 'a', now + 50), record(P0, 'b', now + 20), record(P0, 'c'));
    await append(record(P1, 'other partition', now + 10));
    const times = async (partition: TopicPartition) =>
      (await readAll(partition)).map(({ logTime }) => logTime - now);
    expect([await times(P0), await times(P1)]).toEqual([[50, 50, 50], [10]]);
  });
}

function describeLasting(harness: EventLogHarness): void {
  it.runIf(harness.lasts)(
    'the id and every acknowledged record survive closing and opening',
    async () => {
      const { log, append, next, reopen } = await openLog(harness);
      await append(...records(P0, 'a', 'b'), ...records(RAW, 'r'));
      const end = await next(P0);
      const again = await reopen?.();
      if (!again) throw new Error('a log that lasts can be opened again');
      onTestFinished(() => again.close());
      const later = describeLog(harness, again.log);
      expect(again.log.id).toBe(log.id);
      await later.append(...records(P0, 'c'));
      expect(await later.texts(P0)).toEqual(['a', 'b', 'c']);
      expect(await later.texts(P0, end)).toEqual(['c']);
      expect(await later.texts(RAW)).toEqual(['r']);
    },
  );

  it.runIf(harness.drops)('offsets that were dropped are an error that names them', async () => {
    const { log, append, dropOld, next, readAll } = await openLog(harness);
    await append(...records(P0, ...numbered('old', 10)));
    await dropOld?.(P0);
    const first = (await retrying(() => log.bounds('events')))[0]?.first ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(await next(P0)).toBeGreaterThanOrEqual(first);
    await expect(readAll(P0, 0)).rejects.toMatchObject({
      code: 'corrupt_data',
      message: expect.stringContaining(`offsets 0 to ${first - 1}`),
    });
    await append(record(P0, 'new'));
    const kept = await readAll(P0, first);
    expect(kept[0]?.offset).toBe(first);
    expect(textOf(kept.at(-1)?.value ?? bytesOf(''))).toBe('new');
  });
}
