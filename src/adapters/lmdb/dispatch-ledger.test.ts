import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { dispatchLedgerContract } from '../../ports/dispatch-ledger.contract.ts';
import { createLmdbDispatchLedger } from './dispatch-ledger.ts';
import { openEnvironment } from './environment.ts';

const OPTIONS = {
  clock: { now: () => 1_000 },
  partitions: 2,
  topics: [{ name: 'deliveries', partitions: 2 }],
  ballastBytes: 0,
};
const ALL = { recordsMax: 1_000, bytesMax: 1_000_000 };

describe('a dispatch ledger in LMDB', () => {
  dispatchLedgerContract(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'weft-dispatch-'));
    const environment = openEnvironment(dir, OPTIONS);
    return {
      ledger: createLmdbDispatchLedger(environment),
      logged: async () => environment.read({ topic: 'deliveries', partition: 0 }, 0, ALL),
      async close() {
        await environment.close();
        rmSync(dir, { recursive: true });
      },
    };
  });
});
