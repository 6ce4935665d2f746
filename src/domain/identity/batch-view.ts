/**
 * The identity plane as one batch sees it: what was loaded of it, and on top what the batch itself
 * has decided so far. Never loaded from, it is a whole plane in memory: the sequential reference of
 * the tests. Applying uses the same pure steps as the stores; a decision they refuse is a mistake
 * of ours. Lives for one batch, which bounds it.
 */
import { keyOf } from './identifier.ts';
import type { Digest, IdentifierKey, Pid } from './identifier.ts';
import { rebindEntry, shareEntry } from './index-entry.ts';
import { P0, profileLimits } from './policy.ts';
import type { Policy } from './policy.ts';
import {
  absorbInto,
  attachTo,
  detachFrom,
  ensureRecord,
  fenceRecord,
  finishRecord,
} from './profile-record.ts';
import type { RecordStep } from './profile-record.ts';
import type {
  Attribution,
  CreatedAt,
  IdentityView,
  IndexEntry,
  OwnerAdded,
  ProfileRecord,
  RebindOrder,
} from './view.ts';

/** What a store knows of one digest. */
interface Loaded {
  readonly entry: IndexEntry | undefined;
  readonly records: readonly ProfileRecord[];
}

export interface BatchView extends IdentityView {
  /** What is here already stays: the batch knows better than what was read before it decided. */
  load(digest: Digest, loaded: Loaded): void;
  /**
   * A record no digest leads to: the anon(x) that exists already, the holder of a pid that was
   * thought free. A decision to create is final once the record under that pid was looked for.
   */
  loadRecord(record: ProfileRecord): void;
  /** `place` is that of the event in the raw log; its log time dates marks and owners. */
  apply(decision: Attribution, place: CreatedAt): void;
}

export function createBatchView(policy: Policy = P0): BatchView {
  const entries = new Map<Digest, IndexEntry>();
  const records = new Map<Pid, ProfileRecord>();
  const plane: Plane = { entries, records, limits: profileLimits(policy), policy };
  return {
    entry: (digest) => entries.get(digest),
    record: (pid) => records.get(pid),
    root: (pid) => rootIn(records, pid),
    load(digest, { entry, records: found }) {
      if (entry !== undefined && !entries.has(digest)) entries.set(digest, entry);
      for (const record of found) addRecord(records, record);
    },
    loadRecord: (record) => addRecord(records, record),
    apply: (decision, place) => applyTo(plane, decision, place),
  } satisfies BatchView;
}

interface Plane {
  readonly entries: Map<Digest, IndexEntry>;
  readonly records: Map<Pid, ProfileRecord>;
  readonly limits: ReturnType<typeof profileLimits>;
  readonly policy: Policy;
}

function addRecord(records: Map<Pid, ProfileRecord>, record: ProfileRecord): void {
  if (!records.has(record.pid)) records.set(record.pid, record);
}

function rootIn(records: ReadonlyMap<Pid, ProfileRecord>, pid: Pid): ProfileRecord {
  let record = records.get(pid);
  while (record !== undefined && record.parent !== null) record = records.get(record.parent);
  if (record === undefined) throw new Error(`looking for the root of profile ${pid}: no record`);
  return record;
}

/** In the order of `Attribution`. */
function applyTo(plane: Plane, decision: Attribution, place: CreatedAt): void {
  const { target, create, attach, merge, rebind, ownersAdded } = decision;
  const since = place.logTime;
  let isListed = false;
  if (create !== undefined) {
    const { founder, epoch } = create;
    const identifiers = attach.map(keyOf);
    const profile = { pid: target, createdAt: place, founder, epoch, identifiers };
    const ensured = step(plane, target, (record) => ensureRecord(record, profile), ENSURED);
    isListed = ensured === 'created';
  }
  for (const { pid } of merge) absorb(plane, target, pid, since);
  if (!isListed) list(plane, target, attach);
  for (const { digest } of attach) {
    plane.entries.set(digest, { digest, owner: target, mark: 'none', owners: [], since: 0 });
  }
  for (const order of rebind) moveTo(plane, target, order, since);
  for (const added of ownersAdded) addOwner(plane, added, since);
}

function absorb(plane: Plane, target: Pid, absorbed: Pid, since: number): void {
  const token = `${absorbed}>${target}`;
  const fence = { kind: 'merge', token, into: target, since } as const;
  step(plane, absorbed, (record) => fenceRecord(record, fence));
  const fenced = plane.records.get(absorbed);
  if (fenced === undefined) throw new Error(`absorbing profile ${absorbed}: no record`);
  step(plane, target, (record) => absorbInto(record, fenced, plane.limits));
  step(plane, absorbed, (record) => ({
    answer: { kind: 'ok' },
    ...pick(finishRecord(record, target, token)),
  }));
}

function list(plane: Plane, target: Pid, identifiers: readonly IdentifierKey[]): void {
  if (identifiers.length === 0) return;
  const { epoch } = rootIn(plane.records, target);
  step(plane, target, (record) => attachTo(record, epoch, identifiers, plane.limits));
}

function moveTo(plane: Plane, target: Pid, order: RebindOrder, since: number): void {
  const { identifier, from, root } = order;
  const { digest } = identifier;
  if (root !== target) {
    list(plane, target, [keyOf(identifier)]);
    step(plane, root, (record) => detachFrom(record, digest));
  }
  const entry = plane.entries.get(digest);
  const rebound = entry && rebindEntry(entry, { digest, from, to: target, since });
  if (rebound === undefined)
    throw new Error(`rebinding to profile ${target}: the owner is another`);
  plane.entries.set(digest, rebound);
}

function addOwner(plane: Plane, { identifier, owner, merged }: OwnerAdded, since: number): void {
  const { digest, type } = identifier;
  const entry = plane.entries.get(digest);
  if (entry === undefined) throw new Error(`sharing with profile ${owner}: nobody claimed it`);
  const { ownersMax } = plane.policy.types[type];
  plane.entries.set(digest, shareEntry(entry, { digest, owner, merged, ownersMax, since }));
}

type Answer = string | { readonly kind: string };

function step<A extends Answer>(
  { records }: Plane,
  pid: Pid,
  take: (record: ProfileRecord | undefined) => RecordStep<A>,
  expected: readonly string[] = OK,
): string {
  const { answer, record } = take(records.get(pid));
  const kind = typeof answer === 'string' ? answer : answer.kind;
  if (!expected.includes(kind)) throw new Error(`applying a decision to profile ${pid}: ${kind}`);
  if (record !== undefined) records.set(pid, record);
  return kind;
}

const OK = ['ok'];
const ENSURED = ['created', 'exists'];

const pick = ({ record }: RecordStep<void>): { readonly record?: ProfileRecord } =>
  record === undefined ? {} : { record };
