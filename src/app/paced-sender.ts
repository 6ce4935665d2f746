/**
 * Sends simulated events over HTTP when their time has come by a clock: open loop, in small batches,
 * a shopper's events in order. What the server answers is counted, never assumed.
 */
import type { SimulatedEvent } from '../simulator/event.ts';
import type { Clock } from '../ports/clock.ts';

export interface Sent {
  readonly requests: number;
  readonly events: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Requests that were not answered 200 or 400. */
  readonly failed: number;
  /** Real milliseconds from sending to answer, one a request. */
  readonly requestMs: readonly number[];
}

export interface PacedOptions {
  readonly url: string;
  readonly events: Iterable<SimulatedEvent>;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** One request at a time, and no two events of one lane in it: their order is kept for certain. */
  readonly laneOf?: (event: SimulatedEvent) => number | null;
  /** Each time the sender looks what has come due. */
  readonly onLook?: () => void;
  readonly onSent?: (events: readonly SimulatedEvent[]) => void;
}

const TICK_MS = 20;
const BATCH_MAX = 200;
/** Beyond this the server does not keep up, and waiting is all that helps. */
const UNDER_WAY_MAX = 64;
const TIMES_KEPT_MAX = 1_000_000;

export async function sendPaced(options: PacedOptions): Promise<Sent> {
  const total = { requests: 0, events: 0, accepted: 0, rejected: 0, failed: 0 };
  const requestMs: number[] = [];
  const underWay = new Set<Promise<void>>();
  const underWayMax = options.laneOf ? 1 : UNDER_WAY_MAX;

  const post = async (batch: readonly SimulatedEvent[]): Promise<void> => {
    const startedMs = performance.now();
    options.onSent?.(batch);
    const answer = await postEvents(options.url, batch);
    if (requestMs.length < TIMES_KEPT_MAX) requestMs.push(performance.now() - startedMs);
    total.requests += 1;
    total.events += batch.length;
    total.accepted += answer.accepted;
    total.rejected += answer.rejected;
    total.failed += answer.failed ? 1 : 0;
  };

  const iterator = options.events[Symbol.iterator]();
  let next = iterator.next();
  while (!next.done && !options.signal?.aborted) {
    options.onLook?.();
    const batch: SimulatedEvent[] = [];
    const now = options.clock.now();
    const lanes = new Set<number>();
    let isCut = false;
    while (!next.done && next.value.arriveAt <= now && batch.length < BATCH_MAX) {
      const lane = options.laneOf?.(next.value) ?? null;
      isCut = lane !== null && lanes.has(lane);
      if (isCut) break;
      if (lane !== null) lanes.add(lane);
      batch.push(next.value);
      next = iterator.next();
    }
    if (batch.length > 0) {
      const work = post(batch).finally(() => underWay.delete(work));
      underWay.add(work);
      if (underWay.size >= underWayMax) await Promise.race(underWay);
    }
    if (batch.length < BATCH_MAX && !isCut)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(underWay);
  return { ...total, requestMs };
}

interface Answered {
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: boolean;
}

async function postEvents(url: string, batch: readonly SimulatedEvent[]): Promise<Answered> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch.map((event) => event.body)),
  }).catch(() => undefined);
  if (response?.status === 200) {
    const answer = (await response.json()) as { accepted: number; rejected?: unknown[] };
    return { accepted: answer.accepted, rejected: answer.rejected?.length ?? 0, failed: false };
  }
  await response?.arrayBuffer();
  const isRefused = response?.status === 400;
  return { accepted: 0, rejected: isRefused ? batch.length : 0, failed: !isRefused };
}

/** The value below which this share of the values lies; NaN where there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
