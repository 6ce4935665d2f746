/** The clauses about what a session of an identity store reads and writes. */
import { describe, expect, it } from 'vitest';
import type { IdentitySession } from './identity-store.ts';
import type { IdentityStoreHarness, OpenIdentityStore } from './identity-fixtures.contract.ts';
import {
  DEVICE,
  LIMITS,
  MEMBER,
  PHONE,
  T,
  at,
  commit,
  digestOf,
  fenceInto,
  found,
  id,
  merge,
  move,
  pidOf,
  profile,
  recordOf,
  listed,
} from './identity-fixtures.contract.ts';

export function describeEntries(open: OpenIdentityStore): void {
  describe('an index entry', () => {
    it('is inserted by the first claim; every later one hears the owner', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE));
      await found(session, profile('p2', 2, MEMBER));
      expect(await session.claim(T, DEVICE.digest, pidOf('p2'))).toBe(pidOf('p1'));
      const [seen] = await session.resolve(T, [DEVICE.digest]);
      expect(seen?.entry).toEqual({
        digest: DEVICE.digest,
        owner: pidOf('p1'),
        mark: 'none',
        owners: [],
        since: 0,
      });
    });

    it('is read with the record it points at, in the order asked for', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE));
      await found(session, profile('p2', 2, MEMBER));
      const unknown = digestOf('?');
      const digests = [MEMBER.digest, unknown, DEVICE.digest, MEMBER.digest];
      const seen = await session.resolve(T, digests);
      expect(seen.map(({ records }) => records.map(({ pid }) => pid))).toEqual([
        [pidOf('p2')],
        [],
        [pidOf('p1')],
        [pidOf('p2')],
      ]);
      expect(seen[1]?.entry).toBeUndefined();
    });

    it('leads to the root through every profile absorbed in between', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await found(session, profile('p3', 3, DEVICE));
      await merge(session, { survivor: 'p2', absorbed: 'p3', token: 't1' });
      await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't2' });
      const [seen] = await session.resolve(T, [DEVICE.digest]);
      expect(seen?.records.map(({ pid }) => pid)).toEqual([pidOf('p3'), pidOf('p2'), pidOf('p1')]);
    });

    it('nobody claimed stays unclaimed when it is marked', async () => {
      const { session } = await open();
      const share = {
        digest: PHONE.digest,
        owner: pidOf('p1'),
        merged: [],
        ownersMax: 3,
        since: 5,
      };
      expect(await session.share(T, share)).toBeUndefined();
      expect((await session.resolve(T, [PHONE.digest]))[0]?.entry).toBeUndefined();
    });

    it('is shared with its first owner and each one added, and becomes a hub above the limit', async () => {
      const { session } = await open();
      for (const [index, name] of ['p1', 'p2', 'p3'].entries()) {
        await found(session, profile(name, index, id('member', name)));
      }
      await session.claim(T, PHONE.digest, pidOf('p1'));
      const share = (owner: string, since: number) =>
        session.share(T, {
          digest: PHONE.digest,
          owner: pidOf(owner),
          merged: [],
          ownersMax: 2,
          since,
        });
      expect(await share('p2', 5)).toMatchObject({
        mark: 'shared',
        owners: [pidOf('p1'), pidOf('p2')],
        since: 5,
      });
      const [seen] = await session.resolve(T, [PHONE.digest]);
      expect(seen?.records.map(({ pid }) => pid)).toEqual([pidOf('p1'), pidOf('p2')]);
      expect(await share('p2', 6)).toMatchObject({ mark: 'shared', since: 5 });
      expect(await share('p3', 7)).toMatchObject({ owner: pidOf('p1'), mark: 'hub', since: 7 });
      expect(await share('p1', 8)).toMatchObject({ mark: 'hub', since: 7 });
    });

    it('counts owners that became one as one, where the caller says so', async () => {
      const { session } = await open();
      await session.claim(T, PHONE.digest, pidOf('p1'));
      const share = { digest: PHONE.digest, ownersMax: 2, since: 5 };
      await session.share(T, { ...share, owner: pidOf('p2'), merged: [] });
      const merged = [{ pid: pidOf('p2'), root: pidOf('p1') }];
      expect(await session.share(T, { ...share, owner: pidOf('p3'), merged })).toMatchObject({
        mark: 'shared',
        owners: [pidOf('p1'), pidOf('p3')],
      });
    });

    it('moves by a verified rebind, once, and loses its mark', async () => {
      const { session } = await open();
      await session.claim(T, PHONE.digest, pidOf('p1'));
      const share = { owner: pidOf('p2'), merged: [], ownersMax: 3, since: 5 };
      await session.share(T, { ...share, digest: PHONE.digest });
      const rebind = { digest: PHONE.digest, from: pidOf('p1'), to: pidOf('p2'), since: 9 };
      expect(await session.rebind(T, rebind)).toBe(true);
      expect(await session.rebind(T, rebind)).toBe(true);
      expect(await session.rebind(T, { ...rebind, from: pidOf('p7'), to: pidOf('p8') })).toBe(
        false,
      );
      const [seen] = await session.resolve(T, [PHONE.digest]);
      expect(seen?.entry).toEqual({
        digest: PHONE.digest,
        owner: pidOf('p2'),
        mark: 'none',
        owners: [],
        since: 9,
      });
      expect(await session.rebind(T, { ...rebind, digest: digestOf('?') })).toBe(false);
    });

    it('of one tenant is nothing to another', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE));
      expect(await session.resolve('other', [DEVICE.digest])).toEqual([
        { entry: undefined, records: [] },
      ]);
      expect(await session.record('other', pidOf('p1'))).toBeUndefined();
      await session.ensure('other', profile('p2', 2, DEVICE));
      expect(await session.claim('other', DEVICE.digest, pidOf('p2'))).toBe(pidOf('p2'));
      expect((await session.resolve(T, [DEVICE.digest]))[0]?.entry?.owner).toBe(pidOf('p1'));
    });
  });
}

