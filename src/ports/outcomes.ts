/**
 * How a request with `?wait=applied` hears what became of its events. Best effort: whoever ends an
 * event tells; who waits gives up after a while, the events being accepted all the same.
 */
import type { Wait } from '../domain/message.ts';

const EVENT_OUTCOMES = ['applied', 'duplicate', 'dead_letter', 'unresolved'] as const;
export type EventOutcome = (typeof EVENT_OUTCOMES)[number];

export type OutcomeCounts = Readonly<Record<EventOutcome | 'pending', number>>;

export interface Outcomes {
  /** This process, unique among those that share the log. */
  readonly instance: string;
  tell(wait: Wait, outcome: EventOutcome): void;
  /**
   * Counts what is told of `token` until `events` of them ended or `timeoutMs` passed. Call it
   * before the events are appended.
   */
  expect(token: string, events: number, timeoutMs: number): Promise<OutcomeCounts>;
}
