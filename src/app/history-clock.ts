/** The clock of an import: the running maximum of `at` over its rows. Nothing waits on it. */
import type { Clock } from '../ports/clock.ts';

export interface HistoryClock extends Clock {
  /** Moves forward only; answers the time there is then. */
  reach(at: number): number;
}

export function createHistoryClock(): HistoryClock {
  let now = 0;
  return {
    now: () => now,
    reach: (at) => (now = Math.max(now, at)),
    after(_ms, run) {
      const timer = setImmediate(run);
      return () => clearImmediate(timer);
    },
  };
}
