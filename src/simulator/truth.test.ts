import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from './calendar.ts';
import {
  createPaths,
  digestOf,
  historyOf,
  read,
  simulationOf,
  type Reading,
} from './reading.contract.ts';

const stream = historyOf(1);
const readings = [...stream].map(read);
const { truth } = stream;
const { population } = simulationOf(1).world;
const shared = new Map([...truth.shared].map((one) => [digestOf(one.identifier), one]));

/** What tells of a shopper: no poison, nothing that is nobody's. */
const telling = readings.filter(
  ({ event: { truth: of }, parsed }) =>
    parsed !== undefined && of.shopper !== null && of.kind !== 'unresolved',
);

describe('the truth of a history', () => {
  it('counts what a walk over the events counts', () => {
    const { events, bySource, byKind } = truth.counts;
    const { ordinary: _, ...noise } = byKind;
    expect(walk(readings)).toEqual({ events, bySource, ...noise });
  });

  it('is, for this seed, what it was when this was last changed', () => {
    expect(walk(readings)).toEqual(COUNTS);
  });

  it('has each kind of noise at its rate, not half or twice as often', () => {
    const { byKind } = truth.counts;
    const rate = (count: number) => count / byKind.ordinary;
    expect(rate(byKind.duplicate)).toBeGreaterThan(0.005);
    expect(rate(byKind.duplicate)).toBeLessThan(0.02);
    expect(rate(byKind.disordered)).toBeGreaterThan(0.01);
    expect(rate(byKind.disordered)).toBeLessThan(0.04);
    expect(rate(byKind.poison)).toBeGreaterThan(0.001);
    expect(rate(byKind.poison)).toBeLessThan(0.004);
  });

  it('knows every identifier that points at somebody, and who shares it', () => {
    const users = new Map<string, Set<number>>();
    for (const { event, usable } of telling) {
      for (const digest of usable) {
        users.set(digest, (users.get(digest) ?? new Set()).add(event.truth.shopper ?? -1));
      }
    }
    const owners = new Map<string | undefined, number>();
    for (let shopper = 0; shopper < truth.shoppers; shopper++) {
      for (const one of truth.groupsOf(shopper).flat()) owners.set(digestOf(one), shopper);
    }
    const faults: string[] = [];
    for (const [digest, shoppers] of users) {
      const owner = owners.get(digest);
      if (shared.has(digest)) continue;
      const others = [...shoppers].filter((one) => one !== owner);
      // A number that went from one to the next is the only other thing that two have used.
      const isPassedOn = others.length === 1 && others[0] === (owner ?? 0) - 1;
      if (owner === undefined || (others.length > 0 && !isPassedOn)) faults.push(digest);
    }
    expect(faults).toEqual([]);
    expect(owners.size + shared.size).toBe(users.size);
    const kinds = [...shared.values()].map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['tablet', 'family_phone', 'kiosk']));
  });

  it('puts into one group what a path of events has shown together, and nothing else', () => {
    const paths = createPaths();
    for (const { usable } of telling) paths.join(usable.filter((digest) => !shared.has(digest)));
    const faults: number[] = [];
    for (let shopper = 0; shopper < truth.shoppers; shopper++) {
      const groups = truth
        .groupsOf(shopper)
        .map((group) => new Set(group.map((one) => paths.rootOf(digestOf(one) ?? ''))));
      const roots = new Set(groups.flatMap((group) => [...group]));
      // The two owners of a number are one path, which must not make them one shopper.
      const isPair = /owner/.test(population.kindOf(shopper));
      if (!isPair && roots.size !== groups.length) faults.push(shopper);
      if (groups.some((group) => group.size !== 1)) faults.push(shopper);
    }
    expect(faults).toEqual([]);
  });

  it('has kiosks that became hubs: more than ten members used them', () => {
    const kiosks = [...shared.values()].filter(({ kind }) => kind === 'kiosk');
    expect(kiosks.length).toBeGreaterThan(0);
    for (const { shoppers } of kiosks) expect(shoppers.size).toBeGreaterThan(10);
  });

  it('hands a number over with proof, after its former owner stopped using it', () => {
    const proofs = telling.filter(({ parsed }) => parsed?.sent.some((one) => one.verified));
    expect(proofs.length).toBeGreaterThan(0);
    for (const { event, usable } of proofs) {
      const { shopper } = event.truth;
      const phone = usable.find((digest) => digest.startsWith('phone'));
      expect(population.kindOf(shopper ?? -1)).toBe('next_owner');
      const former = telling.filter(
        (one) => one.event.truth.shopper === (shopper ?? 0) - 1 && one.usable.includes(phone ?? ''),
      );
      expect(former.every((one) => one.event.arriveAt < event.at)).toBe(true);
      const has = (number: number) => truth.groupsOf(number).flat().map(digestOf).includes(phone);
      expect([has(shopper ?? 0), has((shopper ?? 0) - 1)]).toEqual([true, false]);
    }
  });

  it('knows the carts as a walk finds them, paid in time or not', () => {
    const kept = historyOf(1, { keepCarts: true });
    const carts = new Map<string, { added: number[]; paid: number[] }>();
    for (const { event, parsed } of [...kept].map(read)) {
      if (parsed?.cart === undefined || event.truth.shopper === null) continue;
      if (event.truth.kind === 'duplicate') continue;
      const known = carts.get(parsed.cart) ?? { added: [], paid: [] };
      carts.set(parsed.cart, known);
      if (parsed.type === 'cart_added') known.added.push(parsed.at);
      if (parsed.type === 'order_paid') known.paid.push(parsed.at);
    }
    const told = kept.truth.carts.map(({ cart, addedAt, paidAt }) => [
      cart,
      { added: addedAt, paid: paidAt === undefined ? [] : [paidAt] },
    ]);
    for (const { added } of carts.values()) added.sort((a, b) => a - b);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(carts));
    const { dueAt, paidInTime } = kept.truth.abandonedCarts(30 * MINUTE_MS, Infinity);
    expect(dueAt.length + paidInTime).toBeGreaterThanOrEqual(carts.size);
    expect(paidInTime / carts.size).toBeGreaterThan(0.25);
    expect(paidInTime / carts.size).toBeLessThan(0.6);
  });
});

/** Without a look at the truth: by ids, by times, by what parser and normalisation say. */
function walk(all: readonly Reading[]) {
  const bySource = { pos: 0, app: 0, order: 0, social: 0, crm: 0 };
  const noise = { duplicate: 0, poison: 0, two_values: 0, late: 0, disordered: 0, unresolved: 0 };
  const ids = new Set<string>();
  for (const { event, parsed, usable } of all) {
    bySource[event.source]++;
    if (parsed === undefined) {
      noise.poison++;
      continue;
    }
    const delayMs = event.arriveAt - parsed.at;
    if (ids.has(event.id)) noise.duplicate++;
    else if (usable.filter((digest) => digest.startsWith('member')).length > 1) noise.two_values++;
    else if (usable.length === 0) noise.unresolved++;
    else if (delayMs > HOUR_MS) noise.late++;
    else if (delayMs > 10_000) noise.disordered++;
    ids.add(event.id);
  }
  return { events: all.length, bySource, ...noise };
}

const COUNTS = {
  events: 16_457,
  bySource: { pos: 1_192, app: 12_998, order: 1_251, social: 522, crm: 494 },
  duplicate: 150,
  poison: 28,
  two_values: 2,
  late: 25,
  disordered: 341,
  unresolved: 10,
};
