/**
 * What may become of a profile record, as pure steps that every identity store shares: what is
 * listed, reserved, fenced, absorbed. Nothing is written to a record while it is fenced except the
 * end of that fence; a step repeated changes nothing (identity.md 5 and 8).
 */
import type { Digest, IdentifierKey, Pid } from './identifier.ts';
import type { CreatedAt, Fence, ProfileRecord } from './view.ts';

export interface NewProfile {
  readonly pid: Pid;
  readonly createdAt: CreatedAt;
  readonly founder: string;
  readonly epoch: number;
  readonly identifiers: readonly IdentifierKey[];
}

export interface ProfileLimits {
  /** Most values of a type a profile may hold, over all scopes; unique types: 1 a scope. */
  readonly perType: Readonly<Record<string, number>>;
  readonly uniqueTypes: readonly string[];
  readonly identifiersMax: number;
  readonly absorbedMax: number;
}

/** No such profile: the store lost its tail, or the caller its mind. Decide again. */
interface Missing {
  readonly kind: 'missing';
}
interface Moved {
  readonly kind: 'moved';
  readonly parent: Pid;
}
interface Fenced {
  readonly kind: 'fenced';
  readonly token: string;
  readonly into: Pid;
}
interface Ok {
  readonly kind: 'ok';
}

export type EnsureAnswer = 'created' | 'exists' | 'collision';

export type AttachAnswer =
  | Ok
  | Missing
  | Moved
  | Fenced
  /** Split or erased since the caller looked. */
  | { readonly kind: 'stale_epoch' }
  /** Another value of a unique (type, scope) is there. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'over_limit' };

export type DetachAnswer = Ok | Missing | Moved | Fenced;

export type FenceAnswer =
  | { readonly kind: 'ok'; readonly token: string }
  | Missing
  | Moved
  | Fenced;

export type AbsorbAnswer =
  /** Also when it was absorbed before. */
  | Ok
  | Missing
  | Moved
  | Fenced
  /** A clash or a limit. Stays the answer to this fence, whatever becomes of the survivor. */
  | { readonly kind: 'refused' };

/** The answer, and the record to store; no record: nothing changed. */
export interface RecordStep<Answer> {
  readonly answer: Answer;
  readonly record?: ProfileRecord;
}

/** How many refused fences a record remembers; far more than can be under way at once. */
const DECLINED_MAX = 16;

const OK = { kind: 'ok' } as const;
const MISSING = { kind: 'missing' } as const;
const REFUSED = { kind: 'refused' } as const;

export function ensureRecord(
  record: ProfileRecord | undefined,
  profile: NewProfile,
): RecordStep<EnsureAnswer> {
  if (record) {
    const same = record.founder === profile.founder && record.epoch === profile.epoch;
    return { answer: same ? 'exists' : 'collision' };
  }
  const { pid, createdAt, founder, epoch, identifiers } = profile;
  return {
    answer: 'created',
    record: {
      pid,
      createdAt,
      founder,
      epoch,
      parent: null,
      identifiers,
      absorbed: [],
      fence: null,
    },
  };
}

/** All of the identifiers or none. */
export function attachTo(
  record: ProfileRecord | undefined,
  epoch: number,
  identifiers: readonly IdentifierKey[],
  limits: ProfileLimits,
): RecordStep<AttachAnswer> {
  if (!record) return { answer: MISSING };
  const closed = closedAnswer(record);
  if (closed) return { answer: closed };
  if (record.epoch !== epoch) return { answer: { kind: 'stale_epoch' } };
  const union = listUnion(record.identifiers, identifiers, limits);
  if (union.kind !== 'ok') return { answer: { kind: union.kind } };
  if (union.identifiers === record.identifiers) return { answer: OK };
  return { answer: OK, record: { ...record, identifiers: union.identifiers } };
}

export function detachFrom(
  record: ProfileRecord | undefined,
  digest: Digest,
): RecordStep<DetachAnswer> {
  if (!record) return { answer: MISSING };
  const closed = closedAnswer(record);
  if (closed) return { answer: closed };
  const identifiers = record.identifiers.filter((one) => one.digest !== digest);
  if (identifiers.length === record.identifiers.length) return { answer: OK };
  return { answer: OK, record: { ...record, identifiers } };
}

export function fenceRecord(
  record: ProfileRecord | undefined,
  fence: Fence,
): RecordStep<FenceAnswer> {
  if (!record) return { answer: MISSING };
  if (record.fence?.token === fence.token) return { answer: { kind: 'ok', token: fence.token } };
  const closed = closedAnswer(record);
  if (closed) return { answer: closed };
  return { answer: { kind: 'ok', token: fence.token }, record: { ...record, fence } };
}

