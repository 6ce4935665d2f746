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
  return [
    ...createdRecords(decision, cause),
    ...decision.merge.map((merge) => mergedRecord(decision.target, merge, plane, cause)),
    ...attachedRecords(decision, cause),
    ...refusedRecords(decision, cause),
  ];
}

const NONE: readonly never[] = [];

const isUnchanged = ({ create, attach, merge, rebind, refused, ownersAdded }: Attribution) =>
  create === undefined &&
  [attach, merge, rebind, refused, ownersAdded].every((list) => list.length === 0);

function baseOf(cause: RecordCause, change: string, pids: readonly Pid[]) {
  const { tenant, eventId, source, at, place, policy } = cause;
  const recordId = [eventId, change, ...pids].join('/');
  const moments = { effectiveAt: at, changedAt: place.logTime };
  return { kind: 'identity', recordId, tenant, eventId, source, ...moments, policy } as const;
}

function createdRecords(decision: Attribution, cause: RecordCause): readonly IdentityRecord[] {
  const { target, create, attach, anonymousOf } = decision;
  if (create === undefined || !cause.created) return NONE;
  const founder = attach.find(({ digest }) => digest === create.founder);
  return [
    {
      ...baseOf(cause, 'created', [target]),
      change: 'created',
      pid: target,
      epoch: create.epoch,
      founder: create.founder,
      createdBy: founder?.type ?? null,
      createdByScope: founder?.scope ?? '',
      createdAt: cause.place,
      anonymousOf: anonymousOf ?? null,
    },
  ];
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
    ...baseOf(cause, 'merged', [absorbed, survivor]),
    change: 'merged',
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
function attachedRecords(decision: Attribution, cause: RecordCause): readonly IdentityRecord[] {
  const { target, create, attach, rebind } = decision;
  const founder = cause.created ? create?.founder : undefined;
  const fresh = attach.filter(({ digest }) => digest !== founder).map(keyOf);
  const attached = (identifiers: readonly IdentifierKey[], movedFrom: Pid | null) =>
    ({
      ...baseOf(cause, 'attached', movedFrom === null ? [target] : [target, movedFrom]),
      change: 'attached',
      pid: target,
      identifiers,
      movedFrom,
    }) as const satisfies IdentityRecord;
  const roots = new Set(rebind.map(({ root }) => root));
  const moved = Array.from(roots, (root) =>
    attached(
      rebind.filter((one) => one.root === root).map(({ identifier }) => keyOf(identifier)),
      root,
    ),
  );
  return fresh.length === 0 ? moved : [attached(fresh, null), ...moved];
}

/**
 * At most one for an event. An owner added to a mark that was there already is the consequence of
 * the conflict that set it.
 */
function refusedRecords(decision: Attribution, cause: RecordCause): readonly IdentityRecord[] {
  const { target, refused, nowShared, nowHub, ownersAdded } = decision;
  if (refused.length === 0 && ownersAdded.length === 0) return NONE;
  const reason: RefusalReason = refused[0]?.reason ?? 'strong_conflict';
  const leftOut =
    refused.length === 0
      ? ownersAdded.map(({ identifier }) => identifier)
      : refused.flatMap(({ identifiers }) => identifiers);
  return [
    {
      ...baseOf(cause, 'refused', [target]),
      change: 'refused',
      reason,
      identifiers: leftOut,
      pids: [...new Set(refused.flatMap(({ pids }) => pids))],
      attributedTo: target,
      nowShared,
      nowHub,
      ownersAdded: ownersAdded.map(({ identifier, owner }) => ({ identifier, owner })),
    },
  ];
}
