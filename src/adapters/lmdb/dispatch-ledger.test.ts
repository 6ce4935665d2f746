import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

it('finds what was taken on before there were lanes, and keeps it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weft-dispatch-'));
  const environment = openEnvironment(dir, OPTIONS);
  const table = environment.openTable<Buffer, (string | number)[]>('dispatch.unfinished', {
    keyEncoding: 'ordered-binary',
  });
  const bytes = Buffer.alloc(10, '!');
  bytes.writeUInt8(1, 0);
  bytes.writeDoubleLE(5_000, 1);
  await table.put([0, 'default', 'a'], bytes);
  const ledger = createLmdbDispatchLedger(environment);
  expect((await ledger.claim(0)).lanes).toEqual(['']);
  expect(await ledger.due(0, '', { until: 5_000, limit: 10 })).toMatchObject({
    entries: [{ id: 'a', state: 'waiting', nextTryAt: 5_000, value: Buffer.from('!') }],
    nextAt: null,
  });
  await environment.close();
  rmSync(dir, { recursive: true });
});
