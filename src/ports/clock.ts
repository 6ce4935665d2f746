/**
 * The wall clock, as the edges and the log see it. Stages never ask it: their time comes from the
 * log. A demo may scale it, a test may hold it still.
 */
export interface Clock {
  /** Milliseconds UTC. Never goes back within one process. */
  now(): number;
  /** Runs once, `ms` of this clock from now. Answers a function that cancels it. */
  after(ms: number, run: () => void): () => void;
}
