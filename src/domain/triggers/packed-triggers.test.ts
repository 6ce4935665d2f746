import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOG, planOf, sequenceOf, Shopper } from './fixtures.contract.ts';
import { closeTriggers, noTriggers, openTriggers, packedDueAt } from './packed-triggers.ts';
import type { PendingWait, TriggerState } from './state.ts';
import { nextDueAt } from './waits.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const at = fc.integer({ min: -8.64e14, max: 8.64e14 });
const int = fc.integer();
const few = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { maxLength: 3 });
const reason = fc.constantFrom(null, 'too_late' as const, 'no_consent' as const);
const mark = fc.record({ at, id: int, second: fc.boolean() });
const state: fc.Arbitrary<TriggerState> = fc.record({
  pending: few(
    fc.record({ trigger: int, key: text, armedBy: text, armedAt: at, dueAt: at, facts: text }),
  ),
  recent: few(fc.record({ key: fc.integer({ min: 0, max: 2 ** 48 - 1 }), at, id: int })),
  progress: few(fc.record({ trigger: int, key: text, doneAt: at, marks: few(mark) })),
  decided: few(fc.record({ trigger: int, at, id: int })),
  records: few(fc.record({ trigger: int, action: text, at, reason })),
});
const CART = {
  name: 'cart',
  on: 'cart_added',
  unless: { event: 'order_paid', within: '30m', matching: 'cart.id' },
  do: LOG,
};
const THEN = sequenceOf(
  { name: 'seq', on: 'product_viewed', do: LOG },
  { event: 'cart_added', within: '60m' },
);
const COUNT = {
  name: 'count',
  count: { of: 'product_viewed', within: '60m', at_least: 3 },
  do: LOG,
};
const LISTS = ['pending', 'recent', 'progress', 'decided', 'records'] as const;

const packed = (of: TriggerState) => {
  const kept = noTriggers();
  const open = openTriggers(kept);
  Object.assign(open, structuredClone(of));
  closeTriggers(open, kept);
  return kept;
};

const unpacked = (kept: ReturnType<typeof noTriggers>): TriggerState => {
  const { pending, recent, progress, decided, records } = openTriggers(kept);
  return { pending: pending.map(plain), recent, progress, decided, records };
};

const plain = ({ trigger, key, armedBy, armedAt, dueAt, facts }: PendingWait): PendingWait => ({
  trigger,
  key,
  armedBy,
  armedAt,
  dueAt,
  facts,
});

describe('packed triggers', () => {
  it('hold what was put in, and tell when the first wait is due', () => {
    fc.assert(
      fc.property(state, (given) => {
        const kept = packed(given);
        expect(unpacked(kept)).toEqual(given);
        expect(packedDueAt(kept)).toBe(nextDueAt(given));
      }),
    );
  });

  it('keep the lists that nobody asked for', () => {
    fc.assert(
      fc.property(state, state, fc.subarray([...LISTS]), (given, other, names) => {
        const kept = packed(given);
        const open = openTriggers(kept);
        const changed = Object.fromEntries(
          names.map((name) => [name, structuredClone(other[name])]),
        );
        Object.assign(open, changed);
        closeTriggers(open, kept);
        expect(unpacked(kept)).toEqual({ ...given, ...changed });
        expect(packedDueAt(kept)).toBe(nextDueAt({ ...given, ...changed }));
      }),
    );
  });

  it('hold what a profile came to remember, list by list', () => {
    const shopper = new Shopper(
      planOf(CART, THEN, COUNT, {
        ...CART,
        name: 'x',
        on: 'app_opened',
        limits: { per_profile: '1 per 1d' },
      }),
    );
    shopper.play('product_viewed @0m', 'cart_added:C1 @1m', 'order_paid:C2 @2m');
    shopper.play('app_opened:C1 @3m', 'clock @40m', 'cart_added:C1 @41m');
    shopper.set({ bot: true }).play('clock @80m');
    shopper.set({ bot: false }).play('cart_added:C1 @81m');
    for (const list of LISTS) expect(shopper.state[list]).not.toEqual([]);
    expect(unpacked(packed(shopper.state))).toEqual(shopper.state);
  });

  it('take no bytes where nothing is remembered', () => {
    expect(packed({ pending: [], recent: [], progress: [], decided: [], records: [] })).toEqual(
      noTriggers(),
    );
  });
});
