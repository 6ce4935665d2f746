/**
 * The stores of a data directory without stages and without chDB: to look at them, or to make them
 * anew from the log.
 */
import { openEnvironment } from '../adapters/lmdb/environment.ts';
import { createSystemClock } from '../adapters/system/clock.ts';
import type { Config } from '../config.ts';
import { WeftError } from '../errors.ts';
import { existsSync } from 'node:fs';
import { topicsOf } from '../../streams/topics.ts';
import { openCodecs } from './codecs.ts';
import { refuseHalfRebuilt } from './rebuilding.ts';
import { openStores } from './stores.ts';

export type Projections = Awaited<ReturnType<typeof openProjections>>;

/** `mayBeHalf`: for who makes them whole. */
export async function openProjections(config: Config, { mayBeHalf = false } = {}) {
  if (!existsSync(config.dataDir)) {
    throw new WeftError('invalid_usage', `there is no data directory ${config.dataDir}`);
  }
  const clock = createSystemClock();
  const environment = openEnvironment(config.dataDir, {
    clock,
    partitions: config.partitions,
    topics: topicsOf(config.partitions),
  });
  const stores = openStores(environment, clock);
  const close = async (): Promise<void> => {
    stores.log.close();
    await environment.close();
  };
  try {
    if (!mayBeHalf) await refuseHalfRebuilt(stores);
    const codecs = await openCodecs(stores.schemas);
    return { ...stores, codecs, partitions: environment.partitions, close };
  } catch (error) {
    await close();
    throw error;
  }
}
