/**
 * What every identity store must honour, one sentence a test. Where a store may answer only after
 * the caller tried again (lost replies, doubled calls), the same sentences hold.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { IdentityStoreHarness, OpenIdentityStore } from './identity-fixtures.contract.ts';
import {
  DEVICE,
  RAW_0,
  RAW_1,
  T,
  at,
  commit,
  found,
  move,
  output,
  pidOf,
  profile,
  texts,
} from './identity-fixtures.contract.ts';
import { describeMerges } from './identity-merge.contract.ts';
import {
  describeEntries,
  describeRecords,
  describeVisibility,
} from './identity-session.contract.ts';

export function identityStoreContract(harness: IdentityStoreHarness): void {
  const open: OpenIdentityStore = async () => {
    const opened = await harness.open();
    onTestFinished(() => opened.close());
    const [claim0, claim1] = await opened.store.claim([RAW_0, RAW_1]);
    if (!claim0 || !claim1) throw new Error('a claim was not answered');
    return { ...opened, claim0, claim1, session: opened.store.begin() };
  };
  describePositions(open);
  describeEntries(open);
  describeRecords(open);
  describeMerges(open);
  describeVisibility(open, harness);
}

function describePositions(open: OpenIdentityStore): void {
  it('a raw partition nobody claimed before begins at the beginning', async () => {
    const { claim0 } = await open();
    expect(claim0).toMatchObject({ ...RAW_0, position: at(0), unpublished: [] });
  });

  it('every claim has a greater epoch than the one before', async () => {
    const { store, claim0 } = await open();
    const [again] = await store.claim([RAW_0]);
    expect(again?.epoch).toBeGreaterThan(claim0.epoch);
  });

  it('a commit moves every raw partition it names', async () => {
    const { store, claim0, claim1, session } = await open();
    const answer = await commit(store, session, [move(claim0, at(7)), move(claim1, at(3, 2))]);
    expect(answer.kind).toBe('committed');
    expect(await store.positions()).toEqual(
      expect.arrayContaining([
        { ...RAW_0, position: at(7) },
        { ...RAW_1, position: at(3, 2) },
      ]),
    );
    expect(await store.claim([RAW_1])).toMatchObject([{ position: at(3, 2) }]);
  });

  it('a commit under an older epoch is fenced, names the partition, moves and publishes nothing', async () => {
    const { store, claim0, claim1, session, logged } = await open();
    await store.claim([RAW_1]);
    const moves = [move(claim0, at(7)), move(claim1, at(7))];
    expect(await session.commit(moves, [output('never')])).toEqual({
      kind: 'fenced',
      partitions: [RAW_1],
    });
    expect((await store.positions()).map(({ position }) => position)).toEqual([at(0), at(0)]);
    expect(await logged()).toEqual([]);
    expect(await store.unpublished(RAW_0)).toEqual([]);
  });

  it('a commit from another position is moved, and says where the partition stands', async () => {
    const { store, claim0, claim1, session, logged } = await open();
    await commit(store, session, [move(claim0, at(5))]);
    const late = store.begin();
    const moves = [move(claim1, at(9)), move(claim0, at(9))];
    expect(await late.commit(moves, [output('never')])).toEqual({
      kind: 'moved',
      positions: [{ ...RAW_0, position: at(5) }],
    });
    expect(await logged()).toEqual([]);
    expect(await store.unpublished(RAW_1)).toEqual([]);
  });

  it('a commit sent again is moved to its own end and publishes nothing twice', async () => {
    const { store, claim0, session, logged } = await open();
    await commit(store, session, [move(claim0, at(5))], [output('a')]);
    expect(await session.commit([move(claim0, at(5))], [output('a')])).toEqual({
      kind: 'moved',
      positions: [{ ...RAW_0, position: at(5) }],
    });
    const rows = await store.unpublished(RAW_0);
    expect(texts([...(await logged()), ...rows.map(({ record }) => record)])).toEqual(['a']);
  });

  it('every output of a commit is in the log or unpublished, in its order', async () => {
    const { store, claim0, session, logged } = await open();
    const outputs = [output('a'), output('b'), output('丙')];
    const answer = await commit(store, session, [move(claim0, at(1))], outputs);
    const rows = answer.kind === 'committed' ? answer.unpublished : [];
    expect(texts([...(await logged()), ...rows.map(({ record }) => record)])).toEqual([
      'a',
      'b',
      '丙',
    ]);
    expect(await store.unpublished(RAW_0)).toEqual(rows);
  });

  it('what was not published is found by the next owner of the first partition', async () => {
    const { store, claim0, claim1, session, logged } = await open();
    const moves = [move(claim1, at(1)), move(claim0, at(1))];
    await commit(store, session, moves, [output('a')]);
    const [next0, next1] = await store.claim([RAW_0, RAW_1]);
    const rows = next1?.unpublished ?? [];
    expect(next0?.unpublished).toEqual([]);
    expect(texts([...(await logged()), ...rows.map(({ record }) => record)])).toEqual(['a']);
  });

  it('trimming forgets the rows up to a sequence, of this partition only', async () => {
    const { store, claim0, claim1, session, logged } = await open();
    const first = [output('a'), output('b')];
    await commit(store, session, [move(claim0, at(1))], first);
    await commit(store, store.begin(), [move(claim1, at(1))], [output('c')]);
    const sequence = (await store.unpublished(RAW_0))[0]?.sequence ?? 0;
    await store.trim(RAW_0, sequence);
    const left = [...(await store.unpublished(RAW_0)), ...(await store.unpublished(RAW_1))];
    const inLog = (await logged()).length > 0;
    expect(texts(left.map(({ record }) => record))).toEqual(inLog ? [] : ['b', 'c']);
  });

  it('a commit without partitions, as a rebuild makes it, has no outputs', async () => {
    const { store, session } = await open();
    await found(session, profile('p1', 1, DEVICE));
    expect((await session.commit([], [])).kind).toBe('committed');
    expect((await store.resolve(T, [DEVICE.digest]))[0]?.entry?.owner).toBe(pidOf('p1'));
    await expect(store.begin().commit([], [output('a')])).rejects.toThrow(TypeError);
  });

  it('forgetting everything keeps the positions', async () => {
    const { store, claim0, session } = await open();
    await found(session, profile('p1', 1, DEVICE));
    await commit(store, session, [move(claim0, at(4))]);
    await store.reset();
    expect(await store.resolve(T, [DEVICE.digest])).toEqual([{ entry: undefined, records: [] }]);
    expect(await store.begin().record(T, pidOf('p1'))).toBeUndefined();
    expect(await store.positions()).toContainEqual({ ...RAW_0, position: at(4) });
  });
}
