/** What every store of the state plane must honour, one sentence a test. */
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  PARTITIONS,
  at,
  bytesOf,
  commitOf,
  describeStore,
  openStore,
  output,
  state,
  textOf,
} from './profile-fixtures.contract.ts';
import type { ProfileStoreHarness } from './profile-fixtures.contract.ts';

export function profileStoreContract(harness: ProfileStoreHarness): void {
  describe('a claim', () => {
    describeClaims(harness);
  });
  describe('a commit', () => {
    describeCommits(harness);
    describeFences(harness);
  });
  describe('outputs', () => {
    describeOutputs(harness);
  });
  describe('timers', () => {
    describeTimers(harness);
  });
  describe('the whole of a partition', () => {
    describeWhole(harness);
  });
}

function describeClaims(harness: ProfileStoreHarness): void {
  it('of a partition nobody had begins at the beginning', async () => {
    const { store, claim, peek } = await openStore(harness);
    expect(store.partitions).toBe(PARTITIONS);
    expect(await peek(0)).toBeUndefined();
    const { epoch, ...standing } = await claim(0);
    expect(epoch).toBeGreaterThan(0);
    const beginning = { position: at(0), clock: 0, notes: null, horizon: null };
    expect(standing).toEqual({ ...beginning, unpublished: [] });
    expect(await peek(0)).toEqual(beginning);
    expect(await peek(1)).toBeUndefined();
  });

  it('has a greater epoch than any before, and leaves everything else as it was', async () => {
    const { claim, commit, load } = await openStore(harness);
    const first = await claim(2);
    const work = { clock: 70, notes: bytesOf('catalogue'), states: [state('default/a', '1')] };
    await commit(commitOf(2, first, at(9, 3), work));
    const second = await claim(2);
    expect(second.epoch).toBeGreaterThan(first.epoch);
    expect(second).toMatchObject({ position: at(9, 3), clock: 70, horizon: null });
    expect(textOf(second.notes)).toBe('catalogue');
    expect(await load(2, 'default/a')).toEqual(['1']);
  });

  it('of a partition that is not there is refused', async () => {
    const { claim } = await openStore(harness);
    await expect(claim(PARTITIONS)).rejects.toThrow(`partition ${PARTITIONS}`);
  });
}

