import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import type { Expression } from '../expression.ts';
import {
  eventOf,
  LOG,
  NO_TRANSITIONS,
  planOf,
  sequenceOf,
  Shopper,
  START,
} from './fixtures.contract.ts';
import { buildPlan } from './plan.ts';
import { emptyTriggerState } from './state.ts';

const PAID = { name: 'thanks', on: 'order_paid', do: LOG };
const CART = {
  name: 'cart',
  on: 'cart_added',
  unless: { event: 'order_paid', within: '30m', matching: 'cart.id' },
  do: LOG,
};
const RISK = { name: 'win_back', on: { tag: 'at_risk', becomes: 'entered' }, do: LOG };

describe('an event', () => {
  it('sets off the triggers that listen to it, by priority, then name', () => {
    const plan = planOf(
      { ...PAID, name: 'b' },
      { ...PAID, name: 'a' },
      { ...PAID, name: 'z', priority: 90, on: ['order_paid', 'order_cancelled'] },
      { ...PAID, name: 'other', on: 'order_cancelled' },
    );
    expect(new Shopper(plan).play('order_paid @0m')).toEqual(['z e1', 'a e1', 'b e1']);
    expect(new Shopper(plan).play('order_cancelled @0m')).toEqual(['z e1', 'other e1']);
  });

  it('no trigger listens to changes nothing and answers nothing', () => {
    const shopper = new Shopper(planOf(PAID, CART));
    expect(shopper.play('page_viewed @0m')).toEqual([]);
    expect(shopper.state).toEqual(emptyTriggerState());
  });

  it('must meet `where`, and the profile `if`; what is absent does not', () => {
    const plan = planOf({ ...PAID, where: 'event.order.total > 100', if: 'orders_30d == 1' });
    const order = { id: 'T1', total: 10_850, discount: 0, currency: 'CNY', coupons: [] };
    const at = (total: number | null, tags: Record<string, number>) => {
      const shopper = new Shopper(plan, { tags });
      const fields = total === null ? {} : { order: { ...order, total } };
      return shopper.event(eventOf('a', 'order_paid', START, undefined, fields)).length;
    };
    expect(at(10_850, { orders_30d: 1 })).toBe(1);
    expect(at(10_000, { orders_30d: 1 })).toBe(0);
    expect(at(null, { orders_30d: 1 })).toBe(0);
    expect(at(10_850, { orders_30d: 2 })).toBe(0);
    expect(at(10_850, {})).toBe(0);
  });

  it('may speak of its own fields in `if`', () => {
    const shopper = new Shopper(planOf({ ...PAID, if: "event.store == 'S1'" }));
    shopper.event(eventOf('a', 'order_paid', START, undefined, { store: 'S1' }));
    shopper.event(eventOf('b', 'order_paid', START, undefined, { store: 'S2' }));
    expect(shopper.actions.map(({ event }) => event)).toEqual(['a']);
  });

  it('older than `max_event_age` is suppressed where it would have decided', () => {
    const plan = planOf({ ...PAID, if: 'orders_30d == 1' });
    const line = 'order_paid @0m seen 601s';
    const tags = { orders_30d: 1 };
    expect(new Shopper(plan, { tags }).play(line)).toEqual(['thanks e1 event_too_old']);
    expect(new Shopper(plan, { tags }).play('order_paid @0m seen 10m')).toEqual(['thanks e1']);
    expect(new Shopper(plan).play(line)).toEqual([]);
    expect(new Shopper(plan, { tags, history: true }).play(line)).toEqual(['thanks e1']);
    const patient = planOf({ ...PAID, limits: { max_event_age: '1h' } });
    expect(new Shopper(patient).play(line)).toEqual(['thanks e1']);
  });

  it('that may not set anything off still ends waits', () => {
    const shopper = new Shopper(planOf(PAID, CART, RISK));
    shopper.play('cart_added:C1 @0m', 'cart_added:C2 @0m');
    shopper.set({ triggersAllowed: false }).play('order_paid:C1 @1m', 'cart_added:C3 @2m');
    const entered = { ...NO_TRANSITIONS, entered: ['at_risk'] };
    expect(shopper.event(eventOf('x', 'page_viewed', START), START, entered)).toEqual([]);
    expect(shopper.play('clock @50m')).toEqual(['cart e2 due 30m']);
  });
});

