import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProfileStore, StateWrite } from '../../ports/profile-store.ts';
import { openEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { createLmdbProfileStore } from './profile-store.ts';

const PARTITIONS = 2;
const EVER = Number.MAX_SAFE_INTEGER;

interface Change {
  readonly key: number;
  readonly bytes: number | null;
  readonly due: number | null;
}

type Step =
  | { readonly kind: 'commit'; readonly partition: number; readonly changes: readonly Change[] }
  /** The transaction fails after it has written states. */
  | { readonly kind: 'fail'; readonly partition: number; readonly changes: readonly Change[] }
  | { readonly kind: 'reset'; readonly partition: number }
  | { readonly kind: 'reopen' };

const partition = fc.nat({ max: PARTITIONS - 1 });
const changes = fc.uniqueArray(
  fc.record({
    key: fc.nat({ max: 40 }),
    bytes: fc.option(fc.nat({ max: 400 }), { freq: 5 }),
    due: fc.option(fc.nat({ max: 50 })),
  }),
  { selector: ({ key }) => key, maxLength: 15 },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('commit'), partition, changes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('fail'), partition, changes }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset'), partition }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
);

/** What a map would say. */
type Model = readonly Map<string, { readonly text: string; readonly due: number | null }>[];

function createDirectory(generationBytes: number) {
  const dir = mkdtempSync(join(tmpdir(), 'weft-recent-'));
  const open = () => {
    const environment = openEnvironment(dir, {
      clock: { now: () => 1 },
      partitions: PARTITIONS,
      topics: [{ name: 'actions', partitions: PARTITIONS }],
      ballastBytes: 0,
    });
    try {
      return { environment, store: createLmdbProfileStore(environment, { generationBytes }) };
    } catch (error) {
      void environment.close();
      throw error;
    }
  };
  return { dir, open };
}

/** Answers after how many of the steps store and map were found alike: all, or it has thrown. */
async function play(steps: readonly Step[], generationBytes: number): Promise<number> {
  const { dir, open } = createDirectory(generationBytes);
  const model: Model = Array.from({ length: PARTITIONS }, () => new Map());
  let opened = open();
  let alike = 0;
  try {
    for (const one of steps) {
      if (one.kind === 'reopen') {
        await opened.environment.close();
        opened = open();
      } else if (one.kind === 'reset') {
        await opened.store.reset(one.partition);
        model[one.partition]?.clear();
      } else {
        await commit(opened.store, model, one, alike);
      }
      await compare(opened.store, model);
      alike += 1;
    }
    return alike;
  } finally {
    await opened.environment.close();
    rmSync(dir, { recursive: true });
  }
}

async function commit(
  store: ProfileStore,
  model: Model,
  { kind, partition, changes }: Extract<Step, { changes: unknown }>,
  serial: number,
): Promise<void> {
  const map = model[partition] ?? new Map();
  const writes = changes.map(({ key: number, bytes, due }): StateWrite => {
    const key = `default/${number}`;
    const value = bytes === null ? null : Buffer.from(`${serial}`.padEnd(bytes, '.'));
    const dueAfter = value === null ? null : due;
    return { key, value, dueBefore: map.get(key)?.due ?? null, dueAfter };
  });
  const { epoch, position } = await store.claim(partition);
  const to = { offset: position.offset + 1, index: 0 };
  const astray = { topic: 'nowhere', partition: 0, schema: 1, value: Buffer.of(1) };
  const outputs = kind === 'fail' ? [astray] : [];
  const done = await store
    .commit([{ partition, epoch, from: position, to, clock: 1, states: writes, outputs }])
    .then(
      ([answer]) => answer?.kind === 'committed',
      () => false,
    );
  expect(done).toBe(kind === 'commit');
  for (const { key, value, dueAfter } of done ? writes : []) {
    if (value === null) map.delete(key);
    else map.set(key, { text: String(value), due: dueAfter });
  }
}

async function compare(store: ProfileStore, model: Model): Promise<void> {
  for (const [partition, map] of model.entries()) {
    const scanned: [string, string][] = [];
    for await (const [key, value] of store.scan(partition)) {
      scanned.push([key, Buffer.from(value).toString()]);
    }
    const wanted = [...map].map(([key, { text }]): [string, string] => [key, text]);
    expect(scanned.toSorted(byKey)).toEqual(wanted.toSorted(byKey));

    const keys = Array.from({ length: 41 }, (_, key) => `default/${key}`);
    const loaded = (await store.load(partition, keys)).map(
      (value) => value && String(Buffer.from(value)),
    );
    expect(loaded).toEqual(keys.map((key) => map.get(key)?.text));

    const timers = [...map]
      .flatMap(([key, { due }]) => (due === null ? [] : [{ key, dueAt: due }]))
      .toSorted((a, b) => a.dueAt - b.dueAt || byKey([a.key, ''], [b.key, '']));
    expect(await store.dueTimers(partition, EVER, 1_000)).toEqual(timers);
    expect(await store.dueTimers(partition, 25, 7)).toEqual(
      timers.filter(({ dueAt }) => dueAt <= 25).slice(0, 7),
    );
  }
}