export function describeRecords(open: OpenIdentityStore): void {
  describe('a profile record', () => {
    it('is created once; again it exists; another founder under its pid is a collision', async () => {
      const { session } = await open();
      const made = profile('p1', 1, DEVICE);
      await session.ensure(T, made);
      expect(await session.ensure(T, { ...made, identifiers: [] })).toBe('exists');
      expect(await session.ensure(T, { ...made, founder: digestOf('x') })).toBe('collision');
      expect(await recordOf(session, 'p1')).toMatchObject({
        ...made,
        parent: null,
        absorbed: [],
        fence: null,
      });
    });

    it('lists what is attached, once', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE));
      const attach = () => session.attach(T, pidOf('p1'), 0, [PHONE, MEMBER], LIMITS);
      expect(await attach()).toEqual({ kind: 'ok' });
      expect(await attach()).toEqual({ kind: 'ok' });
      expect(await listed(session, 'p1')).toEqual([DEVICE, PHONE, MEMBER]);
    });

    it('takes no second value of a unique type, and nothing that comes with it', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      const answer = await session.attach(T, pidOf('p1'), 0, [PHONE, id('member', 'm2')], LIMITS);
      expect(answer).toEqual({ kind: 'conflict' });
      expect(await listed(session, 'p1')).toEqual([MEMBER]);
    });

    it('takes a value of a unique type in each scope', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, id('unionid', 'u1', 'wx1')));
      const more = [id('unionid', 'u2', '微信开放平台')];
      expect(await session.attach(T, pidOf('p1'), 0, more, LIMITS)).toEqual({ kind: 'ok' });
    });

    it.each([
      ['values of a type', ['a', 'b', 'c'].map((text) => id('phone', text)), id('phone', 'd')],
      [
        'identifiers',
        ['a', 'b', 'c', 'd', 'e']
          .map((text) => id('device', text))
          .concat(id('uid', 'u'), id('email', 'e'), PHONE),
        MEMBER,
      ],
    ])('takes no more %s than its limit', async (_, identifiers, added) => {
      const { session } = await open();
      await found(session, profile('p1', 1, ...identifiers));
      const answer = await session.attach(T, pidOf('p1'), 0, [added], LIMITS);
      expect(answer).toEqual({ kind: 'over_limit' });
      expect(await listed(session, 'p1')).toEqual(identifiers);
    });

    it('of another epoch, or that is not there, takes nothing', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE));
      expect(await session.attach(T, pidOf('p1'), 1, [PHONE], LIMITS)).toEqual({
        kind: 'stale_epoch',
      });
      expect(await session.attach(T, pidOf('p9'), 0, [PHONE], LIMITS)).toEqual({ kind: 'missing' });
      expect(await session.fence(T, pidOf('p9'), fenceInto('p1', 't'))).toEqual({
        kind: 'missing',
      });
      expect(await session.detach(T, pidOf('p9'), PHONE.digest)).toEqual({ kind: 'missing' });
      expect(await listed(session, 'p1')).toEqual([DEVICE]);
    });

    it('gives a listing back', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE, PHONE));
      expect(await session.detach(T, pidOf('p1'), PHONE.digest)).toEqual({ kind: 'ok' });
      expect(await session.detach(T, pidOf('p1'), PHONE.digest)).toEqual({ kind: 'ok' });
      expect(await listed(session, 'p1')).toEqual([DEVICE]);
    });
  });
}

