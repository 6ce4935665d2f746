import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { identityStoreContract } from '../../ports/identity-store.contract.ts';
import { openEnvironment } from './environment.ts';
import { createLmdbIdentityStore } from './identity-store.ts';

const OPTIONS = {
  clock: { now: () => 1_000 },
  partitions: 1,
  topics: [{ name: 'events', partitions: 1 }],
  ballastBytes: 0,
};
const ALL = { recordsMax: 1_000, bytesMax: 1_000_000 };

describe('an identity store in LMDB', () => {
  identityStoreContract({
    visible: 'with-commit',
    async open() {
      const dir = mkdtempSync(join(tmpdir(), 'weft-identity-'));
      const environment = openEnvironment(dir, OPTIONS);
      return {
        store: createLmdbIdentityStore(environment),
        logged: async () => environment.read({ topic: 'events', partition: 0 }, 0, ALL),
        async close() {
          await environment.close();
          rmSync(dir, { recursive: true });
        },
      };
    },
  });
});
