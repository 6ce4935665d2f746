/**
 * What the clauses about identity stores are written with: names that become pids and digests, a
 * whole merge, and a commit as a stage makes it.
 */
import type { IdentifierKey, IdentifierType } from '../domain/identity/identifier.ts';
import type { NewProfile, ProfileLimits } from '../domain/identity/profile-record.ts';
import type { Fence, ProfileRecord } from '../domain/identity/view.ts';
import type { NewRecord } from './event-log.ts';
import type {
  IdentitySession,
  IdentityStore,
  RawClaim,
  RawMove,
  StitchCommitAnswer,
} from './identity-store.ts';
import type { Position } from './outbox.ts';

export interface OpenedIdentityStore {
  readonly store: IdentityStore;
  /** What the store itself has put into the log so far, oldest first. */
  logged(): Promise<readonly NewRecord[]>;
  close(): Promise<void>;
}

export interface IdentityStoreHarness {
  open(): Promise<OpenedIdentityStore>;
  /** When the writes of a session are seen by others: with its commit, or call by call. */
  readonly visible: 'with-commit' | 'at-once';
}

/** A fresh store, two claimed raw partitions, and a session. */
export type OpenIdentityStore = () => Promise<
  OpenedIdentityStore & {
    readonly claim0: RawClaim;
    readonly claim1: RawClaim;
    readonly session: IdentitySession;
  }
>;

export const T = 'default';
export const RAW_0 = { topic: 'raw.pos', partition: 0 };
export const RAW_1 = { topic: 'raw.app', partition: 1 };
export const LIMITS: ProfileLimits = {
  perType: { phone: 3, email: 5, buyer: 10, openid: 20, device: 5 },
  uniqueTypes: ['member', 'uid', 'unionid'],
  identifiersMax: 8,
  absorbedMax: 4,
};

const hex = (text: string, length: number): string =>
  [...text]
    .map((char) => char.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('')
    .padEnd(length, '0');
export const digestOf = (text: string): string => hex(text, 24);
export const pidOf = (text: string): string => hex(text, 20);
export const id = (type: IdentifierType, text: string, scope = ''): IdentifierKey => ({
  type,
  scope,
  digest: digestOf(text),
});
export const profile = (
  name: string,
  age: number,
  ...identifiers: IdentifierKey[]
): NewProfile => ({
  pid: pidOf(name),
  createdAt: { logTime: 1_700_000_000_000 + age, partition: 1, offset: age, index: 0 },
  founder: identifiers[0]?.digest ?? `anon:${digestOf(name)}`,
  epoch: 0,
  identifiers,
});
export const fenceInto = (survivor: string, token: string, since = 50): Fence => ({
  kind: 'merge',
  token,
  into: pidOf(survivor),
  since,
});
export const output = (text: string): NewRecord => ({
  topic: 'events',
  partition: 0,
  schema: 1,
  value: new TextEncoder().encode(text),
});
export const texts = (records: readonly NewRecord[]): readonly string[] =>
  records.map(({ value }) => new TextDecoder().decode(value));
export const at = (offset: number, index = 0): Position => ({ offset, index });
export const move = (claim: RawClaim, to: Position, from = claim.position): RawMove => ({
  topic: claim.topic,
  partition: claim.partition,
  epoch: claim.epoch,
  from,
  to,
});

export const DEVICE = id('device', 'd');
export const PHONE = id('phone', 'p');
export const MEMBER = id('member', 'm');

/** Creates a profile and claims its identifiers. */
export async function found(session: IdentitySession, made: NewProfile): Promise<void> {
  await session.ensure(T, made);
  for (const { digest } of made.identifiers) await session.claim(T, digest, made.pid);
}

/** Fence, absorb, finish; answers what absorb said. */
export async function merge(
  session: IdentitySession,
  names: { readonly survivor: string; readonly absorbed: string; readonly token: string },
): Promise<string> {
  const [survivor, absorbed] = [pidOf(names.survivor), pidOf(names.absorbed)];
  await session.fence(T, absorbed, fenceInto(names.survivor, names.token));
  const snapshot = await recordOf(session, names.absorbed);
  const { kind } = await session.absorb(T, survivor, snapshot, LIMITS);
  if (kind === 'ok') await session.finish(T, absorbed, survivor, names.token);
  return kind;
}

export async function recordOf(session: IdentitySession, name: string): Promise<ProfileRecord> {
  const record = await session.record(T, pidOf(name));
  if (!record) throw new Error(`no profile ${name}`);
  return record;
}

export async function listed(
  session: IdentitySession,
  name: string,
): Promise<readonly IdentifierKey[]> {
  return (await recordOf(session, name)).identifiers;
}

/** As a stage does it: `moved` to where one wanted to go means that the first try took effect. */
export async function commit(
  store: IdentityStore,
  session: IdentitySession,
  to: readonly RawMove[],
  outputs: readonly NewRecord[] = [],
): Promise<StitchCommitAnswer> {
  const answer = await session.commit(to, outputs);
  const lead = to[0];
  if (answer.kind !== 'moved' || !lead) return answer;
  const done = to.every(({ topic, partition, to: wanted }) =>
    answer.positions.some(
      (one) =>
        one.topic === topic &&
        one.partition === partition &&
        one.position.offset === wanted.offset &&
        one.position.index === wanted.index,
    ),
  );
  return done ? { kind: 'committed', unpublished: await store.unpublished(lead) } : answer;
}