export function describeVisibility(open: OpenIdentityStore, harness: IdentityStoreHarness): void {
  it('what a session wrote is there, whole, after its commit', async () => {
    const { store, claim0, session } = await open();
    const identifiers = [
      id('unionid', 'u', '微信'),
      id('buyer', 'b', 'tmall:1001'),
      id('openid', 'o', 'wx'.repeat(100)),
      MEMBER,
      PHONE,
    ];
    const made = { ...profile('p1', 1, ...identifiers), epoch: 3 };
    const createdAt = { logTime: 880_000_000_000, partition: 79, offset: 2 ** 40, index: 999 };
    await session.ensure(T, { ...made, createdAt });
    await session.ensure(T, profile('anon', 2));
    await session.ensure(T, profile('p2', 3, id('device', 'd2')));
    await session.claim(T, PHONE.digest, pidOf('p1'));
    const share = { digest: PHONE.digest, owner: pidOf('p2'), merged: [], ownersMax: 3 };
    await session.share(T, { ...share, since: 1_800_000_000_456 });
    const read = async (from: IdentitySession) => ({
      records: [
        await recordOf(from, 'p1'),
        await recordOf(from, 'anon'),
        await recordOf(from, 'p2'),
      ],
      resolved: await from.resolve(T, [PHONE.digest]),
    });
    const before = await read(session);
    expect(before.records[0]).toMatchObject({ ...made, createdAt });
    await commit(store, session, [move(claim0, at(1))]);
    expect(await read(store.begin())).toEqual(before);
    expect(await store.resolve(T, [PHONE.digest])).toEqual(before.resolved);
    expect(await store.record(T, pidOf('p1'))).toEqual(before.records[0]);
    expect(await store.record(T, pidOf('p9'))).toBeUndefined();
  });

  it('later sessions go on from there', async () => {
    const { store, claim0, claim1, session } = await open();
    await found(session, profile('p1', 1, MEMBER));
    await found(session, profile('p2', 2, PHONE));
    await commit(store, session, [move(claim0, at(1))]);
    const second = store.begin();
    await merge(second, { survivor: 'p1', absorbed: 'p2', token: 't' });
    await commit(store, second, [move(claim1, at(1))]);
    const third = store.begin();
    expect(await recordOf(third, 'p1')).toMatchObject({ identifiers: [MEMBER, PHONE] });
    expect(await recordOf(third, 'p2')).toMatchObject({ parent: pidOf('p1'), fence: null });
  });

  if (harness.visible === 'at-once') describeAtOnce(open);
  else describeWithCommit(open);
}

