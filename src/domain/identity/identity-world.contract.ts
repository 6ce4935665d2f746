/**
 * What the tests of identity speak: events as `{ member: 'm1', phone: 'p', 'openid@mp': 'o' }`, a
 * plane in memory that takes them one after another, and the invariants it must keep meanwhile.
 * `phone!` is a phone with proof of possession.
 */
import { expect } from 'vitest';
import type { SentIdentifier } from '../event.ts';
import type { IdentityRecord } from '../message.ts';
import { attribute } from './attribute.ts';
import { createBatchView } from './batch-view.ts';
import { recordsOf } from './identity-records.ts';
import type { Digest, Identifier, IdentityHash, Pid } from './identifier.ts';
import { findProfile } from './lookup.ts';
import { normaliseIdentifiers } from './normalise.ts';
import { P0 } from './policy.ts';
import type { Policy } from './policy.ts';
import { compareCreated } from './profile-record.ts';
import type { Decision, ProfileRecord } from './view.ts';

export type Spec = Readonly<Record<string, string | readonly string[]>>;

/** Readable instead of secret. */
export const HASH: IdentityHash = {
  digest: (tenant, type, scope, value) => [tenant, type, scope, value].join('|'),
  pid: (tenant, founder, epoch) => `${tenant}/${founder}/${epoch}`,
};

export interface WorldOptions {
  readonly policy?: Policy;
  readonly tenant?: string;
  readonly hash?: IdentityHash;
}

export interface Sent {
  readonly identifiers: readonly Identifier[];
  readonly decision: Decision;
  readonly records: readonly IdentityRecord[];
}

export type World = ReturnType<typeof createWorld>;

export function createWorld({ policy = P0, tenant = 't', hash = HASH }: WorldOptions = {}) {
  const view = createBatchView(policy);
  const options = { tenant, policy, hash };
  const log: Sent[] = [];
  const digests = new Set<Digest>();
  const pids = new Set<Pid>();
  const targets: Pid[] = [];

  const normalise = (sent: readonly SentIdentifier[]) =>
    normaliseIdentifiers(sent, { tenant, region: 'CN', hash }).identifiers;
  const digestOf = (spec: Spec): Digest => {
    const [one] = normalise(sentFrom(spec));
    if (one === undefined) throw new Error('that is no identifier');
    return one.digest;
  };

  /** `at` is the event's claim; its place in the log is its number. */
  function take(identifiers: readonly Identifier[], at: number): Sent {
    const decision = attribute(identifiers, view, options);
    const number = log.length + 1;
    const place = { logTime: number, partition: 0, offset: number, index: 0 };
    const of = { tenant, eventId: `e${number}`, source: 'app', at, place } as const;
    const cause = { ...of, history: false, wait: null };
    let records: readonly IdentityRecord[] = [];
    if (decision.kind === 'attributed') {
      const created = view.record(decision.target) === undefined;
      records = recordsOf(decision, view, { ...cause, policy: policy.version, created });
      view.apply(decision, place);
      targets.push(decision.target);
      pids.add(decision.target);
    }
    for (const { digest } of identifiers) digests.add(digest);
    const sent = { identifiers, decision, records };
    log.push(sent);
    return sent;
  }

  return {
    view,
    options,
    policy,
    log,
    digests,
    pids,
    normalise,
    send: (spec: Spec, at = 0): Sent => take(normalise(sentFrom(spec)), at),
    sendRaw: (...sent: readonly SentIdentifier[]): Sent => take(normalise(sent), 0),
    take,
    /** R(x). */
    root(spec: Spec): Pid | undefined {
      const entry = view.entry(digestOf(spec));
      return entry && view.root(entry.owner).pid;
    },
    mark: (spec: Spec) => view.entry(digestOf(spec))?.mark,
    owners: (spec: Spec) => view.entry(digestOf(spec))?.owners ?? [],
    read: (spec: Spec) => findProfile(digestOf(spec), view, options),
    anon: (spec: Spec): Pid => hash.pid(tenant, `anon:${digestOf(spec)}`, 0),
    /** The profile the event of this number, from 1, belongs to by now. */
    profile(number: number): Pid | undefined {
      const decision = log[number - 1]?.decision;
      return decision?.kind === 'attributed' ? view.root(decision.target).pid : undefined;
    },
    /** Live roots, anonymous ones too. */
    roots: (): readonly ProfileRecord[] => [...new Set([...pids].map((pid) => view.root(pid)))],
    /** Events of a root. */
    count: (pid: Pid): number => targets.filter((target) => view.root(target).pid === pid).length,
    listed: (pid: Pid): readonly string[] =>
      view.root(pid).identifiers.map(({ digest }) => digest.split('|').slice(1).join('|')),
    merges: (): number =>
      log.flatMap(({ records }) => records).filter(({ change }) => change === 'merged').length,
  };
}

