import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SuppressionReason } from '../message.ts';
import { LOG, planOf, sequenceOf, Shopper } from './fixtures.contract.ts';
import {
  boundProgress,
  compareDecided,
  compareMarks,
  comparePending,
  compareRecent,
  compareRecords,
  condenseRecords,
  emptyTriggerState,
  insert,
  mergeTriggerStates,
  newestOfEach,
  type TriggerState,
} from './state.ts';

const CART = {
  name: 'cart',
  on: 'cart_added',
  unless: { event: 'order_paid', within: '30m', matching: 'cart.id' },
  do: LOG,
};
const FIRST = { ...CART, name: 'first', on_again: 'keep_first' };
const THEN = sequenceOf(
  { name: 'seq', on: 'product_viewed', do: LOG },
  { event: 'cart_added', within: '60m' },
);
const COUNT = {
  name: 'count',
  count: { of: 'product_viewed', within: '60m', at_least: 3 },
  do: LOG,
};

/** Small enough that no bound is reached. */
const states: fc.Arbitrary<TriggerState> = fc
  .record({
    pending: fc.array(
      fc.record({
        trigger: fc.nat(1),
        key: fc.constantFrom('', 'C1'),
        armedBy: fc.constantFrom('a', 'b', 'c'),
        armedAt: fc.nat(3),
        dueAt: fc.nat(1),
        facts: fc.constant('{}'),
      }),
      { maxLength: 4 },
    ),
    recent: fc.array(fc.record({ key: fc.nat(2), at: fc.nat(3), id: fc.nat(1) }), { maxLength: 4 }),
    progress: fc.uniqueArray(
      fc.record({
        trigger: fc.nat(1),
        key: fc.constantFrom('', 'C1'),
        doneAt: fc.nat(3),
        marks: fc.array(
          fc.record({ at: fc.integer({ min: 4, max: 9 }), id: fc.nat(2), second: fc.boolean() }),
          { maxLength: 5 },
        ),
      }),
      { maxLength: 4, selector: ({ trigger, key }) => `${trigger} ${key}` },
    ),
    decided: fc.array(fc.record({ trigger: fc.nat(1), at: fc.nat(9), id: fc.nat(3) }), {
      maxLength: 6,
    }),
    records: fc.array(
      fc.record({
        trigger: fc.nat(1),
        action: fc.constantFrom('x', 'y', 'z'),
        at: fc.nat(9),
        reason: fc.constantFrom<SuppressionReason | null>(null, 'no_consent', 'too_late'),
      }),
      { maxLength: 6 },
    ),
  })
  .map(tidy);

/** As the engine keeps it: sorted, nothing twice. */
function tidy(raw: TriggerState): TriggerState {
  const sorted = <T>(items: readonly T[], compare: (a: T, b: T) => number): T[] => {
    const list: T[] = [];
    for (const item of items) insert(list, item, compare);
    return list;
  };
  return {
    pending: sorted(raw.pending, comparePending),
    recent: sorted(raw.recent, compareRecent),
    progress: boundProgress(
      raw.progress.map((one) => ({ ...one, marks: sorted(one.marks, compareMarks) })),
    ),
    decided: newestOfEach(sorted(raw.decided, compareDecided)),
    records: condenseRecords(sorted(raw.records, compareRecords)),
  };
}

const merge = (a: TriggerState, b: TriggerState): TriggerState =>
  mergeTriggerStates(structuredClone(a), structuredClone(b));

describe('merging the states of triggers', () => {
  it('does not depend on the direction', () => {
    fc.assert(
      fc.property(states, states, (a, b) => {
        expect(merge(a, b)).toEqual(merge(b, a));
      }),
    );
  });

  it('does not depend on the order of several merges', () => {
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
      }),
    );
  });

  it('with nothing changes nothing, and with itself neither', () => {
    fc.assert(
      fc.property(states, (a) => {
        expect(merge(a, emptyTriggerState())).toEqual(a);
        expect(merge(a, a)).toEqual(a);
      }),
    );
  });
});

/** Two profiles that become one at minute 20, before any wait is over. */
const lines = fc.array(
  fc
    .tuple(
      fc.nat(20),
      fc.constantFrom('cart_added:C1', 'order_paid:C1', 'cart_added:C2', 'order_paid:C2'),
      fc.boolean(),
    )
    .map(([at, what, goesRight]) => ({ at, what, goesRight })),
  { maxLength: 10 },
);