function bytesOf(environment: Environment, name: string): number {
  let bytes = 0;
  for (const { value } of environment.openTable(name).getRange({})) bytes += value.length;
  return bytes;
}

const byKey = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1);

describe('states that are not in their tables yet', () => {
  it.each([1, 600, 3_000, 20_000])(
    'are read as a map would, when %i bytes of them are folded at a time',
    async (generationBytes) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
          expect(await play(steps, generationBytes)).toBe(steps.length);
        }),
        { numRuns: 8 },
      );
    },
  );

  it.each([1, 3, 7])(
    'are there, each in its newest version, when the store is opened again every %i commits',
    async (restartEvery) => {
      const steps = Array.from({ length: 45 }, (_, n): Step[] => [
        {
          kind: 'commit',
          partition: n % 2,
          changes: [0, 2, 3, 9].map((i) => ({ key: (n + i) % 11, bytes: 60, due: n })),
        },
        ...(n % restartEvery === 0 ? [{ kind: 'reopen' } as const] : []),
      ]).flat();
      for (const generationBytes of [200, 700, 1_500]) {
        expect(await play(steps, generationBytes)).toBe(steps.length);
      }
    },
  );

  it('do not come back after a reset, whenever the store is opened again', async () => {
    const changes = [0, 1, 2, 3].map((key) => ({ key, bytes: 100, due: 9 }));
    const steps: Step[] = [
      { kind: 'commit', partition: 0, changes },
      { kind: 'commit', partition: 1, changes },
      { kind: 'commit', partition: 0, changes: changes.slice(0, 2) },
      { kind: 'reset', partition: 0 },
      { kind: 'reopen' },
      { kind: 'commit', partition: 0, changes: changes.slice(3) },
      { kind: 'reopen' },
    ];
    for (const generationBytes of [1, 600, 1_000_000]) {
      expect(await play(steps, generationBytes)).toBe(steps.length);
    }
  });

  it.each([300, 70, 3])(
    'are held no longer than two generations of them, also when opened again every %i commits',
    async (restartEvery) => {
      const GENERATION_BYTES = 50_000;
      const { dir, open } = createDirectory(GENERATION_BYTES);
      let { environment, store } = open();
      onTestFinished(async () => {
        await environment.close();
        rmSync(dir, { recursive: true });
      });
      const { epoch } = await store.claim(0);
      const sizes: number[] = [];
      for (let n = 0; n < 300; n += 1) {
        if (n % restartEvery === restartEvery - 1) {
          await environment.close();
          ({ environment, store } = open());
        }
        const states = Array.from({ length: 20 }, (_, i) => ({
          key: `default/${(n * 20 + i) % 4_321}`,
          value: Buffer.alloc(200, n),
          dueBefore: null,
          dueAfter: null,
        }));
        const [from, to] = [n, n + 1].map((offset) => ({ offset, index: 0 }));
        if (!from || !to) throw new Error('two positions');
        await store.commit([{ partition: 0, epoch, from, to, clock: n, states, outputs: [] }]);
        for (const name of ['profile.recent.0', 'profile.recent.1']) {
          sizes.push(bytesOf(environment, name));
        }
      }
      expect(Math.max(...sizes)).toBeGreaterThan(GENERATION_BYTES);
      expect(Math.max(...sizes)).toBeLessThan(1.2 * GENERATION_BYTES);
    },
  );

  it('that were damaged on disk are found when the store is opened', async () => {
    const { dir, open } = createDirectory(1_000_000);
    const { environment, store } = open();
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const { epoch, position: from } = await store.claim(1);
    const value = Buffer.from('a needle in the file');
    const states = [{ key: 'default/a', value, dueBefore: null, dueAfter: null }];
    const to = { offset: 1, index: 0 };
    await store.commit([{ partition: 1, epoch, from, to, clock: 1, states, outputs: [] }]);
    await environment.close();
    const file = join(dir, 'store', 'data.mdb');
    const data = readFileSync(file);
    for (let i = data.indexOf('needle'); i >= 0; i = data.indexOf('needle', i)) data[i] = 78;
    writeFileSync(file, data);
    expect(open).toThrow(
      expect.objectContaining({
        code: 'corrupt_data',
        message: expect.stringContaining('partition 1'),
      }),
    );
  });
});
