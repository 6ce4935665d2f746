/** For tests of tags: events in one line, and a shopper who takes them in as the profile stage does. */
import { emptyAggregates, type Aggregates } from '../aggregates/state.ts';
import type { Event, Json } from '../event.ts';
import type { TagChange } from '../message.ts';
import { UTC, type Zone } from '../zone.ts';
import { compileTags } from './compile.ts';
import { evaluate, valuesAt } from './evaluate.ts';
import { fold, mergeAggregates, prune } from './fold.ts';
import { nextChangeAt } from './next-change.ts';
import type { TagPlan } from './plan.ts';
import { presentTags } from './present.ts';
import { touchedByTime } from './time-touched.ts';
import { emptyValues, type TagValues } from './values.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A Monday, 00:00 UTC. */
export const START = 20_605 * DAY;

export type Told = Partial<Omit<Event, 'type' | 'at'>>;

let told = 0;

/** `on('order_paid', at, { … })`; the id is one more each time. */
export function on(type: string, at: number, more: Told = {}): Event {
  return {
    tenant: 'default',
    id: `e${String(++told).padStart(6, '0')}`,
    source: 'app',
    type,
    at,
    receivedAt: at,
    items: [],
    properties: '{}',
    flags: [],
    ...more,
  };
}

/** @public */
export const order = (id: string, total: number, discount = 0): Told => ({
  order: { id, total, discount, currency: 'CNY', coupons: [] },
});

/** @public */
export const item = (sku: string, quantity: number, price: number, category?: string) =>
  category === undefined ? { sku, quantity, price } : { sku, quantity, price, category };

/** The plan of definitions that must be sound. */
export function planOf(definitions: Json, zone: Zone = UTC): TagPlan {
  const compiled = compileTags(definitions, { zone });
  if (compiled.ok) return compiled.plan;
  throw new Error(
    compiled.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
  );
}

export interface Shopper {
  readonly aggregates: Aggregates;
  readonly values: TagValues;
  /** When time alone may next change a tag. */
  nextAt(): number | null;
  /** Takes an event in at `now`, after all that is due before it. */
  see(event: Event, now?: number): TagChange[];
  /** Lets time pass. */
  pass(until: number): TagChange[];
  absorb(other: Shopper, now: number): TagChange[];
  /** As the lookup shows them. */
  tags(now: number): Readonly<Record<string, Json>>;
}

export function newShopper(plan: TagPlan): Shopper {
  const aggregates = emptyAggregates();
  const values = emptyValues();
  let nextAt: number | null = null;
  let clock = 0;
  const pass = (until: number): TagChange[] => {
    const changes: TagChange[] = [];
    while (nextAt !== null && nextAt <= until) {
      const touched = touchedByTime(plan, { aggregates, values }, { since: clock, now: nextAt });
      clock = nextAt;
      changes.push(...evaluate(plan, aggregates, values, { now: clock, touched }));
      prune(plan, { aggregates, values }, clock);
      nextAt = nextChangeAt(plan, aggregates, values, clock);
    }
    clock = Math.max(clock, until);
    return changes;
  };
  return {
    aggregates,
    values,
    nextAt: () => nextAt,
    pass,
    see(event, now = event.at) {
      const changes = pass(Math.max(now, clock));
      const touched = fold(plan, aggregates, event, clock);
      changes.push(...evaluate(plan, aggregates, values, { now: clock, touched }));
      nextAt = nextChangeAt(plan, aggregates, values, clock, { touched, before: nextAt });
      return changes;
    },
    absorb(other, now) {
      pass(now);
      mergeAggregates(plan, aggregates, { from: other.aggregates, now: clock });
      const changes = evaluate(plan, aggregates, values, { now: clock, touched: 'all' });
      nextAt = nextChangeAt(plan, aggregates, values, clock);
      return changes;
    },
    tags: (now) => presentTags(plan, valuesAt(plan, aggregates, now), now),
  };
}

/** A shopper who has seen these, in this order, each when it happened. */
/** @public */
export function shopperOf(plan: TagPlan, events: readonly Event[]): Shopper {
  const shopper = newShopper(plan);
  for (const event of events) shopper.see(event);
  return shopper;
}

/** The offsets of an IANA zone, as Node knows them. */
export function zoneOf(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const known = new Map<number, number>();
  const offsetAt = (at: number): number => {
    // Offsets change on the quarter of an hour.
    const quarter = Math.floor(at / (15 * MINUTE)) * 15 * MINUTE;
    const cached = known.get(quarter);
    if (cached !== undefined) return cached;
    const parts = format.formatToParts(quarter);
    const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
    const local = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    known.set(quarter, local - quarter);
    return local - quarter;
  };
  return { offsetAt };
}
