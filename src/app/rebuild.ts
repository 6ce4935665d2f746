/**
 * Both projections made anew from `events` alone: identity from its records, profiles by the profile
 * stage itself. Nothing is published again: outputs of what was applied before are computed and
 * dropped. The log, the archive and what was sent are not touched. Cut short, it is begun again.
 */
import { createSystemClock } from '../adapters/system/clock.ts';
import type { Config } from '../config.ts';
import type { IdentityRecord } from '../domain/message.ts';
import { openEngine } from './engine.ts';
import type { Logger } from './logger.ts';
import { dumpOf } from './dump.ts';
import { openProjections, type Projections } from './projections.ts';
import { rebuildIdentity } from './rebuild-identity.ts';
import { markRebuildBegun, markRebuildDone } from './rebuilding.ts';

export interface Rebuilt {
  readonly identityRecords: number;
  readonly profiles: number;
  readonly sha256: string;
}

export async function rebuild(
  config: Config,
  logger: Logger,
  onStep: (step: string) => void,
): Promise<Rebuilt> {
  const before = await openProjections(config, { mayBeHalf: true });
  let identityRecords = 0;
  try {
    onStep('reading identity records');
    const records = await identityRecordsIn(before);
    await markRebuildBegun(before);
    onStep(`applying ${records.length} identity records`);
    identityRecords = await rebuildIdentity(before.identity, records);
    for (let partition = 0; partition < before.partitions; partition += 1) {
      await before.profiles.reset(partition);
    }
  } finally {
    await before.close();
  }
  onStep('replaying events into profiles');
  await replayProfiles(config, logger);
  const after = await openProjections(config, { mayBeHalf: true });
  try {
    await markRebuildDone(after);
    const { profiles, sha256 } = await dumpOf(after);
    return { identityRecords, profiles, sha256 };
  } finally {
    await after.close();
  }
}

/** The profile stage alone, on the time of the log: no marker is added, nothing leaves. */
async function replayProfiles(config: Config, logger: Logger): Promise<void> {
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const engine = await openEngine({
    config,
    clock: createSystemClock(),
    marksTime: () => false,
    stages: ['profile'],
    withAnalytics: false,
    announces: false,
    rebuilds: true,
    logger,
    onLogLine: () => undefined,
    onFatal: fail,
  });
  try {
    await Promise.race([engine.settled(), failed]);
  } finally {
    await engine.stop();
  }
}

async function identityRecordsIn({ log, codecs }: Projections): Promise<IdentityRecord[]> {
  const codec = codecs.of('events');
  const found: IdentityRecord[] = [];
  for (const [partition, { first, next }] of (await log.bounds('events')).entries()) {
    for (let at = first; at < next;) {
      const limits = { recordsMax: 1_000, bytesMax: 8 * 1024 * 1024 };
      const records = await log.read({ topic: 'events', partition }, at, limits);
      if (records.length === 0) break;
      for (const record of records) {
        await codec.learn(record.schema);
        for (const message of codec.decode(record.schema, record.value)) {
          if (message.kind === 'identity') found.push(message);
        }
      }
      at = (records.at(-1)?.offset ?? at) + 1;
    }
  }
  return found;
}
