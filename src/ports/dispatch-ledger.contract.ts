/** What every dispatch ledger must honour, one sentence a test. */
import { expect, it, onTestFinished } from 'vitest';
import type { DispatchCommit, DispatchEntry, DispatchLedger } from './dispatch-ledger.ts';
import type { NewRecord } from './event-log.ts';
import type { CommitAnswer, Position } from './outbox.ts';

export interface OpenedDispatchLedger {
  readonly ledger: DispatchLedger;
  /** What the ledger itself has put into the log so far, oldest first. */
  logged(): Promise<readonly NewRecord[]>;
  close(): Promise<void>;
}

const T = 'default';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const output = (text: string): NewRecord => ({
  topic: 'deliveries',
  partition: 0,
  schema: 1,
  value: bytes(text),
});
const texts = (records: readonly NewRecord[]): readonly string[] =>
  records.map(({ value }) => new TextDecoder().decode(value));
const at = (offset: number): Position => ({ offset, index: 0 });
const open = (id: string, tenant = T): DispatchEntry => ({
  tenant,
  id,
  value: bytes(`value of ${id}`),
  state: 'open',
  nextTryAt: null,
});
const waiting = (id: string, nextTryAt: number): DispatchEntry => ({
  ...open(id),
  state: 'waiting',
  nextTryAt,
});
const done = (id: string): DispatchEntry => ({ ...open(id), state: 'done' });
/** Values as text, so that bytes of any kind compare. */
const readable = (entries: readonly DispatchEntry[]) =>
  entries
    .map((entry) => ({ ...entry, value: new TextDecoder().decode(entry.value) }))
    .toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id));

interface Opened extends OpenedDispatchLedger {
  readonly commit: (to: number, more?: Partial<DispatchCommit>) => Promise<CommitAnswer>;
}

export function dispatchLedgerContract(openLedger: () => Promise<OpenedDispatchLedger>): void {
  const openOne = async (): Promise<Opened> => {
    const opened = await openLedger();
    onTestFinished(() => opened.close());
    const { epoch } = await opened.ledger.claim(0);
    const commit: Opened['commit'] = (to, more = {}) =>
      settled(opened.ledger, {
        partition: 0,
        epoch,
        from: at(to - 1),
        to: at(to),
        entries: [],
        outputs: [],
        ...more,
      });
    return { ...opened, commit };
  };
  describeEntries(openOne);
  describePositions(openOne);
}

/** As a stage does it: `moved` to where one wanted to go means that the first try took effect. */
async function settled(ledger: DispatchLedger, commit: DispatchCommit): Promise<CommitAnswer> {
  const answer = await ledger.commit(commit);
  const isOwn =
    answer.kind === 'moved' &&
    commit.from.offset !== commit.to.offset &&
    answer.position.offset === commit.to.offset;
  if (!isOwn) return answer;
  return { kind: 'committed', unpublished: await ledger.unpublished(commit.partition) };
}

function describeEntries(openOne: () => Promise<Opened>): void {
  it('knows what was taken on, and what was not', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a'), waiting('b', 5_000), done('c')] });
    const ids = ['a', 'b', 'c', 'd', '__proto__'].map((id) => ({ tenant: T, id }));
    expect(await ledger.known(0, ids)).toEqual(['open', 'waiting', 'done', undefined, undefined]);
  });

  it('hands everything unfinished to the next owner, as it was written', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, {
      entries: [open('a'), waiting('b', 1_700_000_000_123), done('c'), open('丁')],
    });
    const { unfinished } = await ledger.claim(0);
    expect(readable(unfinished)).toEqual(
      readable([open('a'), waiting('b', 1_700_000_000_123), open('丁')]),
    );
  });

  it('keeps the latest state of an action', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a'), open('b')] });
    await commit(2, { entries: [{ ...waiting('a', 9), value: bytes('second try') }, done('b')] });
    const { unfinished } = await ledger.claim(0);
    expect(readable(unfinished)).toEqual(
      readable([{ ...waiting('a', 9), value: bytes('second try') }]),
    );
    await commit(2, { from: at(2), entries: [done('a')] });
    expect(await ledger.known(0, [{ tenant: T, id: 'b' }])).toEqual(['done']);
  });

  it('keeps partitions and tenants apart', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a')] });
    expect(await ledger.known(1, [{ tenant: T, id: 'a' }])).toEqual([undefined]);
    expect(await ledger.known(0, [{ tenant: 'other', id: 'a' }])).toEqual([undefined]);
    expect((await ledger.claim(1)).unfinished).toEqual([]);
    await commit(1, { partition: 1, entries: [done('a')] });
    expect(await ledger.known(0, [{ tenant: T, id: 'a' }])).toEqual(['open']);
  });
}

function describePositions(openOne: () => Promise<Opened>): void {
  it('begins at the beginning, and goes on where the last commit ended', async () => {
    const { ledger, commit } = await openOne();
    expect((await ledger.claim(1)).position).toEqual(at(0));
    await commit(1);
    expect((await ledger.claim(0)).position).toEqual(at(1));
  });

  it('lets results be recorded without going on', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a')] });
    const answer = await commit(1, { from: at(1), entries: [done('a')] });
    expect(answer.kind).toBe('committed');
    const { position, unfinished } = await ledger.claim(0);
    expect({ position, unfinished }).toEqual({ position: at(1), unfinished: [] });
  });

  it('fences who does not own the partition any more: nothing is written, nothing published', async () => {
    const { ledger, commit, logged } = await openOne();
    const { epoch } = await ledger.claim(0);
    expect(await commit(1, { entries: [open('a')], outputs: [output('never')] })).toEqual({
      kind: 'fenced',
    });
    expect(await ledger.known(0, [{ tenant: T, id: 'a' }])).toEqual([undefined]);
    expect([...(await logged()), ...(await ledger.unpublished(0))]).toEqual([]);
    expect((await commit(1, { epoch })).kind).toBe('committed');
  });

  it('says where it stands to who comes from elsewhere, and changes nothing', async () => {
    const { ledger, commit } = await openOne();
    await commit(1);
    expect(await commit(9, { entries: [open('a')] })).toEqual({ kind: 'moved', position: at(1) });
    expect(await ledger.known(0, [{ tenant: T, id: 'a' }])).toEqual([undefined]);
  });

  it('has every output in the log or unpublished, once, in its order', async () => {
    const { ledger, commit, logged } = await openOne();
    const answer = await commit(1, { outputs: [output('a'), output('b')] });
    await commit(1, { outputs: [output('a'), output('b')] });
    const rows = await ledger.unpublished(0);
    expect(answer).toEqual({ kind: 'committed', unpublished: rows });
    expect((await ledger.claim(0)).unpublished).toEqual(rows);
    expect(texts([...(await logged()), ...rows.map(({ record }) => record)])).toEqual(['a', 'b']);
  });

  it('forgets rows up to a sequence once they are published', async () => {
    const { ledger, commit, logged } = await openOne();
    await commit(1, { outputs: [output('a'), output('b')] });
    const [first] = await ledger.unpublished(0);
    await ledger.trim(0, first?.sequence ?? 0);
    const left = texts((await ledger.unpublished(0)).map(({ record }) => record));
    expect(left).toEqual((await logged()).length > 0 ? [] : ['b']);
  });
}