function describeCommits(harness: ProfileStoreHarness): void {
  it('leaves states that are loaded in the order asked for, nothing where there is none', async () => {
    const { claim, commit, load } = await openStore(harness);
    const states = [state('default/a', '1'), state('default/b', ''), state('default/c', '3')];
    await commit(commitOf(0, await claim(0), at(1), { states }));
    expect(await load(0, 'default/c', 'default/x', 'default/a')).toEqual(['3', undefined, '1']);
    expect((await load(0, 'default/b'))[0]).toBe('');
    expect(await load(0)).toEqual([]);
  });

  it('replaces and deletes states', async () => {
    const { claim, commit, load } = await openStore(harness);
    const first = await claim(0);
    const states = [state('default/a', '1'), state('default/b', '2')];
    await commit(commitOf(0, first, at(1), { states }));
    const changes = [state('default/a', null), state('default/b', 'two'), state('default/c', null)];
    await commit(commitOf(0, { ...first, position: at(1) }, at(2), { states: changes }));
    expect(await load(0, 'default/a', 'default/b', 'default/c')).toEqual([
      undefined,
      'two',
      undefined,
    ]);
  });

  it('keeps partitions and keys apart, whatever the keys look like', async () => {
    const { claim, commit, load, scan } = await openStore(harness);
    const keys = ['a/1', 'a/10', 'ab/1', 'A/1', 'a/', '商户/顾客一', 'a/\u{1f339}', '__proto__/x'];
    for (const partition of [0, 1]) {
      const states = keys.map((key) => state(key, `${partition} ${key}`));
      await commit(commitOf(partition, await claim(partition), at(1), { states }));
    }
    expect(await load(1, ...keys)).toEqual(keys.map((key) => `1 ${key}`));
    expect(Object.keys(await scan(0)).toSorted()).toEqual(keys.toSorted());
  });

  it('moves the position, and keeps notes that are not given', async () => {
    const { claim, commit, peek } = await openStore(harness);
    const owner = await claim(0);
    await commit(commitOf(0, owner, at(4, 2), { clock: 10, notes: bytesOf('n1') }));
    await commit(commitOf(0, { ...owner, position: at(4, 2) }, at(4, 5), { clock: 20 }));
    const standing = await peek(0);
    expect(standing).toMatchObject({ position: at(4, 5), clock: 20, horizon: null });
    expect(textOf(standing?.notes)).toBe('n1');
  });

  it('may change nothing but the clock, which never goes back', async () => {
    const { claim, commit, peek } = await openStore(harness);
    const owner = await claim(0);
    await commit(commitOf(0, owner, at(1), { clock: 50 }));
    await commit(commitOf(0, { ...owner, position: at(1) }, at(2), { clock: 40 }));
    expect((await peek(0))?.clock).toBe(50);
  });

  it('of nothing is answered with nothing', async () => {
    const { commit } = await openStore(harness);
    expect(await commit()).toEqual([]);
  });

  it('has copies of its own: what a caller does to the bytes changes nothing', async () => {
    const { store, claim, commit, load } = await openStore(harness);
    const value = bytesOf('kept');
    const write = { ...state('default/a', ''), value };
    await commit(commitOf(0, await claim(0), at(1), { states: [write] }));
    value.fill(0);
    expect(await load(0, 'default/a')).toEqual(['kept']);
    for (let i = 0; i < 20; i += 1) {
      const [loaded] = await store.load(0, ['default/a']).catch(() => []);
      loaded?.fill(0);
    }
    expect(await load(0, 'default/a')).toEqual(['kept']);
  });

  it('takes large states and many of them', async () => {
    const { claim, commit, load } = await openStore(harness);
    const sizes = [0, 600, 2_100, 20_000, 200_000];
    const keys = Array.from({ length: 500 }, (_, i) => `default/${i}`);
    const states = keys.map((key, i) => state(key, 'x'.repeat(sizes[i % sizes.length] ?? 0)));
    const owner = await claim(3);
    await commit(commitOf(3, owner, at(1), { states }));
    // Once more, as a store may bring them to their place only when others come.
    const others = keys.map((key) => state(`${key}/other`, 'x'));
    await commit(commitOf(3, { ...owner, position: at(1) }, at(2), { states: others }));
    const loaded = await load(3, ...keys);
    expect(loaded.map((text) => text?.length)).toEqual(keys.map((_, i) => sizes[i % sizes.length]));
  });
}

