/** Outcomes inside one process: who ends an event tells who waits for it, if anybody still does. */
import type { Clock } from '../../ports/clock.ts';
import type { EventOutcome, OutcomeCounts, Outcomes } from '../../ports/outcomes.ts';

export interface OutcomesOptions {
  readonly instance: string;
  readonly clock: Clock;
}

interface Waiting {
  readonly counts: Record<EventOutcome, number>;
  left: number;
  readonly finish: () => void;
}

/** Beyond these nobody else waits: the answer comes at once, everything pending. */
const WAITING_MAX = 10_000;

export function createOutcomes({ instance, clock }: OutcomesOptions): Outcomes {
  const waiting = new Map<string, Waiting>();
  return {
    instance,
    tell(wait, outcome) {
      const one = wait.instance === instance ? waiting.get(wait.token) : undefined;
      if (one === undefined) return;
      one.counts[outcome] += 1;
      one.left -= 1;
      if (one.left <= 0) one.finish();
    },
    expect(token, events, timeoutMs) {
      const counts = { applied: 0, duplicate: 0, dead_letter: 0, unresolved: 0 };
      const answer = (left: number): OutcomeCounts => ({ ...counts, pending: left });
      if (events <= 0 || waiting.size >= WAITING_MAX) return Promise.resolve(answer(events));
      if (waiting.has(token)) throw new Error('two requests wait under the same token');
      return new Promise((resolve) => {
        const one: Waiting = {
          counts,
          left: events,
          finish() {
            cancel();
            waiting.delete(token);
            resolve(answer(one.left));
          },
        };
        const cancel = clock.after(timeoutMs, one.finish);
        waiting.set(token, one);
      });
    },
  } satisfies Outcomes;
}