/**
 * `absorbed` is the record as read behind its fence, or as a tombstone. Only an older profile
 * absorbs, so parents can form no circle.
 */
export function absorbInto(
  survivor: ProfileRecord | undefined,
  absorbed: ProfileRecord,
  limits: ProfileLimits,
): RecordStep<AbsorbAnswer> {
  if (absorbed.fence === null && absorbed.parent === null) {
    throw new TypeError(`absorbing profile ${absorbed.pid}, which is neither fenced nor finished`);
  }
  if (!survivor) return { answer: MISSING };
  const closed = closedAnswer(survivor);
  if (closed?.kind === 'moved') return { answer: closed };
  if (survivor.absorbed.includes(absorbed.pid)) return { answer: OK };
  if (closed) return { answer: closed };
  const token = absorbed.fence?.token;
  // A late helper must hear what the first one heard: by now the survivor may have let a value go
  // and could say yes, after the absorbed was set free because it had said no.
  if (token !== undefined && survivor.declined?.includes(token)) return { answer: REFUSED };
  const union = listUnion(survivor.identifiers, absorbed.identifiers, limits);
  const ancestors = [...new Set([...survivor.absorbed, absorbed.pid, ...absorbed.absorbed])];
  const fits = union.kind === 'ok' && ancestors.length <= limits.absorbedMax;
  if (!fits || compareCreated(survivor, absorbed) >= 0) return declined(survivor, token);
  return {
    answer: OK,
    record: { ...survivor, identifiers: union.identifiers, absorbed: ancestors },
  };
}

/** Its identifiers stay as they are: the tombstone from which it could be absorbed again. */
export function finishRecord(
  record: ProfileRecord | undefined,
  survivor: Pid,
  token: string,
): RecordStep<void> {
  if (record?.fence?.token !== token) return { answer: undefined };
  return { answer: undefined, record: { ...record, parent: survivor, fence: null } };
}

export function unfenceRecord(record: ProfileRecord | undefined, token: string): RecordStep<void> {
  if (record?.fence?.token !== token) return { answer: undefined };
  return { answer: undefined, record: { ...record, fence: null } };
}

/** Which of two profiles is older: by the place of the creating event in the log, then by pid. */
export function compareCreated(
  a: Pick<ProfileRecord, 'pid' | 'createdAt'>,
  b: Pick<ProfileRecord, 'pid' | 'createdAt'>,
): number {
  return (
    a.createdAt.logTime - b.createdAt.logTime ||
    a.createdAt.partition - b.createdAt.partition ||
    a.createdAt.offset - b.createdAt.offset ||
    a.createdAt.index - b.createdAt.index ||
    Number(a.pid > b.pid) - Number(a.pid < b.pid)
  );
}

/** Why nothing may be written to this record now; undefined: it is a live, unfenced root. */
function closedAnswer({ parent, fence }: ProfileRecord): Moved | Fenced | undefined {
  if (parent !== null) return { kind: 'moved', parent };
  if (fence) return { kind: 'fenced', token: fence.token, into: fence.into };
  return undefined;
}

type Union =
  | { readonly kind: 'ok'; readonly identifiers: readonly IdentifierKey[] }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'over_limit' };

/** Both lists, each identifier once. Limits bind only where something is added to them. */
function listUnion(
  listed: readonly IdentifierKey[],
  added: readonly IdentifierKey[],
  limits: ProfileLimits,
): Union {
  const identifiers = [...listed];
  for (const one of added) {
    if (identifiers.some(({ digest }) => digest === one.digest)) continue;
    const same = identifiers.filter(({ type }) => type === one.type);
    if (limits.uniqueTypes.includes(one.type)) {
      if (same.some(({ scope }) => scope === one.scope)) return { kind: 'conflict' };
    } else if (same.length >= (limits.perType[one.type] ?? Infinity)) {
      return { kind: 'over_limit' };
    }
    if (identifiers.length >= limits.identifiersMax) return { kind: 'over_limit' };
    identifiers.push({ type: one.type, scope: one.scope, digest: one.digest });
  }
  return { kind: 'ok', identifiers: identifiers.length > listed.length ? identifiers : listed };
}

function declined(survivor: ProfileRecord, token: string | undefined): RecordStep<AbsorbAnswer> {
  if (token === undefined) return { answer: REFUSED };
  const tokens = [...(survivor.declined ?? []), token].slice(-DECLINED_MAX);
  return { answer: REFUSED, record: { ...survivor, declined: tokens } };
}