function describeFences(harness: ProfileStoreHarness): void {
  const work = (text: string) => ({
    clock: 1_000,
    notes: bytesOf(text),
    states: [state('default/a', text, [null, 500])],
    outputs: [output(text)],
  });

  it('under an older epoch is fenced, and changes nothing', async () => {
    const { claim, commit, load, due, outputs, peek } = await openStore(harness);
    const old = await claim(0);
    await claim(0);
    const before = await peek(0);
    expect(await commit(commitOf(0, old, at(1), work('never')))).toEqual([{ kind: 'fenced' }]);
    expect(await peek(0)).toEqual(before);
    expect(await load(0, 'default/a')).toEqual([undefined]);
    expect(await due(0, 10_000)).toEqual([]);
    expect(await outputs(0)).toEqual([]);
  });

  it.each([at(5), at(2, 1), at(1), at(0)])(
    'from another position (%o) has moved, says to where, and changes nothing',
    async (from) => {
      const { claim, commit, load, due, outputs } = await openStore(harness);
      const owner = await claim(0);
      await commit(commitOf(0, owner, at(2)));
      const elsewhere = commitOf(0, { ...owner, position: from }, at(9), work('never'));
      expect(await commit(elsewhere)).toEqual([{ kind: 'moved', position: at(2) }]);
      expect(await load(0, 'default/a')).toEqual([undefined]);
      expect(await due(0, 10_000)).toEqual([]);
      expect(await outputs(0)).toEqual([]);
    },
  );

  it('whose reply was lost and that is sent again has moved to its own end, and is done once', async () => {
    const { store, claim, commit, load, due, outputs } = await openStore(harness);
    const owner = await claim(0);
    const lost = commitOf(0, owner, at(3), work('once'));
    await commit(lost);
    const again = await store.commit([lost]).catch(() => undefined);
    expect(again ?? [{ kind: 'moved', position: at(3) }]).toEqual([
      { kind: 'moved', position: at(3) },
    ]);
    expect(await load(0, 'default/a')).toEqual(['once']);
    expect(await due(0, 10_000)).toEqual(['default/a at 500']);
    expect(await outputs(0)).toEqual(['once']);
  });

  it('of several partitions is answered for each, and one that is fenced holds up no other', async () => {
    const { claim, commit, load, outputs } = await openStore(harness);
    const owners = [await claim(0), await claim(1), await claim(2), await claim(3)] as const;
    await claim(1);
    const answers = await commit(
      commitOf(0, owners[0], at(1), { ...work('zero'), outputs: [output('zero', 0)] }),
      commitOf(1, owners[1], at(1), { ...work('one'), outputs: [output('one', 1)] }),
      commitOf(3, { ...owners[3], position: at(7) }, at(8), work('three')),
      commitOf(2, owners[2], at(1), { ...work('two'), outputs: [output('two', 2)] }),
    );
    expect(answers.map(({ kind }) => kind)).toEqual(['committed', 'fenced', 'moved', 'committed']);
    const found = await Promise.all([0, 1, 2, 3].map((partition) => load(partition, 'default/a')));
    expect(found).toEqual([['zero'], [undefined], ['two'], [undefined]]);
    const published = await Promise.all([0, 1, 2, 3].map((partition) => outputs(partition)));
    expect(published).toEqual([['zero'], [], ['two'], []]);
  });
}

function describeOutputs(harness: ProfileStoreHarness): void {
  const twoCommits = async () => {
    const opened = await openStore(harness);
    const owner = await opened.claim(0);
    const first = { outputs: [output('a'), output('b')] };
    const second = { outputs: [output('c'), output('d')] };
    await opened.commit(commitOf(0, owner, at(1), first));
    const next = { ...owner, position: at(1) };
    const [answer] = await opened.commit(commitOf(0, next, at(2), second));
    return { ...opened, answer };
  };

  it('are in the log or unpublished, in order, each once, never in neither', async () => {
    const { outputs, unpublished } = await twoCommits();
    expect(await outputs(0)).toEqual(['a', 'b', 'c', 'd']);
    const sequences = (await unpublished(0)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((x, y) => x - y));
  });

  it('that are unpublished are answered by the commit', async () => {
    const { answer, unpublished } = await twoCommits();
    expect(answer).toMatchObject({ kind: 'committed' });
    const rows = answer?.kind === 'committed' ? answer.unpublished : [];
    const waiting = await unpublished(0);
    // The rows of this commit at least, and none that nobody has to publish.
    expect(waiting).toEqual(expect.arrayContaining([...rows]));
    expect(rows.slice(-2)).toEqual(waiting.slice(-2));
  });

  it('wait for the next owner, too', async () => {
    const { claim, unpublished } = await twoCommits();
    const waiting = await unpublished(0);
    expect((await claim(0)).unpublished).toEqual(waiting);
    expect(await unpublished(0)).toEqual(waiting);
  });

  it('are forgotten by trim up to the row named, and a second trim does no harm', async () => {
    const { unpublished, trim } = await twoCommits();
    const rows = await unpublished(0);
    for (const [i, { sequence }] of rows.entries()) {
      await trim(0, sequence);
      await trim(0, sequence);
      expect(await unpublished(0)).toEqual(rows.slice(i + 1));
    }
    await trim(0, 1_000_000);
    expect(await unpublished(0)).toEqual([]);
  });

  it('trimmed away leave the next ones a greater sequence', async () => {
    const { claim, commit, unpublished, trim } = await twoCommits();
    const last = (await unpublished(0)).at(-1)?.sequence ?? 0;
    await trim(0, last);
    await commit(commitOf(0, await claim(0), at(3), { outputs: [output('e')] }));
    for (const { sequence } of await unpublished(0)) expect(sequence).toBeGreaterThan(last);
    expect((await unpublished(0)).length).toBeLessThanOrEqual(1);
  });
}

