import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES } from '../domain/event.ts';
import { checkEventText } from '../domain/parse-event.ts';
import { DAY_MS } from './calendar.ts';
import type { SimulatedEvent } from './event.ts';
import { NO_NOISE } from './noise.ts';
import { POISON_KINDS } from './poison.ts';
import { START, historyOf, read } from './reading.contract.ts';
import { createSimulation } from './simulation.ts';

const hashOf = (events: Iterable<SimulatedEvent>): string => {
  const hash = createHash('sha256');
  for (const event of events) hash.update(JSON.stringify(event));
  return hash.digest('hex');
};

const events = [...historyOf(1)];
const readings = events.map(read);

describe('a simulated history', () => {
  it('is the same to the byte for the same seed, and another for another', () => {
    expect(hashOf(historyOf(1))).toBe(hashOf(events));
    expect(hashOf(historyOf(2))).not.toBe(hashOf(events));
  });

  it('is the one that was written down when this was last changed', () => {
    expect(hashOf(historyOf(1, { to: START + 3 * DAY_MS }))).toBe(GOLDEN);
  });

  it('comes by arrival, within its bounds, each id once but for duplicates', () => {
    const ids = new Map<string, SimulatedEvent>();
    const faults: string[] = [];
    let last = START;
    for (const event of events) {
      if (event.arriveAt < last) faults.push(`${event.id} comes too late`);
      last = event.arriveAt;
      const before = ids.get(event.id);
      if ((event.truth.kind === 'duplicate') !== (before !== undefined)) faults.push(event.id);
      if (before !== undefined && before.body !== event.body) faults.push(`${event.id} differs`);
      ids.set(event.id, event);
    }
    expect(faults).toEqual([]);
    expect(last).toBeLessThan(START + 30 * DAY_MS);
  });

  it('has nothing but poison that a strict edge refuses, and it refuses all poison', () => {
    const spoilt = [...historyOf(3, { to: START + 6 * DAY_MS, noise: { poison: 0.2 } })].map(read);
    const faults = [...readings, ...spoilt].filter(
      ({ event, parsed }) => (parsed === undefined) !== (event.truth.kind === 'poison'),
    );
    expect(faults).toEqual([]);
    const kinds = new Set(spoilt.flatMap(({ event }) => event.truth.poison ?? []));
    expect([...kinds].toSorted()).toEqual(POISON_KINDS.toSorted());
  });

  it('is small enough for the edge, in whole characters', () => {
    const texts = events
      .filter(({ truth }) => truth.kind !== 'poison')
      .map(({ body }) => JSON.stringify(body));
    expect(texts.filter((text) => checkEventText(text) !== undefined)).toEqual([]);
    expect(texts.filter((text) => /\\ud[89a-f]|\uFFFD/i.test(text))).toEqual([]);
    expect(texts.filter((text) => /\p{Script=Han}/u.test(text)).length).toBeGreaterThan(5_000);
  });

  it('says the same inside an event as beside it, with types the catalogue knows', () => {
    const types = new Set<string>(EVENT_TYPES);
    const faults = readings.filter(({ event, parsed }) => {
      if (parsed === undefined) return false;
      const { id, source, type, at, flags } = parsed;
      const isSame = id === event.id && source === event.source && type === event.type;
      return !isSame || at !== event.at || flags.length > 0 || !types.has(type);
    });
    expect(faults).toEqual([]);
  });

  it('has orders whose lines come to the total and the discount', () => {
    let orders = 0;
    const faults: string[] = [];
    for (const { parsed } of readings) {
      if (parsed?.order === undefined || parsed.type !== 'order_paid') continue;
      const { order, items } = parsed;
      let linesFen = 0;
      for (const { price, quantity } of items) linesFen += Math.round(price * quantity);
      if (linesFen !== order.total + order.discount) faults.push(order.id);
      orders++;
    }
    expect(faults).toEqual([]);
    expect(orders).toBeGreaterThan(500);
  });

  it('pays back, days later, no more than was paid for an order it knows', () => {
    const paid = new Map<string, number>();
    const refunds: [paid: number, back: number][] = [];
    for (const { parsed } of readings) {
      if (parsed?.order === undefined) continue;
      const { id, total } = parsed.order;
      if (parsed.type === 'order_paid') paid.set(id, total);
      if (parsed.type === 'order_refunded') refunds.push([paid.get(id) ?? 0, total]);
    }
    expect(refunds.filter(([before, back]) => back > before || back === 0)).toEqual([]);
    expect(refunds.filter(([before, back]) => back < before).length).toBeGreaterThan(0);
    expect(refunds.filter(([before, back]) => back === before).length).toBeGreaterThan(0);
  });

  it('has about as many events as were asked for', () => {
    const quiet = historyOf(4, { eventsPerShopperDay: 2, noise: NO_NOISE });
    const count = [...quiet].length;
    expect(count / (300 * 2 * 30)).toBeGreaterThan(0.9);
    expect(count / (300 * 2 * 30)).toBeLessThan(1.25);
    expect(quiet.truth.counts.byKind).toMatchObject({ ordinary: count, duplicate: 0, poison: 0 });
  });

  it('is made as it is read: the first events of a century come at once', () => {
    const century = historyOf(1, { to: START + 36_500 * DAY_MS })[Symbol.iterator]();
    const first = Array.from({ length: 100 }, () => century.next().done);
    expect(first.includes(true)).toBe(false);
  });

  it('refuses what makes no sense', () => {
    const make = (seed: number, shoppers: number) => () =>
      createSimulation({ seed, shoppers, start: START });
    expect(make(-1, 10)).toThrow('seed');
    expect(make(0.5, 10)).toThrow('seed');
    expect(make(1, 0)).toThrow('shoppers');
    expect(() => historyOf(1, { to: START })).toThrow('end after');
    expect(() => historyOf(1).truth.abandonedCarts(1, 1)).toThrow('keepCarts');
  });
});

/** Where it changes on purpose, totals printed by the demo change too. */
const GOLDEN = '93949db2bfc1f31df153e560e1217f23d1ca3e5ef6038c3c3cbc19d70f9d300b';
