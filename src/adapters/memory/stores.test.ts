import { describe, expect, it } from 'vitest';
import { checkpointStoreContract } from '../../ports/checkpoint-store.contract.ts';
import type { ProfileStoreHarness } from '../../ports/profile-fixtures.contract.ts';
import { profileStoreContract } from '../../ports/profile-store.contract.ts';
import { schemaSourceContract } from '../../ports/schema-source.contract.ts';
import { createMemoryCheckpointStore } from './checkpoint-store.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { createMemoryProfileStore } from './profile-store.ts';
import { createMemorySchemaSource } from './schema-source.ts';

const badNetwork = (seed: number): Faults =>
  createFaults({ seed, percent: { before: 10, after: 10, twice: 10, prefix: 10 } });

const profileHarness = (faults?: Faults): ProfileStoreHarness => ({
  lasts: false,
  async open(partitions) {
    const store = createMemoryProfileStore(partitions);
    const plan = {
      calls: ['claim', 'load', 'commit', 'unpublished', 'trim', 'dueTimers', 'peek', 'reset'],
      lists: ['commit'],
    } as const;
    return {
      store: faults?.wrap(store, plan) ?? store,
      logged: async () => [],
      async close() {},
    };
  },
});

describe('the state plane in memory', () => {
  profileStoreContract(profileHarness());
});

describe('checkpoints in memory', () => {
  checkpointStoreContract({
    lasts: false,
    open: async () => ({ store: createMemoryCheckpointStore(), async close() {} }),
  });
});

describe('schemas in memory', () => {
  schemaSourceContract({
    lasts: false,
    open: async () => ({ source: createMemorySchemaSource(), async close() {} }),
  });
});

for (const seed of [1, 2, 3, 4, 5]) {
  describe(`over a bad network (seed ${seed})`, () => {
    const faults = badNetwork(seed);

    describe('the state plane in memory', () => {
      profileStoreContract(profileHarness(faults));
    });

    describe('checkpoints in memory', () => {
      checkpointStoreContract({
        lasts: false,
        open: async () => ({
          store: faults.wrap(createMemoryCheckpointStore(), { calls: ['load', 'save'] }),
          async close() {},
        }),
      });
    });

    it('every kind of fault was met on the way', () => {
      expect(Object.values(faults.counts).every((count) => count > 0)).toBe(true);
    });
  });
}