describe('a tag', () => {
  const LEFT = {
    name: 'back',
    on: { tag: 'at_risk', becomes: 'left' },
    do: LOG,
    if: 'orders_30d > 0',
  };

  it('that an event moved sets off triggers because of that event', () => {
    const shopper = new Shopper(planOf(RISK, LEFT), { tags: { orders_30d: 1 } });
    const moved = { entered: ['at_risk', 'suspected_bot'], left: [] };
    shopper.event(eventOf('x', 'page_viewed', START), START, moved);
    shopper.event(eventOf('y', 'order_paid', START), START, { entered: [], left: ['at_risk'] });
    expect(shopper.actions).toMatchObject([
      { trigger: 'win_back', event: 'x', anchor: 'x', receivedAt: START },
      { trigger: 'back', event: 'y', anchor: 'y' },
    ]);
  });

  it('that an old event moved is suppressed', () => {
    const shopper = new Shopper(planOf(RISK));
    shopper.event(eventOf('x', 'page_viewed', START), START + 660_000, {
      entered: ['at_risk'],
      left: [],
    });
    expect(shopper.actions).toMatchObject([{ outcome: 'suppressed', reason: 'event_too_old' }]);
  });

  it('that moved with time has no event: its anchor is the least identifier, the tag and the moment', () => {
    const shopper = new Shopper(planOf(RISK, LEFT));
    expect(shopper.move({ entered: ['at_risk'] }, START + 100)).toEqual(['win_back -']);
    expect(shopper.actions[0]).toMatchObject({
      event: '',
      anchor: `uid u1 at_risk entered@${START + 100}`,
      receivedAt: null,
      correlation: null,
    });
    expect(shopper.move({ left: ['at_risk'] }, START + 200)).toEqual([]);
    shopper.set({ tags: { orders_30d: 1 } });
    expect(shopper.move({ left: ['at_risk'] }, START + 300)).toEqual(['back -']);
  });

  it('told twice of the same move decides once', () => {
    const shopper = new Shopper(planOf(RISK));
    shopper.move({ entered: ['at_risk'] }, START + 100);
    expect(shopper.move({ entered: ['at_risk'] }, START + 100)).toEqual([]);
  });
});

describe('a profile that gets nothing', () => {
  const plan = planOf(
    PAID,
    CART,
    { name: 'count', count: { of: 'order_paid', within: '10m', at_least: 2 }, do: LOG },
    { ...PAID, name: 'open', anonymous: true },
  );

  it('anonymous: only triggers that say so decide, nothing is armed or counted', () => {
    const shopper = new Shopper(plan, { anonymous: true });
    expect(shopper.play('cart_added:C1 @0m', 'order_paid @0m', 'order_paid @1m')).toEqual([
      'open e2',
      'thanks e2 anonymous',
      'open e3',
    ]);
    expect(shopper.state.pending).toEqual([]);
    expect(shopper.state.progress).toEqual([]);
  });

  it('a suspected bot: no trigger decides at all', () => {
    const shopper = new Shopper(plan, { bot: true });
    expect(shopper.play('cart_added:C1 @0m', 'order_paid @0m', 'order_paid @1m')).toEqual([
      'open e2 suspected_bot',
      'thanks e2 suspected_bot',
    ]);
  });

  it('is told so once an hour for each trigger, however many events it sends', () => {
    const shopper = new Shopper(planOf(PAID), { bot: true });
    for (let i = 0; i < 121; i++) shopper.play(`order_paid @${i}m`);
    expect(shopper.actions.map(({ decidedAt }) => (decidedAt - START) / 60_000)).toEqual([
      0, 60, 120,
    ]);
  });

  it('only where the trigger would have decided', () => {
    const unless = planOf({ ...PAID, if: 'orders_30d == 1' });
    expect(new Shopper(unless, { bot: true }).play('order_paid @0m')).toEqual([]);
  });

  it('when it became one while a wait ran: the wait is suppressed', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.play('cart_added:C1 @0m');
    expect(shopper.set({ bot: true }).play('clock @31m')).toEqual([
      'cart e1 due 30m suspected_bot',
    ]);
  });
});

