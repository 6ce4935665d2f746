/**
 * For how many seconds a refused sender should stay away: 15 s, doubling with the sender's own
 * count of retries or with the age of the outage, to 300 s, ± 20 %, in whole seconds. Clients of
 * the Segment kind obey it on 429 only, and at most ten times (edge.md).
 */
const FIRST_SECONDS = 15;
const LAST_SECONDS = 300;
const JITTER = 0.2;

export interface RetryAfter {
  /** The log took what it was given: no outage, or no longer. */
  succeeded(): void;
  /** It did not: answers the seconds to wait. `retryCount`: of `X-Retry-Count`, as sent. */
  failed(retryCount: unknown): number;
}

export interface RetryAfterOptions {
  /** Milliseconds. */
  readonly now: () => number;
  /** From 0 to 1, like Math.random. */
  readonly random: () => number;
}

export function createRetryAfter({ now, random }: RetryAfterOptions): RetryAfter {
  let failingSince: number | undefined;

  function failed(retryCount: unknown): number {
    failingSince ??= now();
    const ageSeconds = Math.min(LAST_SECONDS, (now() - failingSince) / 1_000);
    const base = Math.max(byCount(retryCount), byAge(ageSeconds));
    const spread = 1 + JITTER * (2 * random() - 1);
    return Math.min(LAST_SECONDS, Math.round(base * spread));
  }

  return {
    succeeded() {
      failingSince = undefined;
    },
    failed,
  };
}

function byCount(retryCount: unknown): number {
  const count = typeof retryCount === 'string' && /^\d{1,4}$/.test(retryCount) ? +retryCount : 0;
  return Math.min(LAST_SECONDS, FIRST_SECONDS * 2 ** Math.min(count, 10));
}

/** The outage so far, rounded down to a step of the doubling. */
function byAge(ageSeconds: number): number {
  let seconds = FIRST_SECONDS;
  while (seconds * 2 <= ageSeconds) seconds *= 2;
  return seconds;
}
