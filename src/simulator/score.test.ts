import { describe, expect, it } from 'vitest';
import type { Json } from '../domain/event.ts';
import { attribute } from '../domain/identity/attribute.ts';
import { createBatchView } from '../domain/identity/batch-view.ts';
import { normaliseIdentifiers } from '../domain/identity/normalise.ts';
import { P0 } from '../domain/identity/policy.ts';
import type { SimulatedEvent } from './event.ts';
import type { Sent } from './identities.ts';
import { IDENTITY, createPaths, digestOf, historyOf } from './reading.contract.ts';
import { scorePartition } from './score.ts';

const named = (value: string): Sent => ({ type: 'uid', value });
const truthOf = (...shoppers: readonly (readonly string[])[][]) => ({
  shoppers: shoppers.length,
  groupsOf: (number: number) => shoppers[number]!.map((group) => group.map(named)),
});
const by = (profiles: Readonly<Record<string, string>>) => (one: Sent) => profiles[one.value];

describe('the score of a partition', () => {
  const truth = truthOf([['a', 'b', 'c']], [['d', 'e'], ['f']]);

  it('is perfect where every group is one profile', () => {
    const score = scorePartition(truth, by({ a: '1', b: '1', c: '1', d: '2', e: '2', f: '3' }));
    expect(score).toMatchObject({ precision: 1, recall: 1, overMerged: 0, underMerged: 0 });
    expect(score).toMatchObject({ identifiers: 6, profiles: 3, pairsVisible: 4, missing: 0 });
  });

  it('does not blame two groups of one shopper for being together', () => {
    const score = scorePartition(truth, by({ a: '1', b: '1', c: '1', d: '2', e: '2', f: '2' }));
    expect(score).toMatchObject({ precision: 1, recall: 1, pairsTogether: 6, pairsVisible: 4 });
  });

  it('loses recall by what is apart, and counts the group', () => {
    const score = scorePartition(truth, by({ a: '1', b: '1', c: '9', d: '2', e: '2', f: '3' }));
    expect(score).toMatchObject({ precision: 1, recall: 2 / 4, overMerged: 0, underMerged: 1 });
  });

  it('loses precision by what is wrongly together, and counts the profile', () => {
    const score = scorePartition(truth, by({ a: '1', b: '1', c: '1', d: '1', e: '1', f: '3' }));
    expect(score).toMatchObject({ precision: 4 / 10, recall: 1, overMerged: 1, underMerged: 0 });
  });

  it('counts identifiers that lead nowhere, and finds no pair there', () => {
    const score = scorePartition(truth, by({ a: '1', b: '1', c: '1' }));
    expect(score).toMatchObject({ missing: 3, recall: 3 / 4, precision: 1, underMerged: 0 });
  });

  it('is perfect where there is nothing to be wrong about', () => {
    expect(scorePartition(truthOf(), () => undefined)).toMatchObject({ precision: 1, recall: 1 });
  });
});

describe('policy P0 on simulated shoppers, with all noise on', () => {
  it.each([1, 2])('joins nobody wrongly and nearly all that is visible (seed %i)', (seed) => {
    const stream = historyOf(seed);
    const profileOf = stitch(stream);
    const score = scorePartition(stream.truth, profileOf);
    expect(score.pairsVisible).toBeGreaterThan(500);
    expect(score.precision).toBeGreaterThanOrEqual(0.999);
    expect(score.recall).toBeGreaterThanOrEqual(0.97);
    expect(score.missing).toBe(0);
  });
});

describe('joining whatever meets', () => {
  it('is seen through: families, kiosks and number changes make one shopper of hundreds', () => {
    const stream = historyOf(1);
    const score = scorePartition(stream.truth, joinAll(stream));
    expect(score.recall).toBe(1);
    expect(score.precision).toBeLessThan(0.2);
    expect(score.overMerged).toBeGreaterThan(1);
  });
});

const OPTIONS = { ...IDENTITY, policy: P0 };

const identifiersIn = (body: Json) =>
  normaliseIdentifiers((body as { identifiers: readonly Sent[] }).identifiers, OPTIONS).identifiers;

/** Any two identifiers of one event are one shopper's. */
function joinAll(events: Iterable<SimulatedEvent>): (one: Sent) => string | undefined {
  const groups = createPaths();
  for (const { body, truth } of events) {
    if (truth.kind === 'poison' || truth.kind === 'two_values') continue;
    groups.join(identifiersIn(body).map(({ digest }) => digest));
  }
  return (one) => groups.rootOf(digestOf(one) ?? '');
}

/** The identity plane in memory, fed by arrival. */
function stitch(events: Iterable<SimulatedEvent>): (one: Sent) => string | undefined {
  const view = createBatchView(P0);
  let offset = 0;
  for (const { body, truth } of events) {
    if (truth.kind === 'poison') continue;
    const identifiers = identifiersIn(body);
    const decision = attribute(identifiers, view, OPTIONS);
    const place = { logTime: ++offset, partition: 0, offset, index: 0 };
    if (decision.kind === 'attributed') view.apply(decision, place);
  }
  return (one) => {
    const [identifier] = normaliseIdentifiers([one], OPTIONS).identifiers;
    const entry = identifier === undefined ? undefined : view.entry(identifier.digest);
    return entry === undefined ? undefined : view.root(entry.owner).pid;
  };
}
