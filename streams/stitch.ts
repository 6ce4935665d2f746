/**
 * event → stitched event: each event is normalised and finds its one profile; profiles that turn out
 * to be one shopper are merged, and every change of the identity plane is a record on `events`. Raw
 * partitions are read in log-time order, so that a shopper's till and app are met as they happened.
 * This stage also keeps the clock: it appends a marker when a timer is due, else every five seconds.
 */
import type { Digest } from '../src/domain/identity/identifier.ts';
import { createBatchView, type BatchView } from '../src/domain/identity/batch-view.ts';
import { profileLimits } from '../src/domain/identity/policy.ts';
import type { RawEvent } from '../src/domain/message.ts';
import type { LogRecord, TopicPartition } from '../src/ports/event-log.ts';
import type { IdentitySession, IdentityStore, RawMove } from '../src/ports/identity-store.ts';
import type { EventOutcome, Outcomes } from '../src/ports/outcomes.ts';
import type { Position } from '../src/ports/outbox.ts';
import type { Alarm } from '../src/runtime/alarm.ts';
import { Outputs, publish } from '../src/runtime/outputs.ts';
import type { InputClock, Progress, Stage, Turn } from '../src/runtime/stage.ts';
import { attributeEvent, type AttributeOptions } from './attribute-event.ts';
import { appendMarkers, type MarkerOptions } from './markers.ts';
import { inLogTimeOrder, readRawBatch, type Raw } from './read-raw.ts';
import { RAW_TOPICS } from './topics.ts';

const MARKER_EVERY_MS = 5_000;

export interface StitchOptions extends AttributeOptions, MarkerOptions {
  readonly store: IdentityStore;
  readonly alarm: Alarm;
  /** Added to a due time before it fires; a marker before that would be for nothing. */
  readonly slackMs: number;
  /** False on the history clock: there the records move it, and `ingest` appends the last marker. */
  readonly marksTime: () => boolean;
  readonly outcomes: Outcomes;
}

/** What happened, to be counted. */
export type StitchNotes = AttributeOptions['notes'];

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
      const step = attributeEvent(ground, raw);
      const outcome = step && (await step);
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

/**
 * One trip for the whole batch: everything any of its events may ask about. What several name is asked
 * for again: to find that out costs more.
 */
async function resolve(
  session: IdentitySession,
  view: BatchView,
  raws: readonly Raw[],
): Promise<void> {
  const byTenant = new Map<string, Digest[]>();
  for (const { normalised, identifiers } of raws) {
    const { tenant } = normalised.raw;
    let asked = byTenant.get(tenant);
    if (!asked) byTenant.set(tenant, (asked = []));
    for (const { digest } of identifiers) asked.push(digest);
  }
  for (const [tenant, asked] of byTenant) {
    const resolved = await session.resolve(tenant, asked);
    for (let i = 0; i < asked.length; i += 1) view.load(asked[i] as Digest, resolved[i] ?? NOTHING);
  }
}

const NOTHING = { entry: undefined, records: [] };

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
