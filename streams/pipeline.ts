/**
 * How a shopper's event becomes a coupon, in order. Each stage is one file beside this one:
 *
 *   raw.pos raw.app raw.order raw.social raw.crm
 *     → normalise   read-raw.ts, normalise.ts       a body becomes an event, or a dead letter
 *     → stitch      stitch.ts, attribute-event.ts   the event finds its one profile; profiles merge
 *   events
 *     → profile     profile.ts                      windows, tags, waits, triggers; time passes
 *   changes, actions
 *     → dispatch    dispatch.ts, carry-out.ts       coupons are issued, messages sent, once
 *   deliveries, dead_letters
 *     → archive     archive.ts, archive-columns.ts  everything into ClickHouse, once
 *
 * Normalise and stitch are fused: nothing is re-keyed between them. Every stage reads topics, keeps
 * its own position beside its own state, and can be run in a process of its own. What messages are as
 * bytes is in `schemas/`, and said by hand in `shapes/`.
 */
import type { AnalyticsStore } from '../src/ports/analytics-store.ts';
import type { CheckpointStore } from '../src/ports/checkpoint-store.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { DispatchLedger } from '../src/ports/dispatch-ledger.ts';
import type { EventLog } from '../src/ports/event-log.ts';
import type { IdentityStore } from '../src/ports/identity-store.ts';
import type { ProfileStore } from '../src/ports/profile-store.ts';
import type { Message } from '../src/domain/message.ts';
import type { ProfileState } from '../src/domain/profile/profile-state.ts';
import { partitionOf, pidOfStateKey } from '../src/domain/partitioning.ts';
import { createAlarm } from '../src/runtime/alarm.ts';
import type { Codec, RecordCodec } from '../src/runtime/codec.ts';
import { createKeyedStage } from '../src/runtime/keyed-stage.ts';
import type { Metrics } from '../src/runtime/metrics.ts';
import type { Stage } from '../src/runtime/stage.ts';
import { createArchiveStage } from './archive.ts';
import type { CatalogueTags } from './archive-rows.ts';
import type { CarryOutOptions } from './carry-out.ts';
import { createDispatchStage } from './dispatch.ts';
import { createProfileLogic, SLACK_MS, type ProfileNotes, type ProfileOptions } from './profile.ts';
import { createStitchStage, type StitchNotes, type StitchOptions } from './stitch.ts';

export const STAGE_NAMES = ['stitch', 'profile', 'dispatch', 'archive'] as const;
export type StageName = (typeof STAGE_NAMES)[number];

export interface PipelineParts
  extends
    Pick<
      StitchOptions,
      'hash' | 'policy' | 'partitions' | 'region' | 'currency' | 'marksTime' | 'outcomes'
    >,
    Pick<ProfileOptions, 'hashId' | 'catalogueOf'>,
    CarryOutOptions {
  readonly log: EventLog;
  readonly identity: IdentityStore;
  readonly profiles: ProfileStore;
  readonly ledger: DispatchLedger;
  readonly checkpoints: CheckpointStore;
  readonly analytics: AnalyticsStore;
  readonly realTime: Clock;
  readonly codecs: ReadonlyMap<string, Codec<Message>>;
  readonly stateCodec: RecordCodec<ProfileState>;
  readonly cacheBytes: number;
  readonly tagsOf: CatalogueTags;
  readonly notes: {
    readonly stitch: StitchNotes;
    readonly profile: ProfileNotes;
    readonly metrics: Metrics;
  };
}

export function createPipeline(parts: PipelineParts): Readonly<Record<StageName, Stage>> {
  const alarm = createAlarm();
  const codecOf = (topic: string): Codec<Message> => {
    const codec = parts.codecs.get(topic);
    if (!codec) throw new TypeError(`there is no topic ${topic}`);
    return codec;
  };
  const { metrics } = parts.notes;

  return {
    stitch: createStitchStage({
      ...parts,
      store: parts.identity,
      codec: codecOf('raw.pos'),
      alarm,
      slackMs: SLACK_MS,
      notes: parts.notes.stitch,
    }),

    profile: createKeyedStage({
      name: 'profile',
      topic: 'events',
      logic: createProfileLogic({ ...parts, codec: parts.stateCodec, notes: parts.notes.profile }),
      store: parts.profiles,
      log: parts.log,
      codec: codecOf('events'),
      codecs: parts.codecs,
      route: (key) => partitionOf(pidOfStateKey(key), parts.partitions),
      cacheBytes: parts.cacheBytes,
      alarm,
      onTurn: ({ commitMs }) => metrics.commit.observe({ stage: 'profile' }, commitMs / 1_000),
    }),

    dispatch: createDispatchStage({
      ...parts,
      codec: codecOf('actions'),
      onDelivery: ({ channel, outcome }) => metrics.deliveries.inc({ channel, outcome }),
    }),

    archive: createArchiveStage({
      ...parts,
      onInsert: (table, rows) => metrics.archiveRows.inc({ table }, rows),
    }),
  };
}
