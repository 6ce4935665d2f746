/**
 * The state plane in the environment: states, timers, position and outputs of a commit are one
 * transaction with the log, so nothing is ever left to publish. Several partitions share one flush.
 *
 *   profile.positions  partition  epoch, position, clock, horizon
 *   profile.notes      partition  bytes
 *   states and timers: `state-tables.ts`, and before they are there `recent-states.ts`
 */
import type { CommitAnswer } from '../../ports/outbox.ts';
import type {
  DueTimer,
  PartitionCommit,
  PartitionState,
  ProfileStore,
} from '../../ports/profile-store.ts';
import type { BytesTable } from './block-table.ts';
import type { Environment } from './environment.ts';
import { createProfileKeys } from './profile-keys.ts';
import type { ProfileKeys } from './profile-keys.ts';
import { openRecentStates } from './recent-states.ts';
import type { RecentStates } from './recent-states.ts';
import { NEVER_CLAIMED, decodeStanding, encodeStanding, hasReached } from './standing.ts';
import type { Standing } from './standing.ts';
import { openStateTables } from './state-tables.ts';
import type { StateTables } from './state-tables.ts';

export interface ProfileStoreOptions {
  /** See `RecentOptions`. */
  readonly generationBytes?: number;
}

interface Plane {
  readonly environment: Environment;
  readonly keys: ProfileKeys;
  readonly positions: BytesTable;
  readonly notes: BytesTable;
  readonly tables: StateTables;
  readonly recent: RecentStates;
}

const GENERATION_BYTES = 16 * 1024 * 1024;
const SCAN_CHUNK = 500;

export function createLmdbProfileStore(
  environment: Environment,
  { generationBytes = GENERATION_BYTES }: ProfileStoreOptions = {},
): ProfileStore {
  const tables = openStateTables(environment);
  const plane: Plane = {
    environment,
    keys: createProfileKeys(environment.partitions),
    positions: environment.openTable('profile.positions'),
    notes: environment.openTable('profile.notes'),
    tables,
    recent: openRecentStates({ environment, tables, generationBytes }),
  };

  return {
    partitions: environment.partitions,
    async claim(partition) {
      const standing = readStanding(plane, partition) ?? NEVER_CLAIMED;
      const claimed = { ...standing, epoch: standing.epoch + 1 };
      environment.write(() => writeStanding(plane, partition, claimed));
      return { ...stateOf(plane, partition, claimed), epoch: claimed.epoch, unpublished: [] };
    },
    load: async (partition, keys) => keys.map((key) => load(plane, partition, key)),
    commit: (commits) =>
      environment.share({
        run() {
          const answers = commits.map((commit) => commitOne(plane, commit));
          plane.recent.fold();
          return answers;
        },
        durable: () => plane.recent.settle(),
        undone: () => plane.recent.discard(),
      }),
    unpublished: async () => [],
    async trim() {},
    dueTimers: async (partition, until, limit) => listDue(plane, partition, until, limit),
    async peek(partition) {
      const standing = readStanding(plane, partition);
      return standing && stateOf(plane, partition, standing);
    },
    scan: (partition) => scan(plane, partition),
    async reset(partition) {
      transact(plane, () => reset(plane, partition));
    },
  } satisfies ProfileStore;
}

/** What is in memory changes with the transaction or not at all. */
function transact<T>({ environment, recent }: Plane, work: () => T): T {
  try {
    const answer = environment.write(work);
    recent.settle();
    return answer;
  } finally {
    recent.discard();
  }
}

function commitOne(plane: Plane, commit: PartitionCommit): CommitAnswer {
  const { partition, from, to } = commit;
  const standing = readStanding(plane, partition) ?? NEVER_CLAIMED;
  if (standing.epoch !== commit.epoch) return { kind: 'fenced' };
  const { position } = standing;
  if (position.offset !== from.offset || position.index !== from.index) {
    return { kind: 'moved', position };
  }
  plane.recent.write(partition, commit.states);
  if (commit.notes) plane.notes.putSync(plane.keys.partition(partition), commit.notes);
  plane.environment.appendInside(commit.outputs);
  const { epoch, horizon } = standing;
  writeStanding(plane, partition, {
    epoch,
    position: to,
    clock: Math.max(standing.clock, commit.clock),
    horizon: horizon && hasReached(to, horizon) ? null : horizon,
  });
  return { kind: 'committed', unpublished: [] };
}

function load({ recent, tables }: Plane, partition: number, key: string): Uint8Array | undefined {
  const state = recent.get(partition, key);
  if (state === undefined) return tables.read(partition, key);
  return state.value === null ? undefined : new Uint8Array(state.value);
}

function readStanding({ keys, positions }: Plane, partition: number): Standing | undefined {
  const bytes = positions.getBinary(keys.partition(partition));
  return bytes && decodeStanding(bytes);
}

function writeStanding({ keys, positions }: Plane, partition: number, standing: Standing): void {
  positions.putSync(keys.partition(partition), encodeStanding(standing));
}

function stateOf({ keys, notes }: Plane, partition: number, standing: Standing): PartitionState {
  const { position, clock, horizon } = standing;
  return { position, clock, horizon, notes: notes.getBinary(keys.partition(partition)) ?? null };
}

function listDue(
  { recent, tables }: Plane,
  partition: number,
  until: number,
  limit: number,
): readonly DueTimer[] {
  const entries = recent.entries(partition);
  const due: DueTimer[] = [];
  for (const timer of tables.due(partition, until)) {
    if (due.length >= limit) break;
    if (!entries.has(timer.key)) due.push(timer);
  }
  for (const [key, { value, dueAt }] of entries) {
    if (value !== null && dueAt !== null && dueAt <= until) due.push({ key, dueAt });
  }
  return due.sort((a, b) => a.dueAt - b.dueAt || (a.key < b.key ? -1 : 1)).slice(0, limit);
}

async function* scan(
  { recent, tables }: Plane,
  partition: number,
): AsyncGenerator<readonly [key: string, state: Uint8Array]> {
  // As they are now: folds move them meanwhile.
  const entries = new Map(recent.entries(partition));
  for (const [key, { value }] of entries) if (value !== null) yield [key, new Uint8Array(value)];
  for (let after: string | null = null; ;) {
    // In chunks: a snapshot held while the caller works would keep LMDB from using old pages again.
    const chunk: ReturnType<StateTables['chunk']> = tables.chunk(partition, after, SCAN_CHUNK);
    for (const [key, state] of chunk) if (!entries.has(key)) yield [key, state];
    after = chunk.at(-1)?.[0] ?? null;
    if (chunk.length < SCAN_CHUNK) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function reset(plane: Plane, partition: number): void {
  plane.recent.forget(partition);
  plane.notes.removeSync(plane.keys.partition(partition));
  const { epoch, position, horizon } = readStanding(plane, partition) ?? NEVER_CLAIMED;
  const furthest = horizon === null || hasReached(position, horizon) ? position : horizon;
  writeStanding(plane, partition, { ...NEVER_CLAIMED, epoch, horizon: furthest });
}
