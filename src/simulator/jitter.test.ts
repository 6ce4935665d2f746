import { describe, expect, it } from 'vitest';
import { attribute } from '../domain/identity/attribute.ts';
import { createBatchView } from '../domain/identity/batch-view.ts';
import { normaliseIdentifiers } from '../domain/identity/normalise.ts';
import { P0 } from '../domain/identity/policy.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './calendar.ts';
import type { SimulatedEvent } from './event.ts';
import { createRandom } from './random.ts';
import { IDENTITY, read, simulationOf, type Reading } from './reading.contract.ts';
import type { LiveOptions } from './simulation.ts';

const FROM = Date.parse('2026-03-20T10:15:00+08:00');
const LIVE: LiveOptions = {
  from: FROM,
  minutes: 45,
  eventsPerMinute: 60,
  clearOf: [30 * MINUTE_MS, HOUR_MS],
};
const OPTIONS = { ...IDENTITY, policy: P0 };

/** As a slow network delivers them: each a little late, those of one raw partition in order. */
function delayed(readings: readonly Reading[], seed: number, mostMs: number): readonly Reading[] {
  const random = createRandom(seed);
  const ends = new Map<string, number>();
  const arrivals = readings.map((reading) => {
    const wanted = reading.event.arriveAt + random.between(0, mostMs);
    const at = Math.max(wanted, (ends.get(reading.lane) ?? 0) + 1);
    ends.set(reading.lane, at);
    return { reading, at };
  });
  return arrivals.toSorted((a, b) => a.at - b.at).map(({ reading }) => reading);
}

interface Stitched {
  readonly id: string;
  readonly target: string;
  readonly merge: readonly string[];
  readonly refused: readonly string[];
}

/** What the identity plane did, by event, in words that do not depend on who came first. */
function stitched(past: readonly SimulatedEvent[], present: readonly Reading[]) {
  const view = createBatchView(P0);
  let offset = 0;
  const take = ({ event, parsed }: Reading): Stitched | undefined => {
    if (parsed === undefined) return undefined;
    const { identifiers } = normaliseIdentifiers(parsed.sent, OPTIONS);
    const decision = attribute(identifiers, view, OPTIONS);
    const place = { logTime: ++offset, partition: 0, offset, index: 0 };
    const { id } = event;
    if (decision.kind !== 'attributed')
      return { id, target: decision.kind, merge: [], refused: [] };
    view.apply(decision, place);
    const { target } = decision;
    const merge = decision.merge.map(({ pid }) => pid);
    return { id, target, merge, refused: decision.refused.map(({ reason }) => reason) };
  };
  for (const event of past) take(read(event));
  const decisions = present.map(take).filter((one) => one !== undefined);
  return decisions.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

describe('a live stretch over a network that delays each event by up to 45 s', () => {
  const simulation = simulationOf(1);
  const history = { from: FROM - 19 * DAY_MS, to: FROM - 2 * HOUR_MS, before: LIVE };
  const past = [...simulation.history(history)];
  const present = [...simulation.live(LIVE)].map(read);
  const undelayed = stitched(past, present);

  it('merges and refuses to merge at all', () => {
    expect(undelayed.filter(({ merge }) => merge.length > 0).length).toBeGreaterThan(5);
    expect(undelayed.filter(({ refused }) => refused.length > 0).length).toBeGreaterThan(0);
  });

  it.each([1, 2, 3])('makes the same profiles, merges and refusals (delays %i)', (seed) => {
    const late = delayed(present, seed, 45 * SECOND_MS);
    expect(late.map(({ event }) => event.id)).not.toEqual(present.map(({ event }) => event.id));
    expect(stitched(past, late)).toEqual(undelayed);
  });

  it('would not, were it not spaced', () => {
    const { clearOf: _, ...careless } = LIVE;
    const crowd = [...simulation.live({ ...careless, eventsPerMinute: 300 })].map(read);
    const late = delayed(crowd, 1, 45 * SECOND_MS);
    expect(stitched(past, late)).not.toEqual(stitched(past, crowd));
  });
});