function describeTimers(harness: ProfileStoreHarness): void {
  const open = async () => {
    const opened = await openStore(harness);
    const owner = await opened.claim(0);
    const states = [
      state('default/late', '1', [null, 300]),
      state('default/b', '1', [null, 200]),
      state('default/a', '1', [null, 200]),
      state('default/soon', '1', [null, 100]),
      state('default/none', '1'),
    ];
    await opened.commit(commitOf(0, owner, at(1), { states }));
    const change = async (...writes: ReturnType<typeof state>[]) => {
      await opened.commit(commitOf(0, { ...owner, position: at(1) }, at(2), { states: writes }));
      // A store may bring states to their place only when others come.
      for (const offset of [2, 3]) {
        const others = Array.from({ length: 20 }, (_, i) => state(`other/${offset}-${i}`, ''));
        const stand = { ...owner, position: at(offset) };
        await opened.commit(commitOf(0, stand, at(offset + 1), { states: others }));
      }
    };
    return { ...opened, change };
  };

  it('come by moment, then by key, up to and including the moment asked for', async () => {
    const { due } = await open();
    const all = [
      'default/soon at 100',
      'default/a at 200',
      'default/b at 200',
      'default/late at 300',
    ];
    expect(await due(0, 99)).toEqual([]);
    expect(await due(0, 100)).toEqual(all.slice(0, 1));
    expect(await due(0, 200)).toEqual(all.slice(0, 3));
    expect(await due(0, Number.MAX_SAFE_INTEGER)).toEqual(all);
    expect(await due(0, -1)).toEqual([]);
  });

  it('come at most as many as asked for, the earliest first', async () => {
    const { due } = await open();
    expect(await due(0, 1_000, 2)).toEqual(['default/soon at 100', 'default/a at 200']);
  });

  it('stay until they are moved or cancelled, and belong to their partition', async () => {
    const { claim, due, change } = await open();
    await change(
      state('default/soon', '2', [100, 250]),
      state('default/a', '2', [200, null]),
      state('default/b', null, [200, null]),
      state('default/late', '2', [300, 300]),
    );
    expect(await due(0, 1_000)).toEqual(['default/soon at 250', 'default/late at 300']);
    expect(await due(0, 1_000)).toHaveLength(2);
    await claim(1);
    expect(await due(1, 1_000)).toEqual([]);
  });

  it('that were not there are cancelled without harm', async () => {
    const { due, change } = await open();
    await change(state('default/none', '2', [123, 150]));
    expect(await due(0, 150)).toEqual(['default/soon at 100', 'default/none at 150']);
  });

  it('go with the state that is deleted, whatever is said of them', async () => {
    const { due, change } = await open();
    await change(state('default/soon', null, [100, 120]), state('default/new', null, [null, 120]));
    expect(await due(0, 200)).toEqual(['default/a at 200', 'default/b at 200']);
  });

  it('order numbers as numbers, over their whole range', async () => {
    const { claim, commit, due } = await openStore(harness);
    const moments = [0, 9, 10, 255, 256, 65_535, 65_536, 1_700_000_000_000, 4_102_444_800_000];
    const states = moments
      .toReversed()
      .map((moment) => state(`default/${moment}`, '', [null, moment]));
    await commit(commitOf(0, await claim(0), at(1), { states }));
    const wanted = moments.map((moment) => `default/${moment} at ${moment}`);
    expect(await due(0, 5_000_000_000_000)).toEqual(wanted);
  });
}