function sentFrom(spec: Spec): readonly SentIdentifier[] {
  return Object.entries(spec).flatMap(([key, values]) => {
    const verified = key.endsWith('!');
    const [type = '', named] = key.replace('!', '').split('@');
    const scope = named ?? (type === 'openid' || type === 'buyer' ? 's' : undefined);
    return [values].flat().map((value) => ({
      type,
      value: written(type, value),
      ...(scope === undefined ? {} : { scope }),
      ...(verified ? { verified } : {}),
    }));
  });
}

/** Short names become well-formed phones and addresses. */
function written(type: string, value: string): string {
  if (type === 'email') return `${value}@example.com`;
  if (type !== 'phone') return value;
  const number = Array.from(value).reduce((sum, one) => sum * 131 + (one.codePointAt(0) ?? 0), 0);
  return `+86138${String(number % 1e8).padStart(8, '0')}`;
}

/** Which identifiers are together, whatever their profiles are called. */
export function partitionOf(world: World): readonly string[] {
  const groups = new Map<Pid, Digest[]>();
  for (const digest of world.digests) {
    const entry = world.view.entry(digest);
    if (entry === undefined) continue;
    const { pid } = world.view.root(entry.owner);
    groups.set(pid, [...(groups.get(pid) ?? []), digest]);
  }
  return [...groups.values()].map((group) => group.toSorted().join(' ')).toSorted();
}

/** I1, I2, I5–I7 and I9 of identity.md 4, on the whole plane. */
export function checkInvariants(world: World): void {
  expect(faultsOf(world)).toEqual([]);
}

/** Said in words and looked for without `expect`, which would take most of a property's time. */
function faultsOf({ view, pids, digests, policy, merges }: World): readonly string[] {
  const faults: string[] = [];
  const roots: ProfileRecord[] = [];
  for (const pid of pids) {
    const record = view.record(pid);
    const parent = record?.parent === null ? null : record && view.record(record.parent ?? '');
    if (record === undefined || parent === undefined) faults.push(`I1: no record of ${pid}`);
    else if (parent === null) roots.push(record);
    else if (compareCreated(parent, record) >= 0) faults.push(`I2: ${pid} has a younger parent`);
  }
  const owned = new Map<Pid, Digest[]>();
  for (const digest of digests) {
    const entry = view.entry(digest);
    if (entry === undefined) continue;
    const { pid } = view.root(entry.owner);
    owned.set(pid, [...(owned.get(pid) ?? []), digest]);
  }
  for (const root of roots) {
    faults.push(...faultsOfRoot(root, policy));
    const listed = root.identifiers.map(({ digest }) => digest).toSorted();
    const same = listed.join(' ') === (owned.get(root.pid) ?? []).toSorted().join(' ');
    if (!same) faults.push(`I6: ${root.pid} lists what it does not own, or the reverse`);
  }
  if (merges() !== pids.size - roots.length) faults.push('I9: merges are not profiles less roots');
  return faults;
}

function faultsOfRoot(
  { pid, founder, identifiers, absorbed }: ProfileRecord,
  policy: Policy,
): readonly string[] {
  const faults: string[] = [];
  const unique = identifiers.filter(({ type }) => policy.types[type].isUnique);
  const places = new Set(unique.map(({ type, scope }) => `${type} ${scope}`));
  if (places.size < unique.length) faults.push(`I5: ${pid} has two values of a unique type`);
  const isOver = Object.entries(policy.types).some(
    ([type, { valuesMax }]) => identifiers.filter((one) => one.type === type).length > valuesMax,
  );
  if (isOver || identifiers.length > policy.identifiersMax)
    faults.push(`I7: ${pid} holds too many`);
  if (absorbed.length > policy.absorbedMax) faults.push(`I7: ${pid} absorbed too many`);
  const isAnonymous = founder.startsWith('anon:');
  if (isAnonymous && identifiers.length + absorbed.length > 0)
    faults.push(`${pid} is not anonymous`);
  return faults;
}
