/**
 * The state plane in memory with the log beside it, as Redis and Kafka are: a commit leaves its
 * outputs in the outbox, and whoever committed publishes and trims them.
 */
import type { CommitAnswer, Position } from '../../ports/outbox.ts';
import type {
  DueTimer,
  PartitionCommit,
  PartitionState,
  ProfileStore,
  StateWrite,
} from '../../ports/profile-store.ts';
import { createFencedPositions } from './fenced-positions.ts';
import type { FencedPositions } from './fenced-positions.ts';

interface Plane {
  claimed: boolean;
  clock: number;
  notes: Uint8Array | null;
  horizon: Position | null;
  readonly states: Map<string, Uint8Array>;
  /** By due time and key. */
  readonly timers: Map<string, DueTimer>;
}

const BEGINNING: Position = { offset: 0, index: 0 };

export function createMemoryProfileStore(partitions: number): ProfileStore {
  const positions = createFencedPositions();
  const planes = Array.from({ length: partitions }, createPlane);
  const planeOf = (partition: number): Plane => {
    const plane = planes[partition];
    if (plane === undefined) throw new Error(`the state plane has no partition ${partition}`);
    return plane;
  };
  const stateOf = (partition: number): PartitionState => {
    const { clock, notes, horizon } = planeOf(partition);
    return { position: positions.get(String(partition)).position, clock, notes, horizon };
  };

  return {
    partitions,
    async claim(partition) {
      planeOf(partition).claimed = true;
      const { epoch } = positions.claim(String(partition));
      const unpublished = positions.unpublished(String(partition));
      return { ...stateOf(partition), epoch, unpublished };
    },
    async load(partition, keys) {
      const { states } = planeOf(partition);
      return keys.map((key) => states.get(key)?.slice());
    },
    commit: async (commits) =>
      commits.map((commit) => commitOne(positions, planeOf(commit.partition), commit)),
    unpublished: async (partition) => positions.unpublished(String(partition)),
    trim: async (partition, sequence) => positions.trim(String(partition), sequence),
    async dueTimers(partition, until, limit) {
      return [...planeOf(partition).timers.values()]
        .filter(({ dueAt }) => dueAt <= until)
        .sort((a, b) => a.dueAt - b.dueAt || (a.key < b.key ? -1 : 1))
        .slice(0, limit);
    },
    peek: async (partition) => (planeOf(partition).claimed ? stateOf(partition) : undefined),
    async *scan(partition) {
      for (const [key, state] of planeOf(partition).states) yield [key, state.slice()];
    },
    async reset(partition) {
      const { position } = positions.get(String(partition));
      const { claimed, horizon } = planeOf(partition);
      planes[partition] = { ...createPlane(), claimed, horizon: furthest(position, horizon) };
      positions.advance(String(partition), BEGINNING);
      positions.trim(String(partition), Infinity);
    },
  } satisfies ProfileStore;
}

const createPlane = (): Plane => ({
  claimed: false,
  clock: 0,
  notes: null,
  horizon: null,
  states: new Map(),
  timers: new Map(),
});

function commitOne(
  positions: FencedPositions,
  plane: Plane,
  commit: PartitionCommit,
): CommitAnswer {
  const name = String(commit.partition);
  const answer = positions.check(name, commit);
  if (answer === 'fenced') return { kind: 'fenced' };
  if (answer === 'moved') return { kind: 'moved', position: positions.get(name).position };
  for (const write of commit.states) writeState(plane, write);
  if (commit.notes) plane.notes = commit.notes.slice();
  plane.clock = Math.max(plane.clock, commit.clock);
  if (plane.horizon && hasReached(commit.to, plane.horizon)) plane.horizon = null;
  positions.advance(name, commit.to);
  positions.post(name, commit.outputs);
  return { kind: 'committed', unpublished: positions.unpublished(name) };
}

function writeState({ states, timers }: Plane, write: StateWrite): void {
  const { key, value, dueBefore, dueAfter } = write;
  if (value === null) states.delete(key);
  else states.set(key, value.slice());
  if (dueBefore !== null) timers.delete(`${dueBefore}/${key}`);
  if (value !== null && dueAfter !== null)
    timers.set(`${dueAfter}/${key}`, { key, dueAt: dueAfter });
}

/** A rebuild that was broken off and begun again has the horizon of the first. */
const furthest = (position: Position, horizon: Position | null): Position =>
  horizon === null || hasReached(position, horizon) ? position : horizon;

const hasReached = (position: Position, goal: Position): boolean =>
  position.offset > goal.offset ||
  (position.offset === goal.offset && position.index >= goal.index);
