/** Checkpoints in the environment: the last save under a name, flushed before it is answered. */
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';
import type { Environment } from './environment.ts';

/** What is done again after a crash is done under the same tokens. */
const PATIENCE_MS = 50;

export function createLmdbCheckpointStore(environment: Environment): CheckpointStore {
  const table = environment.openTable<Uint8Array, string>('checkpoints', {
    keyEncoding: 'ordered-binary',
  });
  return {
    load: async (name) => table.getBinary(name),
    async save(name, value) {
      await environment.share({ run: () => table.putSync(name, value), patienceMs: PATIENCE_MS });
    },
  } satisfies CheckpointStore;
}
