import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { IDENTIFIER_TYPES } from '../../domain/identity/identifier.ts';
import { P0, profileLimits } from '../../domain/identity/policy.ts';
import type { ProfileRecord } from '../../domain/identity/view.ts';
import type { IdentitySession, IdentityStore, RawClaim } from '../../ports/identity-store.ts';
import { createMemoryIdentityStore } from '../memory/identity-store.ts';
import { openEnvironment } from './environment.ts';
import { createLmdbIdentityStore } from './identity-store.ts';

const PROFILES = 6;
const IDENTIFIERS = 12;
const TENANTS = ['default', '乙'];
const LIMITS = { ...profileLimits(P0), absorbedMax: 3, identifiersMax: 6 };
const RAW = { topic: 'raw.pos', partition: 0 };

const pidOf = (n: number): string => n.toString(16).padStart(20, '0');
const digestOf = (n: number): string => n.toString(16).padStart(24, '0');
const keyOf = (n: number) => ({
  type: IDENTIFIER_TYPES[n % 4] ?? 'device',
  scope: n % 4 === 2 ? 'wx' : '',
  digest: digestOf(n),
});

const profile = fc.nat(PROFILES - 1);
const identifier = fc.nat(IDENTIFIERS - 1);
const step = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  call: fc.constantFrom(
    'ensure',
    'claim',
    'attach',
    'detach',
    'share',
    'rebind',
    'merge',
    'commit',
  ),
  one: profile,
  other: profile,
  identifiers: fc.array(identifier, { minLength: 1, maxLength: 3 }),
});
type Step = Parameters<Parameters<typeof step.map>[0]>[0];

/** A store being driven: one session after another. */
interface Driven {
  readonly store: IdentityStore;
  claim: RawClaim;
  session: IdentitySession;
}

async function drive(store: IdentityStore): Promise<Driven> {
  const [claim] = await store.claim([RAW]);
  if (!claim) throw new Error('a claim was not answered');
  return { store, claim, session: store.begin() };
}

async function perform(driven: Driven, time: number, { tenant, ...step }: Step): Promise<unknown> {
  const { session } = driven;
  const [one, other] = [pidOf(step.one), pidOf(step.other)];
  const keys = step.identifiers.map(keyOf);
  const digest = keys[0]?.digest ?? '';
  switch (step.call) {
    case 'ensure': {
      const createdAt = { logTime: step.one, partition: 0, offset: step.one, index: 0 };
      const founder = digestOf(step.one);
      const identifiers = [keyOf(step.one)];
      return session.ensure(tenant, { pid: one, createdAt, founder, epoch: 0, identifiers });
    }
    case 'claim':
      return session.claim(tenant, digest, one);
    case 'attach':
      return session.attach(tenant, one, 0, keys, LIMITS);
    case 'detach':
      return session.detach(tenant, one, digest);
    case 'share': {
      const merged = [{ pid: other, root: one }];
      return session.share(tenant, { digest, owner: one, merged, ownersMax: 2, since: time });
    }
    case 'rebind':
      return session.rebind(tenant, { digest, from: one, to: other, since: time });
    case 'merge':
      return merge(session, tenant, [one, other, `t${time}`]);
    case 'commit':
      return commit(driven);
  }
}

async function merge(
  session: IdentitySession,
  tenant: string,
  [survivor, absorbed, token]: readonly [string, string, string],
): Promise<string> {
  const fence = { kind: 'merge', token, into: survivor, since: 1 } as const;
  const { kind } = await session.fence(tenant, absorbed, fence);
  const sealed = await session.record(tenant, absorbed);
  if (kind !== 'ok' || !sealed) return `fence ${kind}`;
  const answer = await session.absorb(tenant, survivor, sealed, LIMITS);
  if (answer.kind === 'ok') await session.finish(tenant, absorbed, survivor, token);
  else await session.unfence(tenant, absorbed, token);
  return answer.kind;
}

async function commit(driven: Driven): Promise<string> {
  const from = driven.claim.position;
  const to = { offset: from.offset + 1, index: 0 };
  const answer = await driven.session.commit([{ ...RAW, epoch: driven.claim.epoch, from, to }], []);
  driven.claim = { ...driven.claim, position: to };
  driven.session = driven.store.begin();
  return answer.kind;
}

/** Everything a reader can see; refusals are remembered only where fences outlive a commit. */
async function visible({ session }: Driven): Promise<unknown> {
  const plain = (record: ProfileRecord | undefined) => record && { ...record, declined: undefined };
  const all: unknown[] = [];
  for (const tenant of TENANTS) {
    for (let n = 0; n < PROFILES; n += 1) all.push(plain(await session.record(tenant, pidOf(n))));
    const digests = Array.from({ length: IDENTIFIERS }, (_, n) => digestOf(n));
    for (const { entry, records } of await session.resolve(tenant, digests)) {
      all.push({ entry, records: records.map(plain) });
    }
  }
  return all;
}

const FOUNDED: readonly Step[] = Array.from({ length: PROFILES }, (_, one) => ({
  tenant: 'default',
  call: 'ensure',
  one,
  other: one,
  identifiers: [one],
}));

it('the plane in LMDB answers every call as the one in memory does, and ends the same', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'weft-oracle-'));
  const clock = { now: () => 1_000 };
  const environment = openEnvironment(dir, { clock, partitions: 1, topics: [], ballastBytes: 0 });
  onTestFinished(async () => {
    await environment.close();
    rmSync(dir, { recursive: true });
  });
  const merges = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 100 }), async (steps) => {
      const store = createLmdbIdentityStore(environment);
      await store.reset();
      const onDisk = await drive(store);
      const inMemory = await drive(createMemoryIdentityStore());
      for (const [time, each] of [...FOUNDED, ...steps].entries()) {
        const answer = await perform(onDisk, time + 1, each);
        expect([each.call, answer]).toEqual([each.call, await perform(inMemory, time + 1, each)]);
        if (each.call === 'merge') merges.add(answer);
      }
      await commit(onDisk);
      // From the disk, not from what the first store still has decoded.
      const fresh = await drive(createLmdbIdentityStore(environment));
      expect(await visible(fresh)).toEqual(await visible(inMemory));
    }),
    { numRuns: 25 },
  );
  expect([...merges]).toEqual(expect.arrayContaining(['ok', 'refused', 'fence moved']));
});
