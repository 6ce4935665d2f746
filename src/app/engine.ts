/**
 * An engine: one process's share of an installation, put together from adapters and stages. Embedded,
 * it is all of it: log, stores, every stage, and chDB in a child process. What a command needs beyond
 * that (a server, an import, a rebuild) is built on what is here.
 */
import { randomUUID } from 'node:crypto';
import { openEnvironment } from '../adapters/lmdb/environment.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import { createIdentityHash, loadInstallationKey } from '../adapters/system/identity-hash.ts';
import { createOutcomes } from '../adapters/system/outcomes.ts';
import type { Config } from '../config.ts';
import { P0 } from '../domain/identity/policy.ts';
import { messageOf, WeftError } from '../errors.ts';
import type { AnalyticsStore } from '../ports/analytics-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { runStage, type StageLoop } from '../runtime/stage-loop.ts';
import { openActionFeed } from '../../streams/action-feed.ts';
import { createIntake } from '../../streams/intake.ts';
import { createPipeline, type StageName } from '../../streams/pipeline.ts';
import { createProfileReader } from '../../streams/profile-reader.ts';
import { profilesOf } from '../../streams/profiles-of.ts';
import { topicsOf } from '../../streams/topics.ts';
import { openAnalytics } from './analytics.ts';
import { announceCatalogue, catalogueOfText, catalogueTags, loadCatalogue } from './catalogue.ts';
import { openChannels } from './channels.ts';
import { openCodecs } from './codecs.ts';
import { couponIssuer, hashIdOf, messageRenderer } from './deciding.ts';
import type { Logger } from './logger.ts';
import { version } from './package-files.ts';
import { profileNotes, stitchNotes } from './notes.ts';
import { refuseHalfRebuilt } from './rebuilding.ts';
import { openStores } from './stores.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly clock: Clock;
  /** Does time pass by itself? Not on the history clock: there the rows move it. */
  readonly marksTime: () => boolean;
  readonly stages: readonly StageName[];
  /** False for work that neither archives nor is asked in SQL; true unless told otherwise. */
  readonly withAnalytics?: boolean;
  /** May a catalogue that is not the log's go into the log? True unless told otherwise. */
  readonly announces?: boolean;
  /** Does it make whole what a rebuild has emptied? False unless told otherwise. */
  readonly rebuilds?: boolean;
  readonly logger: Logger;
  /** Lines of the channel `log`. */
  readonly onLogLine: (line: string) => void;
  /** The engine cannot go on. */
  readonly onFatal: (error: unknown) => void;
}

export type Engine = Awaited<ReturnType<typeof openEngine>>;

const STUCK_MS = 30_000;
const WATCH_EVERY_MS = 1_000;

