/**
 * What one event does in the identity plane: whose it is, what changes thereby, and what is said of it
 * on `events`. All events of a batch stand on one ground: what was looked up once for all of them, and
 * what those before have changed.
 */
import { WeftError } from '../src/errors.ts';
import { attribute } from '../src/domain/identity/attribute.ts';
import type { BatchView } from '../src/domain/identity/batch-view.ts';
import type { IdentityHash, Pid } from '../src/domain/identity/identifier.ts';
import { recordsOf } from '../src/domain/identity/identity-records.ts';
import type { Policy } from '../src/domain/identity/policy.ts';
import type { ProfileLimits } from '../src/domain/identity/profile-record.ts';
import type { Attribution, CreatedAt, Decision } from '../src/domain/identity/view.ts';
import type { IdentityRecord } from '../src/domain/message.ts';
import { partitionOf } from '../src/domain/partitioning.ts';
import type { IdentitySession } from '../src/ports/identity-store.ts';
import type { EventOutcome } from '../src/ports/outcomes.ts';
import type { Outputs } from '../src/runtime/outputs.ts';
import { bury, loggedAt, type Raw, type ReadOptions } from './read-raw.ts';
import { stitched } from './stitched-event.ts';
import { RAW_TOPICS } from './topics.ts';
import { writeDecision, writesNothing } from './write-decision.ts';

export interface AttributeOptions extends ReadOptions {
  readonly hash: IdentityHash;
  readonly policy: Policy;
  readonly partitions: number;
  readonly notes: ReadOptions['notes'] & {
    readonly unresolved: (source: string) => void;
    readonly merged: (outcome: string, count: number) => void;
  };
}

export interface Ground {
  readonly options: AttributeOptions;
  readonly session: IdentitySession;
  readonly view: BatchView;
  readonly outputs: Outputs;
  readonly newToken: () => string;
  readonly limits: ProfileLimits;
}

/**
 * null: it went on to its profile. Most events change nothing and do so at once; of the others a promise
 * tells how the event ended, null again if it went on. An await for each would cost more than all the rest.
 */
export function attributeEvent(ground: Ground, raw: Raw): Promise<EventOutcome | null> | null {
  const decision = decide(ground, raw);
  if (!changesNothing(decision)) return settle(ground, raw, decision);
  sendOn(ground, raw, decision);
  return null;
}

const decide = ({ options, view }: Ground, { normalised, identifiers }: Raw): Decision =>
  attribute(identifiers, view, {
    policy: options.policy,
    hash: options.hash,
    tenant: normalised.raw.tenant,
  });

const changesNothing = (decision: Decision): decision is Attribution =>
  decision.kind === 'attributed' && writesNothing(decision) && decision.refused.length === 0;

/** The event goes on to the profile it was attributed to. */
function sendOn({ options, outputs }: Ground, raw: Raw, decision: Attribution): void {
  outputs.add('events', partitionOf(decision.target, options.partitions), stitched(raw, decision));
}

async function settle(ground: Ground, raw: Raw, first: Decision): Promise<EventOutcome | null> {
  const { options, outputs } = ground;
  const { normalised, record } = raw;
  const decision = await looked(ground, raw, first);
  if (decision.kind === 'dead') {
    const reason = 'the event carries two values of one unique identifier type';
    const dead = { kind: 'dead', raw: normalised.raw, code: decision.reason, reason } as const;
    bury(options, outputs, { record, index: raw.index, normalised: dead });
    return 'dead_letter';
  }
  if (decision.kind === 'unresolved') {
    options.notes.unresolved(normalised.raw.source);
    outputs.add('events', record.partition, stitched(raw, null));
    return null;
  }
  if (!changesNothing(decision)) await change(ground, raw, decision);
  sendOn(ground, raw, decision);
  return null;
}

/**
 * No digest leads to a profile that nobody claimed: an anon(x) that has events, a pid that another
 * founder has. What is there already is looked at before anything is created.
 */
async function looked(ground: Ground, raw: Raw, first: Decision): Promise<Decision> {
  const { session, view } = ground;
  let decision = first;
  while (decision.kind === 'attributed' && decision.create && !view.record(decision.target)) {
    const there = await session.record(raw.normalised.raw.tenant, decision.target);
    if (!there) break;
    view.loadRecord(there);
    decision = decide(ground, raw);
  }
  return decision;
}

/** Into the identity plane, as records on `events`, and into what this batch sees. */
async function change(ground: Ground, raw: Raw, decision: Attribution): Promise<void> {
  const { options, session, view, newToken, limits } = ground;
  const { tenant } = raw.normalised.raw;
  const createdAt = placeInLog(raw, options.partitions);
  const targetEpoch = decision.create?.epoch ?? view.root(decision.target).epoch;
  const { policy } = options;
  const writing = { tenant, decision, createdAt, policy, limits, targetEpoch, newToken };
  const written = await writeDecision(session, writing);
  if (written.kind === 'again') throw movedOn();
  emitRecords(ground, raw, decision, { createdAt, created: written.created });
  view.apply(decision, createdAt);
}

/** Another worker changed what this batch relied on: the whole batch looks and decides anew. */
const movedOn = (): WeftError =>
  new WeftError('store_unavailable', 'stitch: the identity plane moved on meanwhile');

function emitRecords(
  { options, outputs, view }: Ground,
  raw: Raw,
  decision: Attribution,
  written: { readonly createdAt: CreatedAt; readonly created: boolean },
): void {
  const { event, raw: sent } = raw.normalised;
  const records = recordsOf(decision, view, {
    tenant: event.tenant,
    eventId: event.id,
    source: event.source,
    at: event.at,
    place: written.createdAt,
    policy: options.policy.version,
    history: sent.history,
    wait: sent.wait,
    created: written.created,
  });
  const lastMerge = records.findLast((record) => record.change === 'merged');
  for (const record of records) {
    const isMerge = record.change === 'merged';
    const pid = whoActsOn(record) ?? decision.target;
    // One merge carries the wait on; the others would count the event again.
    const message = isMerge && record !== lastMerge ? { ...record, wait: null } : record;
    outputs.add('events', partitionOf(pid, options.partitions), message);
  }
  if (decision.merge.length > 0) options.notes.merged('merged', decision.merge.length);
  for (const { reason } of decision.refused) options.notes.merged(reason, 1);
}

/** Who has something to do because of a record: the absorbed hands over, the former holder gives up. */
function whoActsOn(record: IdentityRecord): Pid | null {
  if (record.change === 'merged') return record.absorbed;
  return record.change === 'attached' ? record.movedFrom : null;
}

/** A total order over all raw partitions: the oldest profile survives by it. */
const placeInLog = (raw: Raw, partitions: number): CreatedAt => ({
  logTime: loggedAt(raw),
  partition: RAW_TOPICS.indexOf(raw.record.topic as never) * partitions + raw.record.partition,
  offset: raw.record.offset,
  index: raw.index,
});