function describeAtOnce(open: OpenIdentityStore): void {
  it('two sessions see each other at once', async () => {
    const { store, session } = await open();
    const other = store.begin();
    await found(session, profile('p1', 1, DEVICE));
    expect(await other.claim(T, DEVICE.digest, pidOf('p2'))).toBe(pidOf('p1'));
  });

  it('a fence left open is found by its age', async () => {
    const { store, session } = await open();
    await found(session, profile('p1', 1, MEMBER));
    await found(session, profile('p2', 2, PHONE));
    await found(session, profile('p3', 3, DEVICE));
    await session.fence(T, pidOf('p3'), fenceInto('p1', 't3', 60));
    await session.fence(T, pidOf('p2'), fenceInto('p1', 't2', 50));
    const pids = async (before: number, limit: number) =>
      (await store.openFences(before, limit)).map(({ pid }) => pid);
    expect(await pids(50, 10)).toEqual([]);
    expect(await pids(61, 10)).toEqual([pidOf('p2'), pidOf('p3')]);
    expect(await pids(61, 1)).toEqual([pidOf('p2')]);
    await session.unfence(T, pidOf('p2'), 't2');
    expect(await store.openFences(61, 10)).toEqual([
      { tenant: T, pid: pidOf('p3'), fence: fenceInto('p1', 't3', 60) },
    ]);
  });
}

function describeWithCommit(open: OpenIdentityStore): void {
  it('nobody else sees a session before its commit', async () => {
    const { store, claim0, session } = await open();
    await found(session, profile('p1', 1, DEVICE));
    expect((await store.resolve(T, [DEVICE.digest]))[0]?.entry).toBeUndefined();
    await commit(store, session, [move(claim0, at(1))]);
    expect((await store.resolve(T, [DEVICE.digest]))[0]?.entry?.owner).toBe(pidOf('p1'));
  });

  it('a session that is fenced or moved has changed nothing', async () => {
    const { store, claim0, session } = await open();
    await found(session, profile('p1', 1, DEVICE));
    const moved = await session.commit([move(claim0, at(9), at(8))], []);
    await store.claim([{ topic: claim0.topic, partition: claim0.partition }]);
    const fenced = await session.commit([move(claim0, at(9))], []);
    expect([moved.kind, fenced.kind]).toEqual(['moved', 'fenced']);
    expect((await store.resolve(T, [DEVICE.digest]))[0]?.entry).toBeUndefined();
    expect(await store.begin().record(T, pidOf('p1'))).toBeUndefined();
  });

  it('a session begun before another one committed must begin again', async () => {
    const { store, claim0, claim1, session } = await open();
    const slow = store.begin();
    await found(slow, profile('p2', 2, DEVICE));
    await found(session, profile('p1', 1, DEVICE));
    await commit(store, session, [move(claim0, at(1))]);
    expect(await slow.commit([move(claim1, at(1))], [])).toEqual({
      kind: 'moved',
      positions: [{ topic: claim1.topic, partition: claim1.partition, position: at(0) }],
    });
    expect((await store.resolve(T, [DEVICE.digest]))[0]?.entry?.owner).toBe(pidOf('p1'));
  });

  it('a fence left open at the commit is a mistake', async () => {
    const { store, claim0, session } = await open();
    await found(session, profile('p1', 1, MEMBER));
    await found(session, profile('p2', 2, PHONE));
    await session.fence(T, pidOf('p2'), fenceInto('p1', 't'));
    await expect(session.commit([move(claim0, at(1))], [])).rejects.toThrow(/fence/);
    expect(await store.openFences(1000, 10)).toEqual([]);
  });
}
