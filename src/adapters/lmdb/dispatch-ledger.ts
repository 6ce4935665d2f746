/**
 * What dispatch has taken on, in the environment: entries, position and outputs are one transaction
 * with the log. Of what is done only the id is kept.
 *
 *   dispatch.positions    partition               epoch, position
 *   dispatch.unfinished   partition, tenant, id   u8 state · f64 due · u16 length, lane · value
 *   dispatch.due          partition, lane, due, tenant, id   nothing; one for each unfinished
 *   dispatch.done         partition, tenant, id   nothing
 */
import type { Database } from 'lmdb';
import type { DispatchEntry, DispatchLedger, DueEntries } from '../../ports/dispatch-ledger.ts';
import type { CommitAnswer } from '../../ports/outbox.ts';
import type { Environment } from './environment.ts';
import { openFencedPositions } from './fenced-positions.ts';

type Key = (string | number)[];

interface Tables {
  readonly unfinished: Database<Buffer, Key>;
  readonly due: Database<Buffer, Key>;
  readonly done: Database<Buffer, Key>;
}

/** A message may leave this much later; of the flushes for 50 events these were two of five. */
const PATIENCE_MS = 15;
const HEADER_BYTES = 11;
const OPEN = 2;
const WAITING = 3;
const NOTHING = Buffer.alloc(0);

export function createLmdbDispatchLedger(environment: Environment): DispatchLedger {
  const positions = openFencedPositions(environment, 'dispatch.positions');
  const options = { keyEncoding: 'ordered-binary' } as const;
  const tables: Tables = {
    unfinished: environment.openTable<Buffer, Key>('dispatch.unfinished', options),
    due: environment.openTable<Buffer, Key>('dispatch.due', options),
    done: environment.openTable<Buffer, Key>('dispatch.done', options),
  };
  return {
    async claim(partition) {
      const { epoch, position } = positions.claim(String(partition));
      return { epoch, position, lanes: lanesOf(tables, partition), unpublished: [] };
    },
    due: async (partition, lane, upTo) => readDue(tables, [partition, lane], upTo),
    known: async (partition, ids) =>
      ids.map(({ tenant, id }) => readState(tables, [partition, tenant, id])),
    unfinished: async () => (tables.unfinished.getStats() as { entryCount: number }).entryCount,
    commit: (commit) =>
      environment.share<CommitAnswer>({
        patienceMs: PATIENCE_MS,
        run() {
          const name = String(commit.partition);
          const checked = positions.check(name, commit);
          if (checked === 'fenced') return { kind: 'fenced' };
          if (checked === 'moved') return { kind: 'moved', position: positions.get(name).position };
          for (const entry of commit.entries) writeEntry(tables, commit.partition, entry);
          positions.advance(name, commit.to);
          environment.appendInside(commit.outputs);
          return { kind: 'committed', unpublished: [] };
        },
      }),
    unpublished: async () => [],
    trim: async () => {},
  } satisfies DispatchLedger;
}

function writeEntry(tables: Tables, partition: number, entry: DispatchEntry): void {
  const { unfinished, due, done } = tables;
  const key = [partition, entry.tenant, entry.id];
  const before = unfinished.getBinaryFast(key);
  // What is read fast is good until the next is read.
  if (before)
    due.removeSync([partition, laneFrom(before), dueFrom(before), entry.tenant, entry.id]);
  if (entry.state === 'done') {
    unfinished.removeSync(key);
    done.putSync(key, NOTHING);
    return;
  }
  unfinished.putSync(key, bytesOf(entry));
  due.putSync([partition, entry.lane, entry.nextTryAt ?? 0, entry.tenant, entry.id], NOTHING);
}

function bytesOf({ state, nextTryAt, lane, value }: DispatchEntry): Buffer {
  const laneBytes = Buffer.byteLength(lane);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + laneBytes + value.length);
  bytes[0] = state === 'open' ? OPEN : WAITING;
  bytes.writeDoubleLE(nextTryAt ?? NaN, 1);
  bytes.writeUInt16LE(laneBytes, 9);
  bytes.write(lane, HEADER_BYTES);
  bytes.set(value, HEADER_BYTES + laneBytes);
  return bytes;
}

function readState({ unfinished, done }: Tables, key: Key): DispatchEntry['state'] | undefined {
  const bytes = unfinished.getBinaryFast(key);
  if (bytes !== undefined) return stateOf(bytes);
  return done.doesExist(key) ? 'done' : undefined;
}

/** Jumps from lane to lane: within one the third part of a key is a number, and texts come after it. */
function lanesOf({ due }: Tables, partition: number): readonly string[] {
  const lanes: string[] = [];
  let start: Key = [partition];
  for (;;) {
    const [key] = due.getKeys({ start, end: [partition + 1], limit: 1 });
    if (!key) return lanes;
    const lane = String(key[1]);
    lanes.push(lane);
    start = [partition, lane, '\uffff'];
  }
}

function readDue(
  { due, unfinished }: Tables,
  [partition, lane]: readonly [partition: number, lane: string],
  { until, limit }: { readonly until: number; readonly limit: number },
): DueEntries {
  const entries: DispatchEntry[] = [];
  const range = { start: [partition, lane], end: [partition, lane, '\uffff'], limit: limit + 1 };
  for (const [, , at, tenant, id] of due.getKeys(range)) {
    if (Number(at) > until || entries.length === limit) return { entries, nextAt: Number(at) };
    const key = [partition, String(tenant), String(id)];
    const bytes = unfinished.getBinary(key);
    if (bytes) entries.push(entryFrom(key, bytes));
  }
  return { entries, nextAt: null };
}

function entryFrom(key: Key, bytes: Buffer): DispatchEntry {
  const nextTryAt = bytes.readDoubleLE(1);
  return {
    tenant: String(key[1]),
    id: String(key[2]),
    state: stateOf(bytes),
    nextTryAt: Number.isNaN(nextTryAt) ? null : nextTryAt,
    lane: laneFrom(bytes),
    value: bytes.subarray(HEADER_BYTES + bytes.readUInt16LE(9)),
  };
}

const laneFrom = (bytes: Buffer): string =>
  bytes.toString('utf8', HEADER_BYTES, HEADER_BYTES + bytes.readUInt16LE(9));

/** As in its key: what has no moment is due at once. */
const dueFrom = (bytes: Buffer): number => bytes.readDoubleLE(1) || 0;

const stateOf = (bytes: Buffer): 'open' | 'waiting' => (bytes[0] === OPEN ? 'open' : 'waiting');
