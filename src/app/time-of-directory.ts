/**
 * A data directory begins on the history clock: imports run at the speed of reading, on the time of
 * their own rows. Once it has served live traffic, its time is the wall's, for good.
 */
import type { CheckpointStore } from '../ports/checkpoint-store.ts';

const CHECKPOINT = 'live';

export const markLive = ({
  checkpoints,
}: {
  readonly checkpoints: CheckpointStore;
}): Promise<void> => checkpoints.save(CHECKPOINT, new TextEncoder().encode('live'));

export const isLive = async ({
  checkpoints,
}: {
  readonly checkpoints: CheckpointStore;
}): Promise<boolean> => (await checkpoints.load(CHECKPOINT)) !== undefined;
