/**
 * The identity plane in memory, as Redis would keep it: every call is atomic on its own and seen by
 * all sessions at once, so several workers may be interleaved between any two calls; outputs wait
 * in the outbox of their raw partition.
 */
import type { Digest, Pid } from '../../domain/identity/identifier.ts';
import { rebindEntry, shareEntry } from '../../domain/identity/index-entry.ts';
import type { RecordStep } from '../../domain/identity/profile-record.ts';
import {
  absorbInto,
  attachTo,
  detachFrom,
  ensureRecord,
  fenceRecord,
  finishRecord,
  unfenceRecord,
} from '../../domain/identity/profile-record.ts';
import type { IndexEntry, ProfileRecord } from '../../domain/identity/view.ts';
import type { NewRecord, TopicPartition } from '../../ports/event-log.ts';
import type {
  IdentitySession,
  IdentityStore,
  OpenFence,
  RawMove,
  RawPosition,
  Resolved,
  StitchCommitAnswer,
} from '../../ports/identity-store.ts';
import type { FencedPositions } from './fenced-positions.ts';
import { createFencedPositions } from './fenced-positions.ts';

interface Plane {
  readonly entries: Map<string, IndexEntry>;
  readonly records: Map<string, { readonly tenant: string; readonly record: ProfileRecord }>;
}

export function createMemoryIdentityStore(): IdentityStore {
  const plane: Plane = { entries: new Map(), records: new Map() };
  const positions = createFencedPositions();
  const claimed = new Map<string, TopicPartition>();
  return {
    async claim(partitions) {
      return partitions.map(({ topic, partition }) => {
        const name = nameOf({ topic, partition });
        claimed.set(name, { topic, partition });
        const { epoch, position } = positions.claim(name);
        return { topic, partition, epoch, position, unpublished: positions.unpublished(name) };
      });
    },
    begin: () => createSession(plane, positions),
    unpublished: async (partition) => positions.unpublished(nameOf(partition)),
    trim: async (partition, sequence) => positions.trim(nameOf(partition), sequence),
    resolve: async (tenant, digests) => resolve(plane, tenant, digests),
    record: async (tenant, pid) => plane.records.get(keyOf(tenant, pid))?.record,
    openFences: async (before, limit) => listFences(plane, before).slice(0, limit),
    async positions() {
      return [...claimed.values()].map((partition) => positionOf(positions, partition));
    },
    async reset() {
      plane.entries.clear();
      plane.records.clear();
    },
  } satisfies IdentityStore;
}

function createSession(plane: Plane, positions: FencedPositions): IdentitySession {
  const recordOf = (tenant: string, pid: Pid) => plane.records.get(keyOf(tenant, pid))?.record;
  const take = <Answer>(tenant: string, { answer, record }: RecordStep<Answer>): Answer => {
    if (record) plane.records.set(keyOf(tenant, record.pid), { tenant, record });
    return answer;
  };
  return {
    resolve: async (tenant, digests) => resolve(plane, tenant, digests),
    record: async (tenant, pid) => recordOf(tenant, pid),
    ensure: async (tenant, profile) =>
      take(tenant, ensureRecord(recordOf(tenant, profile.pid), profile)),
    async claim(tenant, digest, pid) {
      const key = keyOf(tenant, digest);
      const entry = plane.entries.get(key);
      if (entry) return entry.owner;
      plane.entries.set(key, { digest, owner: pid, mark: 'none', owners: [], since: 0 });
      return pid;
    },
    attach: async (tenant, root, epoch, identifiers, limits) =>
      take(tenant, attachTo(recordOf(tenant, root), epoch, identifiers, limits)),
    detach: async (tenant, pid, digest) => take(tenant, detachFrom(recordOf(tenant, pid), digest)),
    async share(tenant, share) {
      const key = keyOf(tenant, share.digest);
      const entry = plane.entries.get(key);
      if (!entry) return undefined;
      const shared = shareEntry(entry, share);
      plane.entries.set(key, shared);
      return shared;
    },
    async rebind(tenant, rebind) {
      const key = keyOf(tenant, rebind.digest);
      const entry = plane.entries.get(key);
      const rebound = entry && rebindEntry(entry, rebind);
      if (!rebound) return false;
      plane.entries.set(key, rebound);
      return true;
    },
    fence: async (tenant, pid, fence) => take(tenant, fenceRecord(recordOf(tenant, pid), fence)),
    absorb: async (tenant, survivor, absorbed, limits) =>
      take(tenant, absorbInto(recordOf(tenant, survivor), absorbed, limits)),
    finish: async (tenant, absorbed, survivor, token) =>
      take(tenant, finishRecord(recordOf(tenant, absorbed), survivor, token)),
    unfence: async (tenant, pid, token) =>
      take(tenant, unfenceRecord(recordOf(tenant, pid), token)),
    commit: async (to, outputs) => commit(positions, to, outputs),
  } satisfies IdentitySession;
}

function resolve(plane: Plane, tenant: string, digests: readonly Digest[]): readonly Resolved[] {
  return digests.map((digest) => {
    const entry = plane.entries.get(keyOf(tenant, digest));
    const records = new Map<Pid, ProfileRecord>();
    for (const named of entry ? [entry.owner, ...entry.owners] : []) {
      let pid: Pid | null = named;
      while (pid !== null && !records.has(pid)) {
        const record: ProfileRecord | undefined = plane.records.get(keyOf(tenant, pid))?.record;
        if (record) records.set(pid, record);
        pid = record?.parent ?? null;
      }
    }
    return { entry, records: [...records.values()] };
  });
}

function commit(
  positions: FencedPositions,
  to: readonly RawMove[],
  outputs: readonly NewRecord[],
): StitchCommitAnswer {
  const checked = to.map((move) => ({ move, state: positions.check(nameOf(move), move) }));
  const fenced = checked.filter(({ state }) => state === 'fenced').map(({ move }) => move);
  if (fenced.length > 0) return { kind: 'fenced', partitions: fenced.map(placeOf) };
  const moved = checked.filter(({ state }) => state === 'moved').map(({ move }) => move);
  if (moved.length > 0) {
    return { kind: 'moved', positions: moved.map((move) => positionOf(positions, move)) };
  }
  const lead = to[0];
  if (!lead) {
    if (outputs.length > 0) throw new TypeError('committing outputs under no raw partition');
    return { kind: 'committed', unpublished: [] };
  }
  for (const move of to) positions.advance(nameOf(move), move.to);
  return { kind: 'committed', unpublished: positions.post(nameOf(lead), outputs) };
}

function listFences({ records }: Plane, before: number): readonly OpenFence[] {
  const open: OpenFence[] = [];
  for (const { tenant, record } of records.values()) {
    const { pid, fence } = record;
    if (fence && fence.since < before) open.push({ tenant, pid, fence });
  }
  return open.toSorted((a, b) => a.fence.since - b.fence.since);
}

function positionOf(positions: FencedPositions, partition: TopicPartition): RawPosition {
  return { ...placeOf(partition), position: positions.get(nameOf(partition)).position };
}

const placeOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** The id is hex, so the last U+0000 separates, whatever a tenant is called. */
const keyOf = (tenant: string, id: string): string => `${tenant}\u0000${id}`;
