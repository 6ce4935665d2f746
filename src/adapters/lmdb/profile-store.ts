/**
 * The state plane in the environment: states, timers, position and outputs of a commit are one
 * transaction with the log, so nothing is ever left to publish. Several partitions share one flush.
 *
 *   profile.positions  partition             epoch, position, clock, horizon
 *   profile.notes      partition             bytes
 *   profile.states     partition, key        state
 *   profile.timers     partition, due, key   nothing: an index
 */
import type { Database } from 'lmdb';
import type { CommitAnswer, Position } from '../../ports/outbox.ts';
import type {
  DueTimer,
  PartitionCommit,
  PartitionState,
  ProfileStore,
  StateWrite,
} from '../../ports/profile-store.ts';
import type { Environment } from './environment.ts';
import { DUE_MAX, createProfileKeys, readKey, readTimerKey } from './profile-keys.ts';
import type { ProfileKeys } from './profile-keys.ts';
import { NEVER_CLAIMED, decodeStanding, encodeStanding, hasReached } from './standing.ts';
import type { Standing } from './standing.ts';

type Table = Database<Uint8Array, Uint8Array>;

interface Tables {
  readonly environment: Environment;
  readonly keys: ProfileKeys;
  readonly positions: Table;
  readonly notes: Table;
  readonly states: Table;
  readonly timers: Table;
}

const SCAN_CHUNK = 500;
const NOTHING = Buffer.alloc(0);

export function createLmdbProfileStore(environment: Environment): ProfileStore {
  const tables: Tables = {
    environment,
    keys: createProfileKeys(environment.partitions),
    positions: environment.openTable('profile.positions'),
    notes: environment.openTable('profile.notes'),
    states: environment.openTable('profile.states'),
    timers: environment.openTable('profile.timers'),
  };
  const { keys, states } = tables;

  return {
    partitions: environment.partitions,
    async claim(partition) {
      const standing = readStanding(tables, partition) ?? NEVER_CLAIMED;
      const claimed = { ...standing, epoch: standing.epoch + 1 };
      environment.write(() => writeStanding(tables, partition, claimed));
      return { ...stateOf(tables, partition, claimed), epoch: claimed.epoch, unpublished: [] };
    },
    load: async (partition, names) =>
      names.map((name) => states.getBinary(keys.state(partition, name))),
    async commit(commits) {
      return environment.write(() => commits.map((commit) => commitOne(tables, commit)));
    },
    unpublished: async () => [],
    async trim() {},
    dueTimers: async (partition, until, limit) => readDue(tables, partition, until, limit),
    async peek(partition) {
      const standing = readStanding(tables, partition);
      return standing && stateOf(tables, partition, standing);
    },
    scan: (partition) => scan(tables, partition),
    async reset(partition) {
      environment.write(() => reset(tables, partition));
    },
  } satisfies ProfileStore;
}

function commitOne(tables: Tables, commit: PartitionCommit): CommitAnswer {
  const { partition, from, to } = commit;
  const standing = readStanding(tables, partition) ?? NEVER_CLAIMED;
  if (standing.epoch !== commit.epoch) return { kind: 'fenced' };
  const { position } = standing;
  if (position.offset !== from.offset || position.index !== from.index) {
    return { kind: 'moved', position };
  }
  for (const write of commit.states) writeState(tables, partition, write);
  if (commit.notes) tables.notes.putSync(tables.keys.partition(partition), commit.notes);
  tables.environment.appendInside(commit.outputs);
  const { epoch, horizon } = standing;
  writeStanding(tables, partition, {
    epoch,
    position: to,
    clock: Math.max(standing.clock, commit.clock),
    horizon: horizon && hasReached(to, horizon) ? null : horizon,
  });
  return { kind: 'committed', unpublished: [] };
}

function writeState({ keys, states, timers }: Tables, partition: number, write: StateWrite): void {
  const { key, value, dueBefore, dueAfter } = write;
  if (value === null) states.removeSync(keys.state(partition, key));
  else states.putSync(keys.state(partition, key), value);
  if (dueBefore === dueAfter) return;
  if (dueBefore !== null) timers.removeSync(keys.timer(partition, dueBefore, key));
  if (dueAfter !== null) timers.putSync(keys.timer(partition, dueAfter, key), NOTHING);
}

function readStanding({ keys, positions }: Tables, partition: number): Standing | undefined {
  const bytes = positions.getBinary(keys.partition(partition));
  return bytes && decodeStanding(bytes);
}

function writeStanding({ keys, positions }: Tables, partition: number, standing: Standing): void {
  positions.putSync(keys.partition(partition), encodeStanding(standing));
}

function stateOf({ keys, notes }: Tables, partition: number, standing: Standing): PartitionState {
  const { position, clock, horizon } = standing;
  return { position, clock, horizon, notes: notes.getBinary(keys.partition(partition)) ?? null };
}

function readDue(
  { keys, timers }: Tables,
  partition: number,
  until: number,
  limit: number,
): readonly DueTimer[] {
  if (until < 0) return [];
  const start = Buffer.from(keys.partition(partition));
  const end = keys.timer(partition, Math.min(Math.floor(until), DUE_MAX) + 1, '');
  return [...timers.getKeys({ start, end, limit })].map(readTimerKey);
}

async function* scan(
  { keys, states }: Tables,
  partition: number,
): AsyncGenerator<readonly [key: string, state: Uint8Array]> {
  const end = keys.end(partition);
  let start = Buffer.from(keys.partition(partition));
  for (;;) {
    // A snapshot held while the caller works would keep LMDB from using old pages again.
    const chunk = [...states.getRange({ start, end, limit: SCAN_CHUNK })];
    for (const { key, value } of chunk) yield [readKey(key), value];
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < SCAN_CHUNK) return;
    start = Buffer.concat([last.key, Buffer.of(0)]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function reset(tables: Tables, partition: number): void {
  const { keys, notes, states, timers } = tables;
  for (const table of [states, timers]) removeAll(keys, table, partition);
  notes.removeSync(keys.partition(partition));
  const { epoch, position, horizon } = readStanding(tables, partition) ?? NEVER_CLAIMED;
  writeStanding(tables, partition, {
    ...NEVER_CLAIMED,
    epoch,
    horizon: furthest(position, horizon),
  });
}

function removeAll(keys: ProfileKeys, table: Table, partition: number): void {
  const end = keys.end(partition);
  const start = Buffer.from(keys.partition(partition));
  for (;;) {
    const found = [...table.getKeys({ start, end, limit: SCAN_CHUNK })];
    for (const key of found) table.removeSync(key);
    if (found.length < SCAN_CHUNK) return;
  }
}

/** A rebuild that was broken off and begun again has the horizon of the first. */
const furthest = (position: Position, horizon: Position | null): Position =>
  horizon === null || hasReached(position, horizon) ? position : horizon;
