/**
 * event → stitched event: each event is normalised and finds its one profile; profiles that turn out
 * to be one shopper are merged, and every change of the identity plane is a record on `events`. Raw
 * partitions are read in log-time order, so that a shopper's till and app are met as they happened.
 * This stage also keeps the clock: it appends a marker when a timer is due, else every five seconds.
 */
import { WeftError } from '../src/errors.ts';
import { attribute } from '../src/domain/identity/attribute.ts';
import { createBatchView, type BatchView } from '../src/domain/identity/batch-view.ts';
import type { Pid } from '../src/domain/identity/identifier.ts';
import { profileLimits, type Policy } from '../src/domain/identity/policy.ts';
import type { ProfileLimits } from '../src/domain/identity/profile-record.ts';
import { recordsOf } from '../src/domain/identity/identity-records.ts';
import type { Attribution, CreatedAt, Decision } from '../src/domain/identity/view.ts';
import type { IdentityRecord, Marker, RawEvent } from '../src/domain/message.ts';
import { partitionOf } from '../src/domain/partitioning.ts';
import type { EventLog, LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { IdentitySession, IdentityStore, RawMove } from '../src/ports/identity-store.ts';
import type { EventOutcome, Outcomes } from '../src/ports/outcomes.ts';
import type { Position } from '../src/ports/outbox.ts';
import type { Alarm } from '../src/runtime/alarm.ts';
import { encodeEnvelope, Outputs, publish, type TopicCodecs } from '../src/runtime/outputs.ts';
import type { InputClock, Progress, Stage, Turn } from '../src/runtime/stage.ts';
import {
  bury,
  inLogTimeOrder,
  loggedAt,
  readRawBatch,
  type Raw,
  type ReadOptions,
} from './read-raw.ts';
import { stitched } from './stitched-event.ts';
import { RAW_TOPICS } from './topics.ts';
import { writeDecision, writesNothing } from './write-decision.ts';

const MARKER_EVERY_MS = 5_000;

export interface StitchOptions extends ReadOptions {
  readonly log: EventLog;
  readonly store: IdentityStore;
  readonly codecs: TopicCodecs;
  readonly policy: Policy;
  readonly partitions: number;
  readonly alarm: Alarm;
  /** Added to a due time before it fires; a marker before that would be for nothing. */
  readonly slackMs: number;
  /** False on the history clock: there the records move it, and `ingest` appends the last marker. */
  readonly marksTime: () => boolean;
  readonly outcomes: Outcomes;
  readonly notes: StitchNotes;
}

/** What happened, to be counted. */
export interface StitchNotes {
  readonly dropped: (type: string, reason: string) => void;
  readonly deadLetter: (topic: string, code: string) => void;
  readonly unresolved: (source: string) => void;
  readonly merged: (outcome: string, count: number) => void;
}

interface Owned {
  readonly epoch: number;
  position: Position;
}

export function createStitchStage(options: StitchOptions): Stage {
  const owned = new Map<string, Owned>();
  let markedAt = 0;
  let tokens = 0;
  const newToken = (): string => `${options.outcomes.instance}/${(tokens += 1)}`;
  const limits = profileLimits(options.policy);
  let wake = (): void => undefined;
  options.alarm.onSooner(() => wake());

  const claim = async (partitions: readonly TopicPartition[]): Promise<readonly number[]> => {
    const claims = await options.store.claim(partitions);
    for (const { topic, partition, epoch, position, unpublished } of claims) {
      const place = { topic, partition };
      await publish(options.log, unpublished, (s) => options.store.trim(place, s));
      owned.set(nameOf(place), { epoch, position });
    }
    return claims.map((each) => each.position.offset);
  };

  const commit = async (
    session: IdentitySession,
    moves: readonly RawMove[],
    outputs: Outputs,
    logTime: number | undefined,
  ): Promise<readonly Progress[]> => {
    const answer = await session.commit(moves, outputs.records(logTime));
    if (answer.kind === 'fenced') {
      for (const partition of answer.partitions) owned.delete(nameOf(partition));
      return answer.partitions.map((partition) => ({ kind: 'lost', partition }));
    }
    if (answer.kind === 'moved') {
      const partitions = answer.positions.map(({ topic, partition }) => ({ topic, partition }));
      const offsets = await claim(partitions);
      return partitions.map((partition, i) => ({
        kind: 'moved',
        partition,
        next: offsets[i] ?? 0,
      }));
    }
    const first = moves[0];
    if (first) {
      await publish(options.log, answer.unpublished, (s) => options.store.trim(first, s));
    }
    return moves.map(({ topic, partition, from, to }): Progress => {
      const own = owned.get(nameOf({ topic, partition }));
      if (own) own.position = to;
      const applied = to.offset - from.offset;
      return { kind: 'done', partition: { topic, partition }, next: to.offset, applied };
    });
  };

  const process = async (turn: Turn): Promise<readonly Progress[]> => {
    const records = inLogTimeOrder(turn);
    if (records.length === 0) return [];
    const outputs = new Outputs(options.codecs);
    const batch = await readRawBatch(options, records, outputs);
    const session = options.store.begin();
    const view = createBatchView(options.policy);
    await resolve(session, view, batch.raws);
    const ended: [RawEvent, EventOutcome][] = [...batch.ended];
    const ground = { options, session, view, outputs, newToken, limits };
    for (const raw of batch.raws) {
      const decision = decide(ground, raw);
      // Most events change nothing, and an await for each would cost more than all the rest.
      if (changesNothing(decision)) {
        sendOn(ground, raw, decision);
        continue;
      }
      const outcome = await settle(ground, raw, decision);
      if (outcome !== null) ended.push([raw.normalised.raw, outcome]);
    }
    const last = batch.raws.at(-1);
    const logTime = last?.normalised.raw.history ? last.record.logTime : undefined;
    const progress = await commit(session, movesOf(owned, batch.read), outputs, logTime);
    if (progress.every((step) => step.kind === 'done')) {
      for (const [event, outcome] of ended) {
        if (event.wait) options.outcomes.tell(event.wait, outcome);
      }
    }
    return progress;
  };

  const idle = async (clocks: () => readonly InputClock[]): Promise<number | null> => {
    if (!options.marksTime()) return null;
    const clock = Math.min(...clocks().map((each) => each.clock));
    if (!Number.isFinite(clock) || clock === 0) return null;
    const wanted = (): number =>
      Math.min(markedAt + MARKER_EVERY_MS, options.alarm.earliest() + options.slackMs);
    if (clock >= wanted()) {
      await appendMarkers(options, { kind: 'marker', clock, partitions: [], history: false });
      markedAt = clock;
    }
    return Math.max(1, Math.max(wanted(), clock + 1) - clock);
  };

  return {
    name: 'stitch',
    topics: RAW_TOPICS,
    ordered: 'by-log-time',
    claim,
    release(partitions) {
      for (const partition of partitions) owned.delete(nameOf(partition));
    },
    process,
    idle,
    wakeBy(look) {
      wake = look;
    },
    settled: () => true,
    stop: () => Promise.resolve(),
  } satisfies Stage;
}

/** The same marker to every partition of `events`. */
export async function appendMarkers(
  options: Pick<StitchOptions, 'log' | 'codecs' | 'partitions'>,
  marker: Marker,
): Promise<void> {
  const encoded = encodeEnvelope(options.codecs, 'events', [marker]);
  const logTime = marker.history ? { logTime: marker.clock } : {};
  const records = Array.from({ length: options.partitions }, (_, partition) => ({
    topic: 'events',
    partition,
    ...encoded,
    ...logTime,
  }));
  await options.log.append(records);
}

/** One trip for the whole batch: everything any of its events may ask about. */
async function resolve(
  session: IdentitySession,
  view: BatchView,
  raws: readonly Raw[],
): Promise<void> {
  const byTenant = new Map<string, Set<string>>();
  for (const { normalised, identifiers } of raws) {
    const { tenant } = normalised.raw;
    const digests = byTenant.get(tenant) ?? new Set();
    byTenant.set(tenant, digests);
    for (const { digest } of identifiers) digests.add(digest);
  }
  for (const [tenant, digests] of byTenant) {
    const asked = [...digests];
    const resolved = await session.resolve(tenant, asked);
    asked.forEach((digest, i) => view.load(digest, resolved[i] ?? NOTHING));
  }
}

interface Ground {
  readonly options: StitchOptions;
  readonly session: IdentitySession;
  readonly view: BatchView;
  readonly outputs: Outputs;
  readonly newToken: () => string;
  readonly limits: ProfileLimits;
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

/** Answers how the event ended here; null: it goes on to its profile. */
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

const NOTHING = { entry: undefined, records: [] };

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

function movesOf(
  owned: ReadonlyMap<string, Owned>,
  read: readonly LogRecord[],
): readonly RawMove[] {
  const last = new Map<string, LogRecord>();
  for (const record of read) last.set(nameOf(record), record);
  return [...last.values()].flatMap(({ topic, partition, offset }) => {
    const own = owned.get(nameOf({ topic, partition }));
    if (!own) return [];
    const to = { offset: offset + 1, index: 0 };
    return [{ topic, partition, epoch: own.epoch, from: own.position, to }];
  });
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
