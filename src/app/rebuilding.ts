/**
 * A rebuild empties the projections before it makes them anew. Cut short, it leaves stores that look
 * sound and know half: a note stands from before the first is emptied until the last is whole, and
 * while it stands nothing but a rebuild opens them.
 */
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import { WeftError } from '../errors.ts';

interface Notes {
  readonly checkpoints: CheckpointStore;
}

const CHECKPOINT = 'rebuild';

const save = ({ checkpoints }: Notes, state: 'begun' | 'done'): Promise<void> =>
  checkpoints.save(CHECKPOINT, new TextEncoder().encode(state));

export const markRebuildBegun = (notes: Notes): Promise<void> => save(notes, 'begun');

export const markRebuildDone = (notes: Notes): Promise<void> => save(notes, 'done');

export async function refuseHalfRebuilt({ checkpoints }: Notes): Promise<void> {
  const state = await checkpoints.load(CHECKPOINT);
  if (state === undefined || new TextDecoder().decode(state) !== 'begun') return;
  throw new WeftError(
    'projection_rebuilding',
    'a rebuild of this data directory was cut short, so it knows only half: run `weft rebuild` to the end first',
  );
}
