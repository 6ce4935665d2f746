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
  nextTryAt: 1,
  lane: 'push',
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

const ALWAYS = { until: Number.MAX_SAFE_INTEGER, limit: 1_000 };
/** Everything that is not done, of every lane. */
async function unfinishedIn(ledger: DispatchLedger, partition: number) {
  const { lanes } = await ledger.claim(partition);
  const listed = await Promise.all(lanes.map((lane) => ledger.due(partition, lane, ALWAYS)));
  return readable(listed.flatMap(({ entries }) => entries));
}

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
    expect(await unfinishedIn(ledger, 0)).toEqual(
      readable([open('a'), waiting('b', 1_700_000_000_123), open('丁')]),
    );
  });

  it('counts what is unfinished, of all partitions', async () => {
    const { ledger, commit } = await openOne();
    expect(await ledger.unfinished()).toBe(0);
    await commit(1, { entries: [open('a'), waiting('b', 9), done('c')] });
    const { epoch } = await ledger.claim(1);
    await commit(1, { partition: 1, epoch, entries: [open('d')] });
    expect(await ledger.unfinished()).toBe(3);
    await commit(2, { partition: 1, epoch, from: at(1), entries: [done('d')] });
    expect(await ledger.unfinished()).toBe(2);
  });

  it('keeps the latest state of an action', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a'), open('b')] });
    await commit(2, { entries: [{ ...waiting('a', 9), value: bytes('second try') }, done('b')] });
    expect(await unfinishedIn(ledger, 0)).toEqual(
      readable([{ ...waiting('a', 9), value: bytes('second try') }]),
    );
    const { epoch } = await ledger.claim(0);
    await commit(2, { epoch, from: at(2), entries: [done('a')] });
    expect(await ledger.known(0, [{ tenant: T, id: 'b' }])).toEqual(['done']);
  });

  it('lists what is due of one lane, the earliest first, and says when the next will be', async () => {
    const { ledger, commit } = await openOne();
    const sms = { ...waiting('s', 5), lane: 'sms' };
    const entries = [waiting('c', 30), waiting('b', 10), { ...open('z'), nextTryAt: 20 }, sms];
    await commit(1, { entries: [...entries, done('d')] });
    const ids = async (lane: string, until: number, limit: number) => {
      const { entries: listed, nextAt } = await ledger.due(0, lane, { until, limit });
      return [listed.map(({ id }) => id).join(), nextAt];
    };
    expect(await ids('push', 9, 10)).toEqual(['', 10]);
    expect(await ids('push', 20, 10)).toEqual(['b,z', 30]);
    expect(await ids('push', 30, 1)).toEqual(['b', 20]);
    expect(await ids('push', 30, 10)).toEqual(['b,z,c', null]);
    expect(await ids('sms', 30, 10)).toEqual(['s', null]);
    expect(await ids('pus', 30, 10)).toEqual(['', null]);
  });

  it('lists an action where and when it waits now, and no more where it waited before', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a'), open('b'), open('c')] });
    await commit(2, {
      entries: [{ ...open('a'), lane: 'sms', nextTryAt: 7 }, waiting('b', 9), done('c')],
    });
    const push = await ledger.due(0, 'push', ALWAYS);
    expect(readable(push.entries)).toEqual(readable([waiting('b', 9)]));
    expect((await ledger.due(0, 'sms', ALWAYS)).entries.map(({ id }) => id)).toEqual(['a']);
    expect((await ledger.claim(0)).lanes.toSorted()).toEqual(['push', 'sms']);
  });

  it('keeps partitions and tenants apart', async () => {
    const { ledger, commit } = await openOne();
    await commit(1, { entries: [open('a')] });
    expect(await ledger.known(1, [{ tenant: T, id: 'a' }])).toEqual([undefined]);
    expect(await ledger.known(0, [{ tenant: 'other', id: 'a' }])).toEqual([undefined]);
    expect((await ledger.claim(1)).lanes).toEqual([]);
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
    const { position, lanes } = await ledger.claim(0);
    expect({ position, lanes }).toEqual({ position: at(1), lanes: [] });
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
