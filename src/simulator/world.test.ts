import { describe, expect, it } from 'vitest';
import {
  SLOTS,
  asTyped,
  familyPhoneOf,
  identifierOf,
  maskedPhone,
  tabletOf,
  virtualPhone,
} from './identities.ts';
import { PLACEHOLDERS } from './noise.ts';
import { SHOPPER_KINDS, createPopulation } from './population.ts';
import { createAssortment } from './products.ts';
import { createRandom } from './random.ts';
import { digestOf } from './reading.contract.ts';

describe('identifiers', () => {
  it('are never the same for two shoppers or families, whatever the seed', () => {
    for (const seed of [0, 7, 2 ** 40 + 7]) {
      const seen = new Set<string>();
      for (let number = 0; number < 1_000; number++) {
        const shared = [tabletOf(seed, number), familyPhoneOf(seed, number)];
        const own = SLOTS.map((slot) => identifierOf(seed, number, slot));
        for (const one of [...own, ...shared]) seen.add(digestOf(one) ?? 'refused');
      }
      expect(seen.has('refused')).toBe(false);
      expect(seen.size).toBe(1_000 * (SLOTS.length + 2));
    }
  });

  it('are other values for another seed', () => {
    const phones = [1, 2, 3].map((seed) => identifierOf(seed, 5, 'phone').value);
    expect(new Set(phones).size).toBe(3);
  });

  it('are the same number however it is typed', () => {
    const random = createRandom(1);
    const phone = identifierOf(1, 77, 'phone');
    const typed = Array.from({ length: 40 }, () => asTyped(phone, random));
    expect(new Set(typed.map((one) => one.value)).size).toBe(4);
    for (const one of typed) expect(digestOf(one)).toBe(digestOf(phone));
  });

  it('point at nobody where a marketplace hides them or a client has none', () => {
    const hidden = [maskedPhone(1, 7), virtualPhone(0, 0), virtualPhone(79_999_999, 8_999)];
    for (const one of [...hidden, ...PLACEHOLDERS]) expect(digestOf(one)).toBeUndefined();
  });
});

describe('the population', () => {
  const population = createPopulation(1, 5_000);
  const numbers = Array.from({ length: population.size }, (_, number) => number);

  it('has everybody in it, and most often members', () => {
    const counts = new Map<string, number>();
    for (const number of numbers) {
      const kind = population.kindOf(number);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual([...SHOPPER_KINDS].toSorted());
    expect([...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0]).toBe('member');
  });

  it('has one of each kind even where it is small', () => {
    const few = createPopulation(3, 24);
    const kinds = Array.from({ length: 24 }, (_, number) => few.kindOf(number));
    expect([...new Set(kinds)].toSorted()).toEqual([...SHOPPER_KINDS].toSorted());
  });

  it('puts families and the two owners of a number into one cluster, all others alone', () => {
    const sizes = new Map<string, Set<number>>();
    for (const number of numbers.slice(0, -4)) {
      const cluster = population.clusterOf(number);
      const kind = population.kindOf(number);
      const size = population.clusterSize(cluster);
      expect(cluster <= number && number < cluster + size).toBe(true);
      sizes.set(kind, (sizes.get(kind) ?? new Set()).add(size));
    }
    const expected = (kind: string): readonly number[] => {
      if (kind === 'household') return [2, 3, 4];
      return kind.endsWith('owner') ? [2] : [1];
    };
    for (const [kind, seen] of sizes) {
      expect([...seen].toSorted((a, b) => a - b)).toEqual(expected(kind));
    }
    const next = numbers.filter((number) => population.kindOf(number) === 'next_owner');
    expect(next.every((one) => population.kindOf(one - 1) === 'former_owner')).toBe(true);
  });

  it('visits by Zipf: a tenth of the shoppers make a third to a half of the visits', () => {
    const random = createRandom(4);
    const visits = new Map<number, number>();
    for (let n = 0; n < 100_000; n++) {
      const number = population.pickRegular(random);
      visits.set(number, (visits.get(number) ?? 0) + 1);
    }
    const busiest = [...visits.values()].toSorted((a, b) => b - a).slice(0, 500);
    const share = busiest.reduce((sum, one) => sum + one, 0) / 100_000;
    expect(share).toBeGreaterThan(0.33);
    expect(share).toBeLessThan(0.55);
  });
});

describe('the assortment', () => {
  const { products, categories } = createAssortment(1);

  it('is a few hundred products on category paths, each with its own number', () => {
    expect(products.length).toBeGreaterThan(200);
    expect(products.length).toBeLessThan(400);
    expect(new Set(products.map(({ sku }) => sku)).size).toBe(products.length);
    for (const category of categories)
      expect(category).toMatch(/^[\p{Script=Han}]+\/[\p{Script=Han}]+$/u);
  });

  it('has well-formed Chinese names that begin with their brand, and prices with two decimals', () => {
    for (const { name, brand, priceFen, looked } of products) {
      expect(name.startsWith(brand)).toBe(true);
      expect(name).toMatch(/\p{Script=Han}/u);
      expect(name).not.toMatch(/\p{Surrogate}|\uFFFD/u);
      expect(Number.isInteger(priceFen) && priceFen > 0).toBe(true);
      expect(Math.round((looked[0]?.price ?? 0) * 100)).toBe(priceFen);
    }
  });

  it('sells by Zipf: the first twenty products are a quarter of what is looked at, or more', () => {
    const { pick } = createAssortment(1);
    const random = createRandom(8);
    const counts = new Map<string, number>();
    for (let n = 0; n < 40_000; n++) {
      const { sku } = pick(random, []);
      counts.set(sku, (counts.get(sku) ?? 0) + 1);
    }
    const first = [...counts.values()].toSorted((a, b) => b - a).slice(0, 20);
    expect(first.reduce((sum, one) => sum + one, 0) / 40_000).toBeGreaterThan(0.25);
    expect(counts.size).toBe(products.length);
  });
});
