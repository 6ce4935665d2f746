import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, timeOfDay } from './calendar.ts';
import { fatesOf } from './carts.ts';
import { digestOf, read, simulationOf, type Reading } from './reading.contract.ts';
import type { LiveOptions } from './simulation.ts';
import type { SimulatedStream } from './stream.ts';

const FROM = Date.parse('2026-04-01T10:15:00+08:00');
const WAITS = [10, 30, 60].map((minutes) => minutes * MINUTE_MS);
const MARGIN_MS = 90 * SECOND_MS;
const LANE_GAP_MS = 2 * SECOND_MS;
const LIVE: LiveOptions = { from: FROM, minutes: 30, clearOf: WAITS, eventsPerMinute: 40 };

const liveOf = (seed: number, options: Partial<LiveOptions> = {}) =>
  simulationOf(seed).live({ ...LIVE, ...options });

/** Readings by who could influence whom: clusters, and kiosks, as their identifiers say. */
function connected(readings: readonly Reading[]): readonly (readonly Reading[])[] {
  const groups = new Map<string, Reading[]>();
  const add = (key: string, reading: Reading) =>
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  for (const reading of readings) {
    const { cluster } = reading.event.truth;
    // What points at nobody influences nobody.
    if (reading.usable.length === 0) continue;
    if (cluster !== null) add(`cluster ${cluster}`, reading);
    for (const digest of reading.usable) if (digest.includes('KIOSK')) add(digest, reading);
  }
  return [...groups.values()];
}

interface Pair {
  readonly a: Reading;
  readonly b: Reading;
}

const pairsOf = (group: readonly Reading[]): readonly Pair[] =>
  group.flatMap((a, index) => group.slice(index + 1).map((b) => ({ a, b })));

const momentsOf = ({ event }: Reading): readonly number[] => [event.at, event.arriveAt];

/** How far apart two events are, by every notion of when they happened. */
const distancesOf = ({ a, b }: Pair): readonly number[] =>
  momentsOf(a).flatMap((one) => momentsOf(b).map((other) => Math.abs(one - other)));

const isNear = (value: number, target: number) => Math.abs(value - target) < MARGIN_MS;
const isNearMultiple = (value: number, period: number) =>
  isNear(value % period, 0) || isNear(value % period, period);

const nameOf = ({ a, b }: Pair) => `${a.event.id} ${b.event.id}`;

describe('a live stretch that keeps clear of waits', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 40 });
  const check = (predicate: (groups: readonly (readonly Reading[])[]) => void) =>
    fc.assert(
      fc.property(seeds, (seed) => predicate(connected([...liveOf(seed)].map(read)))),
      { numRuns: 12 },
    );

  it('never lets HTTP turn two events round: on one raw partition 2 s, else 90 s apart', () => {
    check((groups) => {
      const faults = groups.flatMap(pairsOf).filter(({ a, b }) => {
        const gapMs = Math.abs(a.event.arriveAt - b.event.arriveAt);
        return gapMs < (a.lane === b.lane ? LANE_GAP_MS : MARGIN_MS);
      });
      expect(faults.map(nameOf)).toEqual([]);
    });
  });

  it('has no event within 90 s of the end of a wait, nor two waits ending together', () => {
    check((groups) => {
      const forbidden = [10, 20, 30, 50, 60].map((minutes) => minutes * MINUTE_MS);
      const faults = groups
        .flatMap(pairsOf)
        .filter((pair) =>
          distancesOf(pair).some((ms) => forbidden.some((wait) => isNear(ms, wait))),
        );
      expect(faults.map(nameOf)).toEqual([]);
    });
  });

  it('has no event near a full hour, nor a whole number of days after a late one', () => {
    check((groups) => {
      const events = groups.flat().map(({ event }) => event);
      expect(events.filter(({ arriveAt }) => isNearMultiple(arriveAt, HOUR_MS))).toEqual([]);
      const faults = groups
        .flatMap(pairsOf)
        .filter((pair) =>
          distancesOf(pair).some((ms) => ms > DAY_MS / 2 && isNearMultiple(ms, DAY_MS)),
        );
      expect(faults.map(nameOf)).toEqual([]);
    });
  });

  it('has no event near where another leaves an hour of five-minute tiles', () => {
    const groups = connected([...liveOf(5, { from: FROM - HOUR_MS, minutes: 150 })].map(read));
    const faults = groups.flatMap(pairsOf).filter(({ a, b }) => {
      const leavesAt = Math.ceil((a.event.at + 1) / (5 * MINUTE_MS)) * 5 * MINUTE_MS + HOUR_MS;
      return isNear(b.event.arriveAt, leavesAt);
    });
    expect(groups.flatMap(pairsOf).length).toBeGreaterThan(5_000);
    expect(faults.map(nameOf)).toEqual([]);
  });

  it('has no wait ending near where the clock is stopped', () => {
    const until = FROM + 50 * MINUTE_MS;
    const events = [...liveOf(6, { until })].filter(({ truth }) => truth.cluster !== null);
    const dues = events.flatMap(({ arriveAt }) => WAITS.map((wait) => arriveAt + wait));
    expect(dues.filter((due) => isNear(due, until))).toEqual([]);
    expect(dues.some((due) => due < until)).toBe(true);
  });

  it('is found wanting by these rules where it does not keep clear', () => {
    const groups = connected([...simulationOf(1).live({ ...LIVE, clearOf: [] })].map(read));
    const { clearOf: _, ...careless } = LIVE;
    const free = connected([...simulationOf(1).live(careless)].map(read));
    const nearWaits = (some: readonly (readonly Reading[])[]) =>
      some
        .flatMap(pairsOf)
        .filter((pair) => distancesOf(pair).some((ms) => WAITS.some((wait) => isNear(ms, wait))));
    const overtaking = (some: readonly (readonly Reading[])[]) =>
      some.flatMap(pairsOf).filter(({ a, b }) => {
        const gapMs = Math.abs(a.event.arriveAt - b.event.arriveAt);
        return a.lane !== b.lane && gapMs < MARGIN_MS;
      });
    expect(nearWaits(groups).length).toBeGreaterThan(0);
    expect(overtaking(groups)).toEqual([]);
    expect(overtaking(free).length).toBeGreaterThan(0);
  });
});