describe('a merged profile', () => {
  const plan = planOf(CART);
  const join = (
    events: readonly { readonly at: number; readonly what: string; readonly goesRight: boolean }[],
    mergedAt: number,
    joined: ReturnType<typeof planOf>,
  ) => {
    const one = new Shopper(joined);
    const left = new Shopper(joined);
    const right = new Shopper(joined);
    const sorted = events.toSorted((a, b) => a.at - b.at);
    for (const [index, { at, what, goesRight }] of sorted.entries()) {
      const line = `${what} #e${index} @${at}m`;
      one.play(line);
      (goesRight && at <= mergedAt ? right : left).play(line);
      if (at <= mergedAt && (sorted[index + 1]?.at ?? Infinity) > mergedAt) left.absorb(right);
    }
    return { one, left };
  };

  it('fires the waits that one profile with all events would have fired', () => {
    fc.assert(
      fc.property(lines, fc.nat(20), (events, mergedAt) => {
        const { one, left } = join(events, mergedAt, plan);
        expect(left.play('clock @2h')).toEqual(one.play('clock @2h'));
        expect(left.actions.map(({ id }) => id)).toEqual(one.actions.map(({ id }) => id));
      }),
    );
  });

  it('completes the sequences that one profile with all events would have completed', () => {
    const views = fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 7 });
    fc.assert(
      fc.property(views, (steps) => {
        const long = planOf({ ...THEN, limits: { max_event_age: '2h' } });
        const events = steps.map(([at, goesRight]) => ({
          at,
          what: goesRight ? 'cart_added' : 'product_viewed',
          goesRight,
        }));
        const { one, left } = join(events, 50, long);
        expect(left.actions).toHaveLength(one.actions.length);
        expect(left.state.progress.map(({ doneAt }) => doneAt)).toEqual(
          one.state.progress.map(({ doneAt }) => doneAt),
        );
      }),
    );
  });

  it.each<[string, string[], string[], string[], string[]]>([
    ['waits on', ['cart_added:C1 #a @0m'], [], [], ['cart a due 30m', 'first a due 30m']],
    [
      'has the wait ended by an order the other profile saw',
      ['cart_added:C1 #a @0m'],
      ['order_paid:C1 #b @5m'],
      [],
      [],
    ],
    [
      'of two waits for one cart keeps the later that restarts, the earlier that does not',
      ['cart_added:C1 #a @0m'],
      ['cart_added:C1 #b @5m'],
      [],
      ['first a due 30m', 'cart b due 35m'],
    ],
    [
      'keeps the wait that was not ended, though it is the later one',
      ['cart_added:C1 #a @0m'],
      ['order_paid:C1 #b @2m', 'cart_added:C1 #c @5m'],
      [],
      ['cart c due 35m', 'first c due 35m'],
    ],
    [
      'does not fire for a cart that the other profile has been reminded of',
      ['cart_added:C1 #a @0m', 'clock @31m'],
      ['cart_added:C1 #b @5m'],
      ['cart a due 30m', 'first a due 30m'],
      [],
    ],
    [
      'has a count completed by both',
      ['product_viewed #a @0m', 'product_viewed #b @1m'],
      ['product_viewed #c @2m'],
      [],
      ['count -'],
    ],
    [
      'has a sequence completed by both',
      ['product_viewed #a @0m'],
      ['cart_added #b @3m'],
      [],
      ['seq -'],
    ],
    [
      'completes no sequence that the other profile had completed by itself',
      ['product_viewed #a @0m'],
      ['product_viewed #b @1m', 'cart_added #c @3m'],
      ['seq c'],
      [],
    ],
  ])('%s', (_, left, right, before, after) => {
    const both = planOf(CART, FIRST, THEN, COUNT);
    const one = new Shopper(both);
    const other = new Shopper(both);
    const decided = [...one.play(...left), ...other.play(...right)];
    expect(decided.toSorted()).toEqual(before.toSorted());
    const merged = [...one.absorb(other), ...one.play('clock @2h')];
    expect(merged.toSorted()).toEqual(after.toSorted());
  });

  it('says of what a merge completed: no event, the least identifier, the moment', () => {
    const one = new Shopper(planOf(COUNT));
    const other = new Shopper(planOf(COUNT));
    one.play('product_viewed #a @0m', 'product_viewed #b @1m');
    other.play('product_viewed #c @2m');
    expect(one.absorb(other)).toEqual(['count -']);
    const at = one.state.progress[0]?.doneAt ?? 0;
    expect(one.actions[0]).toMatchObject({ event: '', anchor: `uid u1 @${at}`, receivedAt: null });
  });

  it('decides nothing that is old by now', () => {
    const one = new Shopper(planOf(COUNT));
    const other = new Shopper(planOf(COUNT));
    one.play('product_viewed #a @0m', 'product_viewed #b @1m');
    other.play('product_viewed #c @2m', 'clock @13m');
    expect(one.absorb(other)).toEqual([]);
  });
});
