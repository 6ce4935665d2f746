import { dispatchLedgerContract } from '../../ports/dispatch-ledger.contract.ts';
import { createMemoryDispatchLedger } from './dispatch-ledger.ts';

dispatchLedgerContract('a dispatch ledger in memory', async () => ({
  ledger: createMemoryDispatchLedger(),
  logged: async () => [],
  close: async () => {},
}));
