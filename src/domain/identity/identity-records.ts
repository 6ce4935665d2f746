/**
 * The identity records of one decision (identity.md 3): every change of the identity plane, with
 * its cause, complete enough to rebuild the plane from. Their ids derive from the cause, so a
 * repetition is recognised.
 */
import type { Source } from '../event.ts';
import type { IdentityRecord, Wait } from '../message.ts';
import { keyOf } from './identifier.ts';
import type { IdentifierKey, Pid } from './identifier.ts';
import type { Absorption, Attribution, CreatedAt, IdentityView, RefusalReason } from './view.ts';

export interface RecordCause {
  readonly tenant: string;
  readonly eventId: string;
  readonly source: Source;
  /** When the event happened. */
  readonly at: number;
  /** Where it stands in the raw log: its log time is when the plane changed. */
  readonly place: CreatedAt;
  /** Version of the policy. */
  readonly policy: number;
  /** For each merge. */
  readonly history: boolean;
  readonly wait: Wait | null;
  /** Was the target created by this event? Not where `ensure` found it already there. */
  readonly created: boolean;
}

type Plane = Pick<IdentityView, 'record'>;

/** In the order of the changes. `plane` may be that before or after the decision. */
export function recordsOf(
  decision: Attribution,
  plane: Plane,
  cause: RecordCause,
): readonly IdentityRecord[] {
  if (isUnchanged(decision)) return NONE;
  const records: IdentityRecord[] = [];
  addCreated(records, decision, cause);
  for (const merge of decision.merge) {
    records.push(mergedRecord(decision.target, merge, plane, cause));
  }
  addAttached(records, decision, cause);
  addRefused(records, decision, cause);
  return records;
}

const NONE: readonly never[] = [];

const isUnchanged = ({ create, attach, merge, rebind, refused, ownersAdded }: Attribution) =>
  create === undefined &&
  attach.length + merge.length + rebind.length + refused.length + ownersAdded.length === 0;

const recordIdOf = (
  { eventId }: RecordCause,
  change: string,
  pid: Pid,
  other: Pid | null,
): string =>
  other === null ? `${eventId}/${change}/${pid}` : `${eventId}/${change}/${pid}/${other}`;

/** One literal, as of every new profile: put together by `...`, it costs 20 µs. */
function addCreated(records: IdentityRecord[], decision: Attribution, cause: RecordCause): void {
  const { target, create, attach, anonymousOf } = decision;
  if (create === undefined || !cause.created) return;
  const founder = attach.find(({ digest }) => digest === create.founder);
  records.push({
    kind: 'identity',
    change: 'created',
    recordId: recordIdOf(cause, 'created', target, null),
    tenant: cause.tenant,
    eventId: cause.eventId,
    source: cause.source,
    effectiveAt: cause.at,
    changedAt: cause.place.logTime,
    policy: cause.policy,
    pid: target,
    epoch: create.epoch,
    founder: create.founder,
    createdBy: founder?.type ?? null,
    createdByScope: founder?.scope ?? '',
    createdAt: cause.place,
    anonymousOf: anonymousOf ?? null,
  });
}

function mergedRecord(
  survivor: Pid,
  { pid: absorbed, by }: Absorption,
  plane: Plane,
  cause: RecordCause,
): IdentityRecord {
  const record = plane.record(absorbed);
  if (record === undefined)
    throw new Error(`recording the merge of profile ${absorbed}: no record`);
  return {
    kind: 'identity',
    change: 'merged',
    recordId: recordIdOf(cause, 'merged', absorbed, survivor),
    tenant: cause.tenant,
    eventId: cause.eventId,
    source: cause.source,
    effectiveAt: cause.at,
    changedAt: cause.place.logTime,
    policy: cause.policy,
    survivor,
    absorbed,
    mergeId: `${absorbed}@${record.epoch}`,
    absorbedBefore: record.absorbed,
    rule: by.type,
    history: cause.history,
    wait: cause.wait,
  };
}

/**
 * The founder is in the `created` record. What a rebind moved has a record for each former root;
 * moved from the profile itself, it only lost its mark.
 */
function addAttached(records: IdentityRecord[], decision: Attribution, cause: RecordCause): void {
  const { target, create, attach, rebind } = decision;
  const founder = cause.created ? create?.founder : undefined;
  const fresh: IdentifierKey[] = [];
  for (const one of attach) if (one.digest !== founder) fresh.push(keyOf(one));
  if (fresh.length > 0) records.push(attachedRecord(target, fresh, null, cause));
  for (const root of new Set(rebind.map((order) => order.root))) {
    const moved = rebind.filter((order) => order.root === root);
    const keys = moved.map(({ identifier }) => keyOf(identifier));
    records.push(attachedRecord(target, keys, root, cause));
  }
}

const attachedRecord = (
  pid: Pid,
  identifiers: readonly IdentifierKey[],
  movedFrom: Pid | null,
  cause: RecordCause,
): IdentityRecord => ({
  kind: 'identity',
  change: 'attached',
  recordId: recordIdOf(cause, 'attached', pid, movedFrom),
  tenant: cause.tenant,
  eventId: cause.eventId,
  source: cause.source,
  effectiveAt: cause.at,
  changedAt: cause.place.logTime,
  policy: cause.policy,
  pid,
  identifiers,
  movedFrom,
});

/**
 * At most one for an event. An owner added to a mark that was there already is the consequence of
 * the conflict that set it.
 */
function addRefused(records: IdentityRecord[], decision: Attribution, cause: RecordCause): void {
  const { target, refused, nowShared, nowHub, ownersAdded } = decision;
  if (refused.length === 0 && ownersAdded.length === 0) return;
  const reason: RefusalReason = refused[0]?.reason ?? 'strong_conflict';
  const leftOut =
    refused.length === 0
      ? ownersAdded.map(({ identifier }) => identifier)
      : refused.flatMap(({ identifiers }) => identifiers);
  records.push({
    kind: 'identity',
    change: 'refused',
    recordId: recordIdOf(cause, 'refused', target, null),
    tenant: cause.tenant,
    eventId: cause.eventId,
    source: cause.source,
    effectiveAt: cause.at,
    changedAt: cause.place.logTime,
    policy: cause.policy,
    reason,
    identifiers: leftOut,
    pids: [...new Set(refused.flatMap(({ pids }) => pids))],
    attributedTo: target,
    nowShared,
    nowHub,
    ownersAdded: ownersAdded.map(({ identifier, owner }) => ({ identifier, owner })),
  });
}
