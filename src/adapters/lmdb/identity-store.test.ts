import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityStoreContract } from '../../ports/identity-store.contract.ts';
import type { IdentitySession } from '../../ports/identity-store.ts';
import { openEnvironment } from './environment.ts';
import { createLmdbIdentityStore } from './identity-store.ts';

const OPTIONS = {
  clock: { now: () => 1_000 },
  partitions: 1,
  topics: [{ name: 'events', partitions: 1 }],
  ballastBytes: 0,
};
const EVENTS = { topic: 'events', partition: 0 };
const RAW = { topic: 'raw.pos', partition: 0 };
const ALL = { recordsMax: 1_000, bytesMax: 1_000_000 };

function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'weft-identity-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

describe('an identity store in LMDB', () => {
  identityStoreContract({
    visible: 'with-commit',
    async open() {
      const environment = openEnvironment(temporaryDirectory(), OPTIONS);
      return {
        store: createLmdbIdentityStore(environment),
        logged: async () => environment.read(EVENTS, 0, ALL),
        close: () => environment.close(),
      };
    },
  });

  const DIGEST = 'ab'.repeat(12);
  const PID = '00'.repeat(10);
  const found = async (session: IdentitySession): Promise<void> => {
    const createdAt = { logTime: 1, partition: 0, offset: 0, index: 0 };
    const identifiers = [{ type: 'member' as const, scope: '', digest: DIGEST }];
    for (const tenant of ['default', '第二家']) {
      await session.ensure(tenant, { pid: PID, createdAt, founder: DIGEST, epoch: 0, identifiers });
      await session.claim(tenant, DIGEST, PID);
    }
  };
  const from = { offset: 0, index: 0 };
  const to = { offset: 1, index: 0 };
  const output = { ...EVENTS, schema: 1, value: Buffer.from('x') };

  it('is the same after a restart', async () => {
    const dir = temporaryDirectory();
    const first = openEnvironment(dir, OPTIONS);
    const store = createLmdbIdentityStore(first);
    const [claim] = await store.claim([RAW]);
    const session = store.begin();
    await found(session);
    await session.commit([{ ...RAW, epoch: claim?.epoch ?? 0, from, to }], [output]);
    const seen = await Promise.all(['default', '第二家'].map((t) => store.resolve(t, [DIGEST])));
    await first.close();

    const second = openEnvironment(dir, OPTIONS);
    onTestFinished(() => second.close());
    const again = createLmdbIdentityStore(second);
    expect(await Promise.all(['default', '第二家'].map((t) => again.resolve(t, [DIGEST])))).toEqual(
      seen,
    );
    expect(seen[1]?.[0]?.entry?.owner).toBe(PID);
    const [next] = await again.claim([RAW]);
    expect(next).toMatchObject({ position: to, epoch: 2 });
  });

  it('keeps nothing of a commit that could not be written, and writes it when asked again', async () => {
    const environment = openEnvironment(temporaryDirectory(), OPTIONS);
    onTestFinished(() => environment.close());
    const store = createLmdbIdentityStore(environment);
    const [claim] = await store.claim([RAW]);
    const move = { ...RAW, epoch: claim?.epoch ?? 0, from, to };
    const session = store.begin();
    await found(session);
    const nowhere = { ...output, topic: 'no-such-topic' };
    await expect(session.commit([move], [output, nowhere])).rejects.toThrow(/no-such-topic/);
    expect(await store.resolve('default', [DIGEST])).toEqual([{ entry: undefined, records: [] }]);
    expect(await store.positions()).toEqual([{ ...RAW, position: from }]);
    expect(environment.bounds(EVENTS).next).toBe(0);

    expect(await session.commit([move], [output])).toEqual({ kind: 'committed', unpublished: [] });
    expect((await store.resolve('default', [DIGEST]))[0]?.entry?.owner).toBe(PID);
    expect(environment.bounds(EVENTS).next).toBe(1);
  });
});
