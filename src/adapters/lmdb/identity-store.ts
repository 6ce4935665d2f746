/**
 * The identity plane in LMDB. A session is an overlay: reads go through it, writes collect in it,
 * and its commit puts entries, records, positions and outputs on disk in one transaction, or
 * nothing. Sessions do not mix: one that began before another wrote must begin again. Fences live in
 * the overlay only.
 */
import type { Digest, Pid } from '../../domain/identity/identifier.ts';
import { rebindEntry, shareEntry } from '../../domain/identity/index-entry.ts';
import type { IndexEntry, ProfileRecord } from '../../domain/identity/view.ts';
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
import type { NewRecord, TopicPartition } from '../../ports/event-log.ts';
import type {
  IdentitySession,
  IdentityStore,
  RawMove,
  RawPosition,
  Resolved,
  StitchCommitAnswer,
} from '../../ports/identity-store.ts';
import type { Environment } from './environment.ts';
import type { FencedPositions } from './fenced-positions.ts';
import { openFencedPositions } from './fenced-positions.ts';
import type { IdentityOverlay, IdentityTables } from './identity-tables.ts';
import { openIdentityTables } from './identity-tables.ts';

interface Parts {
  readonly environment: Environment;
  readonly tables: IdentityTables;
  readonly positions: FencedPositions;
}

export function createLmdbIdentityStore(environment: Environment): IdentityStore {
  const tables = openIdentityTables(environment);
  const positions = openFencedPositions(environment, 'identity.positions');
  const parts = { environment, tables, positions };
  return {
    async claim(partitions) {
      return environment.write(() =>
        partitions.map(({ topic, partition }) => ({
          topic,
          partition,
          ...positions.claim(nameOf({ topic, partition })),
          unpublished: [],
        })),
      );
    },
    begin: () => createSession(parts),
    unpublished: async () => [],
    trim: async () => {},
    resolve: async (tenant, digests) => resolve(tables.begin(), tenant, digests),
    record: async (tenant, pid) => tables.begin().record(tenant, pid),
    openFences: async () => [],
    positions: async () => positions.names().map((name) => positionOf(positions, placeOf(name))),
    reset: async () => tables.clear(),
  } satisfies IdentityStore;
}

function createSession(parts: Parts): IdentitySession {
  const overlay = parts.tables.begin();
  const take = <Answer>(tenant: string, { answer, record }: RecordStep<Answer>): Answer => {
    if (record) overlay.putRecord(tenant, record);
    return answer;
  };
  return {
    resolve: async (tenant, digests) => resolve(overlay, tenant, digests),
    record: async (tenant, pid) => overlay.record(tenant, pid),
    ensure: async (tenant, profile) =>
      take(tenant, ensureRecord(overlay.record(tenant, profile.pid), profile)),
    async claim(tenant, digest, pid) {
      const entry = overlay.entry(tenant, digest);
      if (entry) return entry.owner;
      overlay.putEntry(tenant, { digest, owner: pid, mark: 'none', owners: [], since: 0 });
      return pid;
    },
    attach: async (tenant, root, epoch, identifiers, limits) =>
      take(tenant, attachTo(overlay.record(tenant, root), epoch, identifiers, limits)),
    detach: async (tenant, pid, digest) =>
      take(tenant, detachFrom(overlay.record(tenant, pid), digest)),
    async share(tenant, share) {
      const entry = overlay.entry(tenant, share.digest);
      const shared = entry && shareEntry(entry, share);
      if (shared && shared !== entry) overlay.putEntry(tenant, shared);
      return shared;
    },
    async rebind(tenant, rebind) {
      const entry = overlay.entry(tenant, rebind.digest);
      const rebound = entry && rebindEntry(entry, rebind);
      if (rebound && rebound !== entry) overlay.putEntry(tenant, rebound);
      return rebound !== undefined;
    },
    fence: async (tenant, pid, fence) =>
      take(tenant, fenceRecord(overlay.record(tenant, pid), fence)),
    absorb: async (tenant, survivor, absorbed, limits) =>
      take(tenant, absorbInto(overlay.record(tenant, survivor), absorbed, limits)),
    finish: async (tenant, absorbed, survivor, token) =>
      take(tenant, finishRecord(overlay.record(tenant, absorbed), survivor, token)),
    unfence: async (tenant, pid, token) =>
      take(tenant, unfenceRecord(overlay.record(tenant, pid), token)),
    async commit(to, outputs) {
      if (to.length === 0 && outputs.length > 0) {
        throw new TypeError('committing outputs under no raw partition');
      }
      return commit(parts, overlay, to, outputs);
    },
  } satisfies IdentitySession;
}