describe('the truth of a live stretch', () => {
  it('has carts that are abandoned and carts paid in time, as a walk over it finds them', () => {
    const stream = liveOf(1, { eventsPerMinute: 80 });
    const added = new Map<string, { cart: string; at: number[]; paid: number[] }>();
    for (const { event, parsed } of [...stream].map(read)) {
      if (parsed?.cart === undefined || event.truth.shopper === null) continue;
      const cart = added.get(parsed.cart) ?? { cart: parsed.cart, at: [], paid: [] };
      added.set(parsed.cart, cart);
      if (parsed.type === 'cart_added' && event.truth.kind !== 'duplicate') cart.at.push(parsed.at);
      if (parsed.type === 'order_paid') cart.paid.push(parsed.at);
    }
    for (const waitMs of WAITS) {
      let due = 0;
      let inTime = 0;
      for (const { at, paid } of added.values()) {
        for (const one of at) {
          if (at.some((other) => other > one && other - one <= waitMs)) continue;
          if (paid.some((other) => other >= one && other - one <= waitMs)) inTime++;
          else due++;
        }
      }
      const fates = stream.truth.abandonedCarts(waitMs, Infinity);
      expect([fates.dueAt.length, fates.paidInTime]).toEqual([due, inTime]);
      expect(due).toBeGreaterThan(10);
      expect(inTime).toBeGreaterThan(10);
    }
    const [ten, , sixty] = WAITS.map((waitMs) =>
      fatesOf(stream.truth.carts, { waitMs, until: Infinity }),
    );
    // Some come back after ten minutes and pay.
    expect(sixty?.paidInTime).toBeGreaterThan(ten?.paidInTime ?? Infinity);
  });

  it('tells of new members, each once', () => {
    const stream = liveOf(3, { minutes: 120, eventsPerMinute: 80 });
    const joined = [...stream]
      .filter(({ type, truth }) => type === 'member_registered' && truth.kind === 'ordinary')
      .map(({ truth }) => truth.shopper);
    expect(joined.length).toBeGreaterThan(2);
    expect(new Set(joined).size).toBe(joined.length);
  });

  it('is about the shoppers of the history before it, under the same names', () => {
    const simulation = simulationOf(1);
    const history = simulation.history({ from: FROM - 20 * DAY_MS, to: FROM - 2 * HOUR_MS });
    for (const event of history) void event;
    const live = simulation.live({ ...LIVE, minutes: 60 });
    for (const event of live) void event;
    const idsOf = (stream: SimulatedStream, number: number) =>
      stream.truth.groupsOf(number).flat().map(digestOf);
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    const seen = numbers.filter((number) => idsOf(live, number).length > 0);
    const known = seen.filter((number) => {
      const before = idsOf(history, number);
      return idsOf(live, number).some((digest) => before.includes(digest));
    });
    expect(seen.length).toBeGreaterThan(100);
    expect(known.length).toBeGreaterThan(0.9 * seen.length);
  });
});

describe('a live stretch for load', () => {
  it('has the rate asked for from the first seconds to the last, however short it is', () => {
    const perSecond = 500;
    const stream = simulationOf(1).live({
      from: FROM,
      minutes: 0.5,
      eventsPerMinute: perSecond * 60,
    });
    const counts = Array.from({ length: 6 }, () => 0);
    for (const { arriveAt } of stream) {
      expect(arriveAt).toBeGreaterThanOrEqual(FROM);
      counts[Math.floor((arriveAt - FROM) / 5_000)]! += 1;
    }
    for (const count of counts) {
      expect(count / (5 * perSecond)).toBeGreaterThan(0.75);
      expect(count / (5 * perSecond)).toBeLessThan(1.5);
    }
  });
});

describe('the history before a live stretch', () => {
  const before = { ...LIVE };

  it('is silent at its time of day, so that no count of days ends in it', () => {
    const simulation = simulationOf(2);
    const options = { from: FROM - 20 * DAY_MS, to: FROM - 2 * HOUR_MS };
    const opens = timeOfDay(FROM) - MARGIN_MS;
    const closes = timeOfDay(FROM) + 30 * MINUTE_MS + MARGIN_MS;
    const isInside = ({ at }: { readonly at: number }) =>
      timeOfDay(at) >= opens && timeOfDay(at) < closes;
    const told = [...simulation.history({ ...options, before })];
    expect(told.length).toBeGreaterThan(5_000);
    expect(told.filter(isInside)).toEqual([]);
    expect([...simulation.history(options)].filter(isInside).length).toBeGreaterThan(50);
  });

  it('must end before the first wait could reach into it', () => {
    const simulation = simulationOf(2);
    const until = (to: number) => () => simulation.history({ from: FROM - DAY_MS, to, before });
    expect(until(FROM - HOUR_MS)).toThrow('67 minutes');
    expect(until(FROM - 67 * MINUTE_MS)).not.toThrow();
  });

  it('is refused where waits are too short to leave room, or the stretch too long', () => {
    expect(() => liveOf(1, { clearOf: [MINUTE_MS] })).toThrow('three margins');
    expect(() => liveOf(1, { minutes: 721 })).toThrow('720 minutes');
    expect(() => liveOf(1, { until: FROM })).toThrow('until');
  });
});
