/**
 * Three clocks: the machine's, one that runs faster (a demo lives half an hour in half a minute),
 * and one that stands still until it is told to go on (tests). None goes back; a callback never
 * runs before its moment by the same clock, although Node's own timers may be a millisecond early.
 */
import type { Clock } from '../../ports/clock.ts';

export interface ManualClock extends Clock {
  /** Lets `ms` pass, running what becomes due in order of its moment, each at its moment. */
  advance(ms: number): void;
}

export interface ScaledClockOptions {
  /** What this clock shows at first. */
  readonly start: number;
  /** How many of its milliseconds pass in one of `real`. */
  readonly factor: number;
  readonly real: Clock;
}

interface Waiting {
  readonly dueAt: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Node's limit for one timer. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** More callbacks in one `advance` are a callback that calls for itself without end. */
const RUNS_MAX = 1_000_000;

export function createSystemClock(): Clock {
  let last = 0;
  const now = (): number => {
    last = Math.max(last, Date.now());
    return last;
  };
  return {
    now,
    after(ms, run) {
      const dueAt = now() + ms;
      let timer: NodeJS.Timeout;
      const wait = (): void => {
        const left = dueAt - now();
        if (left <= 0) run();
        else timer = setTimeout(wait, Math.min(left, TIMER_MS_MAX));
      };
      timer = setTimeout(wait, Math.min(Math.max(0, ms), TIMER_MS_MAX));
      return () => clearTimeout(timer);
    },
  } satisfies Clock;
}

export function createScaledClock({ start, factor, real }: ScaledClockOptions): Clock {
  const realStart = real.now();
  const now = (): number => Math.floor(start + (real.now() - realStart) * factor);
  return {
    now,
    after(ms, run) {
      const dueAt = now() + ms;
      let cancel: () => void;
      const wait = (): void => {
        const left = dueAt - now();
        if (left <= 0) run();
        else cancel = real.after(Math.ceil(left / factor), wait);
      };
      cancel = real.after(Math.ceil(Math.max(0, ms) / factor), wait);
      return () => cancel();
    },
  } satisfies Clock;
}

export function createManualClock(start: number): ManualClock {
  let now = start;
  /** In the order they run. */
  const waiting: Waiting[] = [];
  return {
    now: () => now,
    after(ms, run) {
      const one = { dueAt: now + Math.max(0, ms), run, cancelled: false };
      waiting.splice(placeOf(waiting, one.dueAt), 0, one);
      return () => {
        one.cancelled = true;
      };
    },
    advance(ms) {
      const until = now + ms;
      let runs = 0;
      for (let next = waiting[0]; next && next.dueAt <= until; next = waiting[0]) {
        runs += 1;
        if (runs > RUNS_MAX) throw new Error(`${RUNS_MAX} callbacks ran within ${ms} ms`);
        waiting.shift();
        if (next.cancelled) continue;
        now = Math.max(now, next.dueAt);
        next.run();
      }
      now = Math.max(now, until);
    },
  } satisfies ManualClock;
}

/** Behind everything that is due at this moment or before. */
function placeOf(waiting: readonly Waiting[], dueAt: number): number {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((waiting[middle]?.dueAt ?? Infinity) <= dueAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