describe('a rule that fails', () => {
  const throws: Expression = {
    text: 'throws',
    yields: 'boolean',
    names: new Set(),
    evaluate: () => {
      throw new Error('out of order');
    },
    comparedWith: () => [],
  };
  const broken = (...triggers: readonly Json[]) => {
    const { triggers: compiled } = planOf(...triggers);
    return buildPlan(
      compiled.map((one) => (one.name.startsWith('bad') ? { ...one, condition: throws } : one)),
    );
  };

  it('has decided nothing, is named, and the others go on', () => {
    const plan = broken(
      PAID,
      { ...PAID, name: 'bad' },
      CART,
      { ...CART, name: 'bad_cart' },
      {
        ...RISK,
        name: 'bad_tag',
      },
    );
    const shopper = new Shopper(plan);
    expect(shopper.play('order_paid @0m', 'cart_added:C1 @1m', 'clock @50m')).toEqual([
      'thanks e1',
      'cart e2 due 31m',
    ]);
    expect(shopper.move({ entered: ['at_risk'] }, START + 10 ** 7)).toEqual([]);
    expect(shopper.errors).toEqual([
      'bad: Error: out of order',
      'bad_cart: Error: out of order',
      'bad_tag: Error: out of order',
    ]);
  });

  it('in quarantine is not asked; what waited for it is suppressed', () => {
    const plan = broken(
      { ...PAID, name: 'bad' },
      { ...CART, name: 'bad_cart' },
      { ...RISK, name: 'bad_tag' },
    );
    const shopper = new Shopper(plan);
    shopper.play('cart_added:C1 @0m');
    shopper.set({ quarantined: new Set(['bad', 'bad_cart', 'bad_tag']) });
    const lines = ['order_paid @1m', 'cart_added:C2 @1m', 'clock @50m'];
    expect(shopper.play(...lines)).toEqual(['bad_cart e1 due 30m quarantined']);
    expect(shopper.move({ entered: ['at_risk'] }, START + 10 ** 7)).toEqual([]);
    expect(shopper.errors).toEqual([]);
  });
});

describe('a replay', () => {
  const plan = planOf(
    PAID,
    { ...CART, limits: { per_profile: '2 per 1h' } },
    { name: 'count', count: { of: 'cart_added', within: '10m', at_least: 3 }, do: LOG },
    sequenceOf({ name: 'seq', on: 'cart_added', do: LOG }, { event: 'order_paid', within: '5m' }),
  );
  const lines = fc.array(
    fc
      .tuple(fc.constantFrom('cart_added', 'order_paid', 'clock'), fc.nat(3), fc.nat(90), fc.nat(9))
      .map(([type, cart, at, late]) =>
        type === 'clock' ? `clock @${at}m` : `${type}:C${cart} @${at}m seen ${at + late}m`,
      ),
    { maxLength: 40 },
  );

  it('of the same messages gives the same actions with the same ids, from a state that was stored', () => {
    fc.assert(
      fc.property(lines, (played) => {
        const first = new Shopper(plan);
        first.play(...played);
        const again = new Shopper(plan);
        for (const line of played) {
          again.play(line);
          again.state = JSON.parse(JSON.stringify(again.state)) as typeof again.state;
        }
        expect(again.actions).toEqual(first.actions);
        expect(again.state).toEqual(first.state);
        const ids = first.actions.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });
});
