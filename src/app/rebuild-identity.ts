/**
 * The identity plane made anew from its records on `events`. Records of different partitions have no
 * order but their log time, so profiles are created first; what follows is idempotent and follows
 * parents, and comes to the same plane in any order of one moment.
 */
import { P0, profileLimits } from '../domain/identity/policy.ts';
import type { IdentifierKey, Pid } from '../domain/identity/identifier.ts';
import type { IdentityRecord } from '../domain/message.ts';
import { WeftError } from '../errors.ts';
import type { IdentitySession, IdentityStore } from '../ports/identity-store.ts';

const LIMITS = profileLimits(P0);
const BATCH = 5_000;
const HOPS_MAX = 200;

type Of<C extends IdentityRecord['change']> = Extract<IdentityRecord, { change: C }>;

/** Answers how many records were applied. */
export async function rebuildIdentity(
  store: IdentityStore,
  records: readonly IdentityRecord[],
): Promise<number> {
  await store.reset();
  const inOrder = records.toSorted(
    (a, b) => rank(a) - rank(b) || a.changedAt - b.changedAt || compare(a.recordId, b.recordId),
  );
  for (let from = 0; from < inOrder.length; from += BATCH) {
    const session = store.begin();
    for (const record of inOrder.slice(from, from + BATCH)) await applyRecord(session, record);
    const answer = await session.commit([], []);
    if (answer.kind !== 'committed') {
      throw new WeftError(
        'already_running',
        'rebuilding the identity plane: another process writes to it',
      );
    }
  }
  return inOrder.length;
}

/** Profiles first, of all times; the rest as it came. */
const rank = (record: IdentityRecord): number => (record.change === 'created' ? 0 : 1);

async function applyRecord(session: IdentitySession, record: IdentityRecord): Promise<void> {
  switch (record.change) {
    case 'created':
      return create(session, record);
    case 'attached':
      return attach(session, record);
    case 'merged':
      return merge(session, record);
    case 'refused':
      return share(session, record);
  }
}

async function create(session: IdentitySession, record: Of<'created'>): Promise<void> {
  const { tenant, pid, createdAt, founder, epoch, createdBy, createdByScope } = record;
  const key: IdentifierKey[] =
    createdBy === null ? [] : [{ type: createdBy, scope: createdByScope, digest: founder }];
  await session.ensure(tenant, { pid, createdAt, founder, epoch, identifiers: key });
  for (const { digest } of key) await session.claim(tenant, digest, pid);
}

async function attach(session: IdentitySession, record: Of<'attached'>): Promise<void> {
  const { tenant, identifiers, movedFrom, changedAt } = record;
  const root = await rootOf(session, tenant, record.pid);
  const { epoch } = (await session.record(tenant, root)) ?? { epoch: 0 };
  await session.attach(tenant, root, epoch, identifiers, LIMITS);
  for (const { digest } of identifiers) {
    if (movedFrom === null) {
      await session.claim(tenant, digest, record.pid);
      continue;
    }
    const [resolved] = await session.resolve(tenant, [digest]);
    const from = resolved?.entry?.owner;
    if (from !== undefined) {
      await session.rebind(tenant, { digest, from, to: record.pid, since: changedAt });
    }
    const holder = await rootOf(session, tenant, movedFrom);
    if (holder !== root) await session.detach(tenant, holder, digest);
  }
}

async function merge(session: IdentitySession, record: Of<'merged'>): Promise<void> {
  const { tenant, absorbed, mergeId, changedAt } = record;
  const survivor = await rootOf(session, tenant, record.survivor);
  const fence = {
    kind: 'merge',
    token: `rebuild ${mergeId}`,
    into: survivor,
    since: changedAt,
  } as const;
  const fenced = await session.fence(tenant, absorbed, fence);
  if (fenced.kind === 'moved') return;
  const sealed = await session.record(tenant, absorbed);
  if (fenced.kind !== 'ok' || !sealed) throw broken(mergeId);
  const answer = await session.absorb(tenant, survivor, sealed, LIMITS);
  if (answer.kind !== 'ok') throw broken(mergeId);
  await session.finish(tenant, absorbed, survivor, fence.token);
}

/** What made a hub then makes one now, and nothing else does: owners since merged are not known here. */
async function share(session: IdentitySession, record: Of<'refused'>): Promise<void> {
  const { tenant, ownersAdded, nowHub, changedAt } = record;
  const hubs = new Set(nowHub.map((each) => each.digest));
  for (const { identifier, owner } of ownersAdded) {
    const { digest } = identifier;
    const ownersMax = hubs.has(digest) ? 0 : Infinity;
    await session.share(tenant, { digest, owner, merged: [], ownersMax, since: changedAt });
  }
}

async function rootOf(session: IdentitySession, tenant: string, pid: Pid): Promise<Pid> {
  let at = pid;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    const record = await session.record(tenant, at);
    if (!record?.parent) return at;
    at = record.parent;
  }
  throw broken(pid);
}

const broken = (what: string): WeftError =>
  new WeftError(
    'corrupt_data',
    `rebuilding the identity plane: the records around ${what} do not fit together`,
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
