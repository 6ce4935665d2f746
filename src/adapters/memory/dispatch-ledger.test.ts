import { describe, expect, it } from 'vitest';
import { dispatchLedgerContract } from '../../ports/dispatch-ledger.contract.ts';
import type { DispatchLedger } from '../../ports/dispatch-ledger.ts';
import { retryingPort } from '../../ports/retrying.contract.ts';
import { createMemoryDispatchLedger } from './dispatch-ledger.ts';
import type { Faults } from './faults.ts';
import { createFaults } from './faults.ts';

const CALLS = [
  'claim',
  'due',
  'known',
  'unfinished',
  'commit',
  'unpublished',
  'trim',
] as const satisfies (keyof DispatchLedger)[];

const open = async (faults?: Faults) => {
  const ledger = createMemoryDispatchLedger();
  return {
    ledger: faults ? retryingPort(faults.wrap(ledger, { calls: CALLS }), CALLS) : ledger,
    logged: async () => [],
    close: async () => {},
  };
};

describe('a dispatch ledger in memory', () => {
  dispatchLedgerContract(() => open());
});

for (const seed of [1, 2, 3]) {
  describe(`a dispatch ledger in memory over a bad network (seed ${seed})`, () => {
    const faults = createFaults({ seed, percent: { before: 10, after: 10, twice: 10 } });
    dispatchLedgerContract(() => open(faults));

    it('met every kind of fault on the way', () => {
      const { before, after, twice } = faults.counts;
      expect(Math.min(before, after, twice)).toBeGreaterThan(0);
    });
  });
}
