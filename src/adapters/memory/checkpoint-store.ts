/** Checkpoints in memory. */
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';

export function createMemoryCheckpointStore(): CheckpointStore {
  const saved = new Map<string, Uint8Array>();
  return {
    load: async (name) => saved.get(name)?.slice(),
    async save(name, value) {
      saved.set(name, value.slice());
    },
  } satisfies CheckpointStore;
}
