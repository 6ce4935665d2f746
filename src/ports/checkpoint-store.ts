/**
 * Small notes a reader of the log keeps for itself under a name: how far the archive got, and what
 * it was about to insert. The last save wins; a name has one writer by arrangement.
 */
export interface CheckpointStore {
  load(name: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. */
  save(name: string, value: Uint8Array): Promise<void>;
}