function describeWhole(harness: ProfileStoreHarness): void {
  const filled = async () => {
    const opened = await openStore(harness);
    const keys = Array.from({ length: 1_234 }, (_, i) => `default/${i}`);
    for (const partition of [1, 2]) {
      const states = keys.map((key) => state(key, `${partition} ${key}`, [null, 100]));
      const work = { clock: 9, notes: bytesOf('notes'), states, outputs: [output('a', partition)] };
      await opened.commit(commitOf(partition, await opened.claim(partition), at(7, 1), work));
    }
    return { ...opened, keys };
  };

  it('is scanned state by state, each once, and nothing of another partition', async () => {
    const { keys, scan } = await filled();
    expect(await scan(1)).toEqual(Object.fromEntries(keys.map((key) => [key, `1 ${key}`])));
    expect(await scan(0)).toEqual({});
  });

  it('is scanned whole while it is written to', async () => {
    const { store, keys, claim, commit } = await filled();
    const { epoch, position: first } = await claim(1);
    let position = first;
    const seen: string[] = [];
    for await (const [key] of store.scan(1)) {
      seen.push(key);
      if (seen.length % 50 !== 0) continue;
      const to = at(position.offset + 1);
      const changed = keys.filter((_, i) => (i + seen.length) % 10 === 0);
      const states = changed.map((one) => state(one, 'changed', [100, 100]));
      await commit(commitOf(1, { epoch, position }, to, { states }));
      position = to;
    }
    expect(seen.toSorted()).toEqual(keys.toSorted());
  });

  it('is forgotten by a reset, the former position kept as the horizon', async () => {
    const { claim, due, peek, reset, scan, unpublished } = await filled();
    await reset(1);
    const fresh = { position: at(0), clock: 0, notes: null };
    expect(await peek(1)).toEqual({ ...fresh, horizon: at(7, 1) });
    expect(await claim(1)).toMatchObject({ ...fresh, horizon: at(7, 1), unpublished: [] });
    expect([await scan(1), await due(1, 1_000), await unpublished(1)]).toEqual([{}, [], []]);
  });

  it('is reset alone: other partitions stay as they were', async () => {
    const { keys, due, peek, reset, scan } = await filled();
    await reset(1);
    expect(Object.keys(await scan(2))).toHaveLength(keys.length);
    expect(await due(2, 1_000, 5_000)).toHaveLength(keys.length);
    expect(await peek(2)).toMatchObject({ position: at(7, 1), clock: 9, horizon: null });
  });

  it('reset again before it reached the horizon keeps the first horizon', async () => {
    const { claim, commit, peek, reset } = await filled();
    await reset(1);
    await commit(commitOf(1, await claim(1), at(3)));
    expect((await peek(1))?.horizon).toEqual(at(7, 1));
    await reset(1);
    expect(await peek(1)).toMatchObject({ position: at(0), horizon: at(7, 1) });
  });

  it('that has reached its horizon has none any more', async () => {
    const { claim, commit, peek, reset } = await filled();
    await reset(1);
    const owner = await claim(1);
    await commit(commitOf(1, owner, at(7)));
    expect((await peek(1))?.horizon).toEqual(at(7, 1));
    await commit(commitOf(1, { ...owner, position: at(7) }, at(7, 1)));
    expect((await peek(1))?.horizon).toBeNull();
  });

  it('refuses the commits of before a reset', async () => {
    const { store, claim, commit, reset } = await filled();
    const owner = await claim(1);
    await reset(1);
    expect(await commit(commitOf(1, owner, at(8)))).toEqual([{ kind: 'moved', position: at(0) }]);
    expect(store.partitions).toBe(PARTITIONS);
  });

  it.runIf(harness.lasts)('is there after the store was closed and opened again', async () => {
    const { keys, outputs, reopen, claim, reset } = await filled();
    const { epoch } = await claim(1);
    await reset(2);
    const published = await outputs(1);
    const again = await reopen?.();
    if (!again) throw new Error('a store that lasts can be opened again');
    onTestFinished(() => again.close());
    const later = describeStore(again);
    expect(await later.scan(1)).toEqual(Object.fromEntries(keys.map((key) => [key, `1 ${key}`])));
    expect(await later.due(1, 100, 5_000)).toHaveLength(keys.length);
    expect(await later.outputs(1)).toEqual(published);
    const claimed = await later.claim(1);
    expect(claimed).toMatchObject({ position: at(7, 1), clock: 9, horizon: null });
    expect(textOf(claimed.notes)).toBe('notes');
    expect(claimed.epoch).toBeGreaterThan(epoch);
    expect(await later.peek(2)).toMatchObject({ position: at(0), horizon: at(7, 1) });
    expect(await later.peek(3)).toBeUndefined();
  });
}
