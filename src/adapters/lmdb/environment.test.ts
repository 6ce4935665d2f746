import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEnvironment } from './environment.ts';
import type { Environment, EnvironmentOptions } from './environment.ts';

const OPTIONS = {
  clock: { now: () => 1_000 },
  partitions: 2,
  topics: [{ name: 'events', partitions: 2 }],
  ballastBytes: 64 * 1024,
} satisfies EnvironmentOptions;

const ALL = { recordsMax: 1_000, bytesMax: 1_000_000 };
const P0 = { topic: 'events', partition: 0 };
const bytes = (text: string) => Buffer.from(text);
const record = (text: string, partition = 0, logTime?: number) => ({
  topic: 'events',
  partition,
  schema: 1,
  value: bytes(text),
  ...(logTime === undefined ? {} : { logTime }),
});

describe('an environment', () => {
  let dir: string;
  const open: Environment[] = [];
  const openOne = (options: Partial<EnvironmentOptions> = {}): Environment => {
    const environment = openEnvironment(dir, { ...OPTIONS, ...options });
    open.push(environment);
    return environment;
  };
  const reopen = async (options: Partial<EnvironmentOptions> = {}): Promise<Environment> => {
    await open.pop()?.close();
    return openOne(options);
  };
  const values = (environment: Environment, from = 0): string[] =>
    environment.read(P0, from, ALL).map(({ value }) => Buffer.from(value).toString());

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-environment-'));
  });
  afterEach(async () => {
    for (const environment of open.splice(0)) await environment.close();
    rmSync(dir, { recursive: true });
  });

  it('keeps the id of its log, and gives another log another one', async () => {
    const first = openOne().id;
    expect((await reopen()).id).toBe(first);
    await open.pop()?.close();
    rmSync(dir, { recursive: true });
    expect(openOne().id).not.toBe(first);
  });

  it('writes a store and the log in one transaction, or neither', async () => {
    const environment = openOne();
    const table = environment.openTable('states');
    const key = bytes('a');
    environment.write(() => {
      table.putSync(key, bytes('1'));
      environment.appendInside([record('one')]);
    });
    expect(() =>
      environment.write(() => {
        table.putSync(key, bytes('2'));
        environment.appendInside([record('two')]);
        throw new Error('changed my mind');
      }),
    ).toThrow('changed my mind');
    expect(table.getBinary(key)?.toString()).toBe('1');
    expect(environment.bounds(P0)).toEqual({ first: 0, next: 1 });

    const again = await reopen();
    expect(again.openTable('states').getBinary(key)?.toString()).toBe('1');
    expect(values(again)).toEqual(['one']);
  });

  it('lets a write inside a write join it', () => {
    const environment = openOne();
    expect(() =>
      environment.write(() => {
        environment.write(() => environment.appendInside([record('inner')]));
        throw new Error('outer fails');
      }),
    ).toThrow('outer fails');
    expect(environment.bounds(P0).next).toBe(0);
  });

  it('refuses asynchronous work, and undoes what it did before the first await', () => {
    const environment = openOne();
    expect(() =>
      environment.write(async () => {
        environment.appendInside([record('one')]);
        await Promise.resolve();
      }),
    ).toThrow('asynchronous');
    environment.write(() => environment.appendInside([record('two')]));
    expect(values(environment)).toEqual(['two']);
  });

  it('tells listeners what was appended, after it is durable and never when it was undone', () => {
    const environment = openOne();
    const heard: unknown[] = [];
    const stop = environment.onAppended((touched) => {
      heard.push([touched, environment.bounds(P0).next]);
    });
    environment.write(() => environment.appendInside([record('one')]));
    expect(() =>
      environment.write(() => {
        environment.appendInside([record('two')]);
        throw new Error('no');
      }),
    ).toThrow('no');
    stop();
    environment.write(() => environment.appendInside([record('three')]));
    expect(heard).toEqual([[[P0], 1]]);
  });

  it('never lets log time go back, whatever is asked for', () => {
    const environment = openOne();
    environment.write(() =>
      environment.appendInside([record('a', 0, 5_000), record('b', 0, 4_000), record('c')]),
    );
    environment.write(() => environment.appendInside([record('d'), record('e', 0, 6_000)]));
    const times = environment.read(P0, 0, ALL).map(({ logTime }) => logTime);
    expect(times).toEqual([5_000, 5_000, 5_000, 5_000, 6_000]);
  });

  it('keeps log time from going back across a restart', async () => {
    openOne().write(() => open[0]?.appendInside([record('a', 0, 5_000)]));
    const again = await reopen();
    again.write(() => again.appendInside([record('b')]));
    expect(again.read(P0, 1, ALL)[0]?.logTime).toBe(5_000);
  });

  it('reads from the middle of what was appended together, record by record if asked', () => {
    const environment = openOne();
    const texts = Array.from({ length: 300 }, (_, i) => `record ${i}`);
    environment.write(() => environment.appendInside(texts.map((text) => record(text))));
    expect(values(environment, 150)).toEqual(texts.slice(150));
    for (const from of [0, 1, 127, 128, 129, 299]) {
      const [only, ...others] = environment.read(P0, from, { recordsMax: 1, bytesMax: 1 });
      expect(others).toEqual([]);
      expect(only).toMatchObject({ offset: from, schema: 1, ...P0 });
      expect(Buffer.from(only?.value ?? []).toString()).toBe(texts[from]);
    }
    expect(environment.read(P0, 300, ALL)).toEqual([]);
  });

  it('keeps records of any size, empty ones too', async () => {
    const environment = openOne();
    const sizes = [0, 1, 2_000, 5_000, 64 * 1024, 300_000, 0];
    environment.write(() =>
      environment.appendInside(sizes.map((size, i) => record(String(i).repeat(size)))),
    );
    const again = await reopen();
    const read = again.read(P0, 0, ALL);
    expect(read.map(({ value }) => value.length)).toEqual(sizes);
    expect(read[5]?.value.every((byte) => byte === 53)).toBe(true);
  });

  it('hands out values that later writes leave alone', () => {
    const environment = openOne();
    environment.write(() => environment.appendInside([record('kept')]));
    const [kept] = environment.read(P0, 0, ALL);
    for (let i = 0; i < 200; i += 1) {
      environment.write(() => environment.appendInside([record(`x${i}`)]));
      environment.read(P0, 0, ALL);
    }
    expect(Buffer.from(kept?.value ?? []).toString()).toBe('kept');
  });

  it('goes on where it was after a restart, in every partition', async () => {
    const environment = openOne();
    environment.write(() => environment.appendInside([record('a'), record('x', 1), record('b')]));
    const again = await reopen();
    again.write(() => again.appendInside([record('c'), record('y', 1)]));
    expect(values(again)).toEqual(['a', 'b', 'c']);
    expect(again.bounds({ topic: 'events', partition: 1 })).toEqual({ first: 0, next: 2 });
  });

  it('takes a topic it has not seen, and keeps the others apart from it', async () => {
    openOne().write(() => open[0]?.appendInside([record('a')]));
    const topics = [{ name: 'raw.pos', partitions: 4 }, ...OPTIONS.topics];
    const again = await reopen({ topics });
    expect(again.countOf('raw.pos')).toBe(4);
    expect(again.countOf('raw.app')).toBe(0);
    again.write(() => again.appendInside([{ ...record('r', 3), topic: 'raw.pos' }, record('b')]));
    expect(values(again)).toEqual(['a', 'b']);
    expect(again.bounds({ topic: 'raw.pos', partition: 3 }).next).toBe(1);
  });

  it.each([
    ['the number of partitions', { partitions: 4 }],
    ["a topic's number of partitions", { topics: [{ name: 'events', partitions: 4 }] }],
  ])('refuses to be opened with %s changed', async (_, options) => {
    openOne();
    await expect(reopen(options)).rejects.toMatchObject({ code: 'invalid_settings' });
    openOne();
  });

  it.each([
    ['7', 'data_dir_newer', 'was made by a newer version: it has format 7,'],
    ['1', 'data_dir_older', 'was made by an older development version: it has format 1,'],
    ['', 'corrupt_data', 'the file `format` does not hold a number'],
  ])('refuses a directory of another format (%s), in words', (format, code, words) => {
    writeFileSync(join(dir, 'format'), `${format}\n`);
    const message = expect.stringContaining(words) as unknown;
    expect(() => openOne()).toThrow(expect.objectContaining({ code, message }));
    expect(existsSync(join(dir, 'lock'))).toBe(false);
    expect(readFileSync(join(dir, 'format'), 'utf8')).toBe(`${format}\n`);
  });

  it('names the block that no longer is what was written', async () => {
    for (const text of ['a needle in the file', 'last']) {
      (open[0] ?? openOne()).write(() => open[0]?.appendInside([record(text)]));
    }
    await open.pop()?.close();
    const file = join(dir, 'store', 'data.mdb');
    const data = readFileSync(file);
    let found = 0;
    for (let at = data.indexOf('needle'); at >= 0; at = data.indexOf('needle', at + 1)) {
      data[at] = 'N'.charCodeAt(0);
      found += 1;
    }
    expect(found).toBeGreaterThan(0);
    writeFileSync(file, data);
    const again = openOne();
    expect(values(again, 1)).toEqual(['last']);
    expect(() => again.read(P0, 0, ALL)).toThrow(
      expect.objectContaining({
        code: 'corrupt_data',
        message: expect.stringContaining('topic events, partition 0, offset 0'),
      }),
    );
  });

  describe('drops old segments whole', () => {
    const day = (n: number) => n * 86_400_000;
    const fill = (environment: Environment, days: number): void => {
      for (let n = 1; n <= days; n += 1) {
        environment.write(() =>
          environment.appendInside([record(`day ${n} ${'.'.repeat(4_000)}`, 0, day(n))]),
        );
      }
    };

    it('keeping the newest, and saying which offsets are gone', async () => {
      const environment = openOne({ segmentBytes: 10_000 });
      fill(environment, 10);
      expect(environment.dropBefore(day(1))).toBe(0);
      expect(environment.dropBefore(day(6))).toBeGreaterThan(0);
      const { first } = environment.bounds(P0);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThanOrEqual(5);
      expect(() => environment.read(P0, 0, ALL)).toThrow(
        expect.objectContaining({
          code: 'corrupt_data',
          message: expect.stringContaining(`offsets 0 to ${first - 1}`),
        }),
      );
      expect(values(environment, first)[0]).toContain(`day ${first + 1} `);
      environment.dropBefore(day(1_000));
      expect(environment.bounds(P0).next).toBe(10);

      const again = await reopen({ segmentBytes: 10_000 });
      expect(again.bounds(P0)).toEqual({ first: expect.any(Number), next: 10 });
      expect(again.bounds(P0).first).toBeGreaterThan(first);
      fill(again, 1);
      expect(again.read(P0, 10, ALL)[0]?.logTime).toBe(day(10));
    });

    it('and uses their space again instead of growing', () => {
      const environment = openOne({ segmentBytes: 200_000 });
      const sizes: number[] = [];
      for (let round = 1; round <= 12; round += 1) {
        for (let i = 0; i < 10; i += 1) {
          const texts = Array.from({ length: 10 }, () => record('.'.repeat(4_000), 0, day(round)));
          environment.write(() => environment.appendInside(texts));
        }
        environment.dropBefore(day(round));
        sizes.push(environment.diskState().fileBytes);
      }
      expect(sizes[11]).toBeLessThan(1.1 * (sizes[5] ?? 0));
    });
  });

  it('says how much room there is, in the file and around it', () => {
    const environment = openOne({ segmentBytes: 100_000, guardBytes: 1, guardShare: 0 });
    const text = '.'.repeat(4_000);
    for (let i = 1; i <= 100; i += 1) {
      environment.write(() => environment.appendInside([record(text, 0, i)]));
    }
    const before = environment.diskState();
    environment.dropBefore(90);
    const after = environment.diskState();
    expect(after.reusableBytes - before.reusableBytes).toBeGreaterThan(200_000);
    expect(after.reusableBytes).toBeLessThan(after.fileBytes);
    expect(after.low).toBe(false);
    expect(existsSync(join(dir, 'ballast'))).toBe(true);
  });

  it('is low on space when less is free than the guard asks for', () => {
    expect(openOne({ guardBytes: Number.MAX_SAFE_INTEGER }).diskState().low).toBe(true);
  });
});