function resolve(
  overlay: IdentityOverlay,
  tenant: string,
  digests: readonly Digest[],
): readonly Resolved[] {
  const resolved: Resolved[] = [];
  let last: ProfileRecord | undefined;
  for (const digest of digests) {
    const entry = overlay.entry(tenant, digest);
    if (entry === undefined) {
      resolved.push(UNKNOWN);
      continue;
    }
    // An event's identifiers stand together, and nearly always have one owner, a root.
    if (last?.pid !== entry.owner) last = overlay.record(tenant, entry.owner);
    const records =
      last?.parent === null && entry.owners.length === 0
        ? [last]
        : recordsOf(overlay, tenant, entry);
    resolved.push({ entry, records });
  }
  return resolved;
}

/** Of all owners, and of whom absorbed them. */
function recordsOf(
  overlay: IdentityOverlay,
  tenant: string,
  { owner, owners }: IndexEntry,
): readonly ProfileRecord[] {
  const records = new Map<Pid, ProfileRecord>();
  for (const named of [owner, ...owners]) {
    let pid: Pid | null = named;
    while (pid !== null && !records.has(pid)) {
      const record: ProfileRecord | undefined = overlay.record(tenant, pid);
      if (record) records.set(pid, record);
      pid = record?.parent ?? null;
    }
  }
  return [...records.values()];
}

const UNKNOWN: Resolved = { entry: undefined, records: [] };

function commit(
  { environment, positions }: Parts,
  overlay: IdentityOverlay,
  to: readonly RawMove[],
  outputs: readonly NewRecord[],
): Promise<StitchCommitAnswer> {
  return environment.share<StitchCommitAnswer>({
    run() {
      const refused = whyNot(positions, overlay, to);
      if (refused) return refused;
      overlay.write();
      for (const move of to) positions.advance(nameOf(move), move.to);
      environment.appendInside(outputs);
      return { kind: 'committed', unpublished: [] };
    },
    durable(answer) {
      if (answer.kind === 'committed') overlay.settle();
    },
    undone: () => overlay.undo(),
  });
}

function whyNot(
  positions: FencedPositions,
  overlay: IdentityOverlay,
  to: readonly RawMove[],
): StitchCommitAnswer | undefined {
  const checked = to.map((move) => ({ move, state: positions.check(nameOf(move), move) }));
  const those = (wanted: 'fenced' | 'moved') =>
    checked.filter(({ state }) => state === wanted).map(({ move }) => move);
  const fenced = those('fenced').map(({ topic, partition }) => ({ topic, partition }));
  if (fenced.length > 0) return { kind: 'fenced', partitions: fenced };
  const moved = overlay.isStale() ? to : those('moved');
  if (moved.length === 0 && !overlay.isStale()) return undefined;
  return { kind: 'moved', positions: moved.map((move) => positionOf(positions, move)) };
}

function positionOf(positions: FencedPositions, partition: TopicPartition): RawPosition {
  const { topic, partition: number } = partition;
  return { topic, partition: number, position: positions.get(nameOf(partition)).position };
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

function placeOf(name: string): TopicPartition {
  const slash = name.lastIndexOf('/');
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) };
}
