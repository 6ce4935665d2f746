import { describe, expect, it } from 'vitest';
import type { IdentityStoreHarness } from '../../ports/identity-fixtures.contract.ts';
import { identityStoreContract } from '../../ports/identity-store.contract.ts';
import type { IdentitySession, IdentityStore } from '../../ports/identity-store.ts';
import { retryingPort } from '../../ports/retrying.contract.ts';
import type { Faults } from './faults.ts';
import { createFaults } from './faults.ts';
import { createMemoryIdentityStore } from './identity-store.ts';

const STORE_CALLS = [
  'claim',
  'unpublished',
  'trim',
  'resolve',
  'record',
  'openFences',
  'positions',
  'reset',
] as const satisfies (keyof IdentityStore)[];
const SESSION_CALLS = [
  'resolve',
  'record',
  'ensure',
  'claim',
  'attach',
  'detach',
  'share',
  'rebind',
  'fence',
  'absorb',
  'finish',
  'unfence',
  'commit',
] as const satisfies (keyof IdentitySession)[];

/** A store behind a network that fails, and a caller who tries again. */
function overBadNetwork(store: IdentityStore, faults: Faults): IdentityStore {
  const begin = (): IdentitySession =>
    retryingPort(faults.wrap(store.begin(), { calls: SESSION_CALLS }), SESSION_CALLS);
  return retryingPort(faults.wrap({ ...store, begin }, { calls: STORE_CALLS }), STORE_CALLS);
}

const harness = (faults?: Faults): IdentityStoreHarness => ({
  visible: 'at-once',
  async open() {
    const store = createMemoryIdentityStore();
    return {
      store: faults ? overBadNetwork(store, faults) : store,
      logged: async () => [],
      close: async () => {},
    };
  },
});

describe('an identity store in memory', () => {
  identityStoreContract(harness());
});

for (const seed of [1, 2, 3]) {
  describe(`an identity store in memory over a bad network (seed ${seed})`, () => {
    const faults = createFaults({ seed, percent: { before: 10, after: 10, twice: 10 } });
    identityStoreContract(harness(faults));

    it('met every kind of fault on the way', () => {
      const { before, after, twice } = faults.counts;
      expect(Math.min(before, after, twice)).toBeGreaterThan(10);
    });
  });
}