export async function openEngine(options: EngineOptions) {
  const { config, clock, logger } = options;
  const loaded = await loadCatalogue(config.catalogueDir, config.timeZone);
  const topics = topicsOf(config.partitions);
  const environment = openEnvironment(config.dataDir, {
    clock,
    partitions: config.partitions,
    topics,
  });
  const closers: (() => Promise<void> | void)[] = [() => environment.close()];
  try {
    const stores = openStores(environment, clock);
    closers.push(() => stores.log.close());
    if (!(options.rebuilds ?? false)) await refuseHalfRebuilt(stores);
    const codecs = await openCodecs(stores.schemas);
    const isNew = (await stores.log.bounds('events')).every(({ next }) => next === 0);
    const key = loadInstallationKey(config.dataDir, { mayMake: isNew });
    const hash = createIdentityHash({ key });
    if (options.announces ?? true) {
      await announceCatalogue(loaded, { ...stores, codecs: codecs.byTopic });
    }
    const catalogueOf = catalogueOfText();
    const metrics = createMetrics(version());
    const outcomes = createOutcomes({ instance: randomUUID(), clock });
    const analytics =
      (options.withAnalytics ?? true)
        ? await openAnalytics(config, logger, closers)
        : noAnalytics();
    const opened = openChannels(loaded.catalogue.channels, config, options.onLogLine);
    for (const reason of opened.missing) logger.warn({ reason }, 'channel_not_offered');
    // Last of all: a gateway that does not answer keeps nothing else open.
    closers.unshift(...[...opened.channels.values()].map((channel) => () => channel.close()));
    const profiles = createProfileReader({
      identity: stores.identity,
      profiles: stores.profiles,
      codec: codecs.state,
      hash,
      policy: P0,
      region: config.region,
      partitions: config.partitions,
      catalogue: () => loaded.catalogue,
    });
    const pipeline = createPipeline({
      ...stores,
      analytics,
      clock,
      realTime: createSystemClock(),
      codecs: codecs.byTopic,
      stateCodec: codecs.state,
      hash,
      hashId: hashIdOf,
      policy: P0,
      partitions: config.partitions,
      region: config.region,
      currency: config.currency,
      cacheBytes: config.cacheBytes,
      marksTime: options.marksTime,
      catalogueOf,
      tagsOf: (text) => catalogueTags(catalogueOf(text)),
      outcomes,
      channels: opened.channels,
      channelPlan: () => loaded.catalogue.channels,
      issueOf: couponIssuer(loaded.catalogue, key),
      render: messageRenderer(loaded.catalogue),
      consentOf: (tenant, pid, channel) => profiles.consentOf(tenant, pid, channel),
      profilesOf: (tenant, pid) => profilesOf(stores.identity, tenant, pid),
      notes: { stitch: stitchNotes(metrics), profile: profileNotes(metrics, clock), metrics },
    });

    let stopping = false;
    // Looking is dear (every table is measured), so it is done by the clock and not by the request.
    let isDiskLow = environment.diskState().low;
    const refuse = (): void => {
      stopping = true;
      analytics.cancelReads();
    };
    const guard = (): void => {
      if (stopping) throw new WeftError('shutting_down', 'this process is stopping');
      if (isDiskLow) {
        throw new WeftError('disk_guard', 'there is too little free disk space to take events in');
      }
    };
    const intake = createIntake({
      log: stores.log,
      codecs: codecs.byTopic,
      partitions: config.partitions,
      guard,
    });
    const loops: StageLoop[] = [];
    for (const name of options.stages) {
      const loop = await runStage(pipeline[name], {
        log: stores.log,
        clock,
        group: name,
        onFatal: options.onFatal,
        onRetry(stage, error, attempt) {
          metrics.retries.inc({ stage });
          logger.warn({ stage, attempt, reason: messageOf(error) }, 'stage_retry');
        },
      });
      loops.push(loop);
    }
    const watch = setInterval(() => {
      const disk = environment.diskState();
      isDiskLow = disk.low;
      metrics.diskFree.set(disk.freeBytes);
      void stores.ledger
        .unfinished()
        .then((count) => metrics.dispatchUnfinished.set(count))
        .catch(() => undefined);
      for (const loop of loops) metrics.lagEvents.set({ stage: loop.name }, loop.lag().records);
      const stuck = loops.find((loop) => loop.stuckForMs() > STUCK_MS);
      if (stuck) {
        options.onFatal(
          new WeftError('stuck', `stage ${stuck.name} has had work for 30 s and made no progress`),
        );
      }
    }, WATCH_EVERY_MS);
    watch.unref();
    const actions = await openActionFeed(stores.log, codecs.of('actions'));

    return {
      ...stores,
      environment,
      config,
      clock,
      codecs,
      hash,
      catalogue: loaded.catalogue,
      analytics,
      metrics,
      outcomes,
      intake,
      profileReader: profiles,
      actions,
      loops,
      isStopping: () => stopping,
      /** Everything in the log at this moment is applied, and what follows from it too. */
      async settled(): Promise<void> {
        for (let before = -1, now = 0; before !== now;) {
          before = now;
          for (const loop of loops) await loop.whenSettled();
          now = await sizeOfLog(
            stores.log,
            topics.map((topic) => topic.name),
          );
        }
      },
      /** From now on it is not ready and takes no event in; what others ask the archive is cut short. */
      refuse,
      async stop(): Promise<void> {
        refuse();
        clearInterval(watch);
        actions.close();
        // All at once: no stage begins anything while another one ends.
        await Promise.all(loops.map((loop) => loop.stop()));
        for (const close of closers.toReversed()) await close();
      },
    };
  } catch (error) {
    for (const close of closers.toReversed()) await close();
    throw error;
  }
}

/** Where nothing may ask: every use is a mistake of ours, said in the words of the port. */
function noAnalytics(): AnalyticsStore {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new WeftError('archive_unavailable', 'this command runs without the analytics store'),
    );
  return {
    migrate: refuse,
    insert: refuse,
    query: refuse,
    queryReadOnly: refuse,
    streamReadOnly: refuse,
    cancelReads: () => undefined,
    ping: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  };
}

async function sizeOfLog(log: EventLog, topics: readonly string[]): Promise<number> {
  let records = 0;
  for (const topic of topics) {
    for (const { next } of await log.bounds(topic)) records += next;
  }
  return records;
}
