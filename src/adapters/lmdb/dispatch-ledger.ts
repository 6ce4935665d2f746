/**
 * What dispatch has taken on, in the environment: entries, position and outputs are one transaction
 * with the log. Of what is done only the id is kept.
 *
 *   dispatch.positions    partition               epoch, position
 *   dispatch.unfinished   partition, tenant, id   u8 state · f64 next try · value
 *   dispatch.done         partition, tenant, id   nothing
 */
import type { Database } from 'lmdb';
import type { DispatchEntry, DispatchLedger } from '../../ports/dispatch-ledger.ts';
import type { CommitAnswer } from '../../ports/outbox.ts';
import type { Environment } from './environment.ts';
import { openFencedPositions } from './fenced-positions.ts';

type Key = (string | number)[];

interface Tables {
  readonly unfinished: Database<Buffer, Key>;
  readonly done: Database<Buffer, Key>;
}

const HEADER_BYTES = 9;
const OPEN = 0;
const WAITING = 1;
const NOTHING = Buffer.alloc(0);

export function createLmdbDispatchLedger(environment: Environment): DispatchLedger {
  const positions = openFencedPositions(environment, 'dispatch.positions');
  const options = { keyEncoding: 'ordered-binary' } as const;
  const tables: Tables = {
    unfinished: environment.openTable<Buffer, Key>('dispatch.unfinished', options),
    done: environment.openTable<Buffer, Key>('dispatch.done', options),
  };
  return {
    async claim(partition) {
      const { epoch, position } = positions.claim(String(partition));
      return { epoch, position, unfinished: readUnfinished(tables, partition), unpublished: [] };
    },
    known: async (partition, ids) =>
      ids.map(({ tenant, id }) => readState(tables, [partition, tenant, id])),
    commit: (commit) =>
      environment.share<CommitAnswer>({
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

function writeEntry({ unfinished, done }: Tables, partition: number, entry: DispatchEntry): void {
  const key = [partition, entry.tenant, entry.id];
  if (entry.state === 'done') {
    unfinished.removeSync(key);
    done.putSync(key, NOTHING);
    return;
  }
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + entry.value.length);
  bytes.writeUInt8(entry.state === 'open' ? OPEN : WAITING, 0);
  bytes.writeDoubleLE(entry.nextTryAt ?? NaN, 1);
  bytes.set(entry.value, HEADER_BYTES);
  unfinished.putSync(key, bytes);
}

function readState({ unfinished, done }: Tables, key: Key): DispatchEntry['state'] | undefined {
  const bytes = unfinished.getBinaryFast(key);
  if (bytes !== undefined) return stateOf(bytes);
  return done.doesExist(key) ? 'done' : undefined;
}

function readUnfinished({ unfinished }: Tables, partition: number): readonly DispatchEntry[] {
  const entries: DispatchEntry[] = [];
  for (const { key, value } of unfinished.getRange({ start: [partition], end: [partition + 1] })) {
    const nextTryAt = value.readDoubleLE(1);
    entries.push({
      tenant: String(key[1]),
      id: String(key[2]),
      state: stateOf(value),
      nextTryAt: Number.isNaN(nextTryAt) ? null : nextTryAt,
      value: value.subarray(HEADER_BYTES),
    });
  }
  return entries;
}

const stateOf = (bytes: Buffer): 'open' | 'waiting' => (bytes[0] === OPEN ? 'open' : 'waiting');
