import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointStoreContract } from '../../ports/checkpoint-store.contract.ts';
import { at, commitOf, openStore, output, state } from '../../ports/profile-fixtures.contract.ts';
import type { ProfileStoreHarness } from '../../ports/profile-fixtures.contract.ts';
import { profileStoreContract } from '../../ports/profile-store.contract.ts';
import { schemaSourceContract } from '../../ports/schema-source.contract.ts';
import { createLmdbCheckpointStore } from './checkpoint-store.ts';
import { openEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import { createLmdbProfileStore } from './profile-store.ts';
import { createLmdbSchemaSource } from './schema-source.ts';

/** A directory of its own, and whatever is made over it; opening again closes it first. */
function openWith<T>(partitions: number, make: (environment: Environment) => T) {
  const dir = mkdtempSync(join(tmpdir(), 'weft-stores-'));
  const start = () => {
    const environment = openEnvironment(dir, {
      clock: { now: () => 1_000 },
      partitions,
      topics: [{ name: 'actions', partitions }],
      ballastBytes: 0,
    });
    let closed = false;
    return {
      ...make(environment),
      async close() {
        if (!closed) await environment.close();
        closed = true;
      },
    };
  };
  const first = start();
  return {
    ...first,
    async reopen() {
      await first.close();
      return start();
    },
    async close() {
      await first.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const profileHarness = (generationBytes?: number): ProfileStoreHarness => ({
  lasts: true,
  open: async (partitions) =>
    openWith(partitions, (environment) => ({
      store: createLmdbProfileStore(environment, generationBytes ? { generationBytes } : {}),
      logged: async () =>
        Array.from({ length: partitions }, (_, partition) => ({ topic: 'actions', partition }))
          .flatMap((partition) =>
            environment.read(partition, 0, { recordsMax: 1_000, bytesMax: 1_000_000 }),
          )
          .map(({ topic, partition, value }) => ({ topic, partition, value })),
    })),
});

describe('the state plane in LMDB', () => {
  profileStoreContract(profileHarness());

  it('has nothing to publish: outputs are in the log with the commit', async () => {
    const { claim, commit, logged } = await openStore(profileHarness());
    const outputs = [output('a'), output('b')];
    const answer = await commit(commitOf(0, await claim(0), at(1), { outputs }));
    expect(answer).toEqual([{ kind: 'committed', unpublished: [] }]);
    expect(await logged()).toHaveLength(2);
  });

  it.each([
    ['a key that is too long, instead of cutting it', state('x'.repeat(1_801), '1'), '1801 bytes'],
    ['a timer before 1970', state('default/a', '1', [null, -1]), 'due at -1'],
    ['a timer between two milliseconds', state('default/a', '1', [null, 0.5]), 'due at 0.5'],
    ['a timer at no moment', state('default/a', '1', [null, NaN]), 'due at NaN'],
  ])('refuses %s, with the whole commit', async (_, write, message) => {
    const { claim, store, peek, load } = await openStore(profileHarness());
    const states = [state('default/other', '1'), write];
    const commit = commitOf(0, await claim(0), at(1), { states });
    await expect(store.commit([commit])).rejects.toThrow(message);
    expect((await peek(0))?.position).toEqual(at(0));
    expect(await load(0, 'default/other')).toEqual([undefined]);
  });
});

describe('the state plane in LMDB that folds with every commit', () => {
  profileStoreContract(profileHarness(1));
});

describe('the state plane in LMDB that folds after some commits', () => {
  profileStoreContract(profileHarness(2_000));
});

describe('checkpoints in LMDB', () => {
  checkpointStoreContract({
    lasts: true,
    open: async () =>
      openWith(1, (environment) => ({ store: createLmdbCheckpointStore(environment) })),
  });
});

describe('schemas in LMDB', () => {
  schemaSourceContract({
    lasts: true,
    open: async () =>
      openWith(1, (environment) => ({ source: createLmdbSchemaSource(environment) })),
  });
});
