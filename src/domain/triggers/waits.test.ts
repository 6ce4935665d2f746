import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import { hash32 } from '../hash.ts';
import { eventOf, LOG, MINUTE_MS, planOf, Shopper, SLACK_MS, START } from './fixtures.contract.ts';
import { PENDING_MAX, RECENT_MAX } from './state.ts';
import { nextDueAt } from './waits.ts';

const CART = {
  name: 'cart',
  on: 'cart_added',
  unless: { event: 'order_paid', within: '30m', matching: 'cart.id' },
  do: LOG,
};
const KEEP_FIRST = { ...CART, on_again: 'keep_first' };
const ANY_CART = { ...CART, unless: { event: 'order_paid', within: '30m' } };
const SILENCE = {
  ...CART,
  name: 'gone',
  on: 'app_opened',
  unless: { event: 'app_opened', within: '30m' },
};

const play = (trigger: Json, ...lines: string[]) => new Shopper(planOf(trigger)).play(...lines);

describe('a wait', () => {
  it.each<[string, Json, string[], string[]]>([
    ['fires when nothing ended it', CART, ['cart_added:C1 @0m', 'clock @31m'], ['cart e1 due 30m']],
    [
      'is ended by an order of the same cart',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @5m', 'clock @31m'],
      [],
    ],
    [
      'is not ended by an order of another cart',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C2 @5m', 'clock @31m'],
      ['cart e1 due 30m'],
    ],
    [
      'is not ended by an order that names no cart, nor armed by an event that names none',
      CART,
      ['cart_added:C1 @0m', 'order_paid @5m', 'cart_added @6m', 'clock @50m'],
      ['cart e1 due 30m'],
    ],
    [
      'without `matching` belongs to the whole profile',
      ANY_CART,
      ['cart_added:C1 @0m', 'cart_added:C2 @1m', 'order_paid @5m', 'clock @50m'],
      [],
    ],
    [
      'of each cart is one of its own',
      CART,
      ['cart_added:C1 @0m', 'cart_added:C2 @1m', 'order_paid:C1 @5m', 'clock @50m'],
      ['cart e2 due 31m'],
    ],
    [
      'is ended at the very moment it is due',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @30m', 'clock @50m'],
      [],
    ],
    [
      'is ended by an order of the same moment as the cart',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @0m', 'clock @50m'],
      [],
    ],
    [
      'is not ended by an order from before',
      CART,
      ['order_paid:C1 @0m', 'cart_added:C1 @1m', 'clock @50m'],
      ['cart e2 due 31m'],
    ],
    [
      'is ended by an order that was met first but happened later',
      CART,
      ['order_paid:C1 @5m', 'cart_added:C1 @3m seen 6m', 'clock @50m'],
      [],
    ],
    [
      'is ended by an order of the same moment that was met first',
      CART,
      ['order_paid:C1 @5m', 'cart_added:C1 @5m', 'clock @50m'],
      [],
    ],
    [
      'is not ended by an order met first that happened after it was due',
      { ...CART, limits: { max_event_age: '1h' } },
      ['order_paid:C1 @40m', 'cart_added:C1 @9m seen 39m', 'clock @50m'],
      ['cart e2 due 39m'],
    ],
    [
      'is ended by an order met late that happened inside it',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @5m seen 29m', 'clock @50m'],
      [],
    ],
    [
      'is not ended by an order after it was due, even if that is met before it fires',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @31m seen 29m', 'clock @50m'],
      ['cart e1 due 30m'],
    ],
    [
      'begins again with a later cart event',
      CART,
      ['cart_added:C1 @0m', 'cart_added:C1 @20m', 'clock @40m', 'clock @51m'],
      ['cart e2 due 50m'],
    ],
    [
      'does not go back for an older cart event that comes out of order',
      CART,
      ['cart_added:C1 @5m', 'cart_added:C1 @1m seen 6m', 'clock @50m'],
      ['cart e1 due 35m'],
    ],
    [
      'begins again by (at, id) where moments are equal',
      CART,
      ['cart_added:C1 #b @5m', 'cart_added:C1 #a @5m', 'cart_added:C1 #c @5m', 'clock @50m'],
      ['cart c due 35m'],
    ],
    [
      'keeps the first where it is told to',
      KEEP_FIRST,
      ['cart_added:C1 @0m', 'cart_added:C1 @20m', 'clock @31m'],
      ['cart e1 due 30m'],
    ],
    [
      'keeps the first by time, not by arrival',
      KEEP_FIRST,
      ['cart_added:C1 @5m', 'cart_added:C1 @1m seen 6m', 'clock @50m'],
      ['cart e2 due 31m'],
    ],
    [
      'begins anew after it fired',
      CART,
      ['cart_added:C1 @0m', 'clock @31m', 'cart_added:C1 @32m', 'clock @63m'],
      ['cart e1 due 30m', 'cart e2 due 62m'],
    ],
    [
      'begins anew after it was ended',
      CART,
      ['cart_added:C1 @0m', 'order_paid:C1 @5m', 'cart_added:C1 @6m', 'clock @50m'],
      ['cart e3 due 36m'],
    ],
    [
      'that is over is not begun by an event from inside it that comes late',
      CART,
      ['cart_added:C1 @0m', 'clock @31m', 'cart_added:C1 @29m seen 32m', 'clock @63m'],
      ['cart e1 due 30m'],
    ],
    [
      'may wait for the next event of its own kind',
      SILENCE,
      ['app_opened @0m', 'app_opened @20m', 'clock @45m', 'app_opened @60m', 'clock @2h'],
      ['gone e2 due 50m', 'gone e3 due 90m'],
    ],
    [
      'for its own kind is not moved by disorder',
      SILENCE,
      ['app_opened @20m', 'app_opened @15m seen 21m', 'clock @2h'],
      ['gone e1 due 50m'],
    ],
  ])('%s', (_, trigger, lines, expected) => {
    expect(play(trigger, ...lines)).toEqual(expected);
  });

  it('may be ended by one of several events', () => {
    const events = ['order_paid', 'order_cancelled'];
    const trigger = { ...CART, unless: { event: events, within: '30m', matching: 'cart.id' } };
    expect(play(trigger, 'cart_added:C1 @0m', 'order_cancelled:C1 @5m', 'clock @50m')).toEqual([]);
  });

  it('is ended only by the events its own trigger names', () => {
    const cancelled = { event: 'order_cancelled', within: '30m', matching: 'cart.id' };
    const plan = planOf(CART, { ...CART, name: 'other', unless: cancelled });
    const lines = ['cart_added:C1 @0m', 'order_paid:C1 @5m', 'clock @50m'];
    expect(new Shopper(plan).play(...lines)).toEqual(['other e1 due 30m']);
  });

  it('is armed only by events that meet `where`, and begun again only by those', () => {
    const trigger = { ...CART, where: "event.store == 'S1'" };
    const shopper = new Shopper(planOf(trigger));
    shopper.event(eventOf('a', 'cart_added', START, 'C1', { store: 'S1' }));
    shopper.event(eventOf('b', 'cart_added', START + MINUTE_MS, 'C1', { store: 'S2' }));
    shopper.event(eventOf('c', 'cart_added', START + MINUTE_MS, 'C2'));
    expect(shopper.play('clock @50m')).toEqual(['cart a due 30m']);
  });

  it('asks `if` when it is over: of the profile as it is then, and the event that began it', () => {
    const trigger = { ...CART, if: "cart_value >= 50 && event.cart.id == 'C1'" };
    const lines = ['cart_added:C1 @0m', 'cart_added:C2 @0m'];
    const poor = new Shopper(planOf(trigger), { tags: { cart_value: 5_000 } });
    poor.play(...lines);
    expect(poor.set({ tags: { cart_value: 4_999 } }).play('clock @31m')).toEqual([]);
    const rich = new Shopper(planOf(trigger));
    rich.play(...lines);
    expect(rich.set({ tags: { cart_value: 5_000 } }).play('clock @31m')).toEqual([
      'cart e1 due 30m',
    ]);
  });

  it('can match by any field that says what events belong to', () => {
    const matching = 'properties.table';
    const trigger = { ...CART, unless: { event: 'order_paid', within: '30m', matching } };
    const shopper = new Shopper(planOf(trigger));
    const at = (id: string, type: string, properties: object) =>
      shopper.event(
        eventOf(id, type, START, undefined, { properties: JSON.stringify(properties) }),
      );
    at('a', 'cart_added', { table: 7 });
    at('b', 'cart_added', { table: '8' });
    at('c', 'cart_added', { table: { x: 1 } });
    at('d', 'cart_added', {});
    at('e', 'order_paid', { table: '7' });
    expect(shopper.play('clock @31m')).toEqual(['cart b due 30m']);
  });
});

describe('the clock of a wait', () => {
  it('is the event’s own time, rounded up to 100 ms', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.event(eventOf('a', 'cart_added', START + 1, 'C1'));
    expect(nextDueAt(shopper.state)).toBe(START + 30 * MINUTE_MS + 100);
    shopper.event(eventOf('b', 'cart_added', START + 100, 'C1'));
    expect(nextDueAt(shopper.state)).toBe(START + 30 * MINUTE_MS + 100);
    expect(nextDueAt(new Shopper(planOf(CART)).state)).toBeNull();
  });

  it('never fires early: only what is due at the moment given', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.play('cart_added:C1 @0m', 'clock @30m');
    expect(shopper.actions).toEqual([]);
    shopper.event(eventOf('x', 'app_opened', START + 30 * MINUTE_MS + SLACK_MS));
    expect(shopper.actions).toEqual([]);
    shopper.event(eventOf('y', 'app_opened', START + 30 * MINUTE_MS + SLACK_MS + 1));
    expect(shopper.actions).toHaveLength(1);
  });

  it('fires several in the order of (due, trigger, key)', () => {
    const plan = planOf(
      { ...CART, name: 'late', unless: { ...CART.unless, within: '40m' } },
      { ...CART, name: 'a' },
      { ...CART, name: 'b' },
    );
    const shopper = new Shopper(plan);
    shopper.play('cart_added:C2 @0m', 'cart_added:C1 @0m', 'clock @1h');
    const order = shopper.actions.map(({ trigger, correlation }) => `${trigger} ${correlation}`);
    const [first, second] = hash32('a') < hash32('b') ? ['a', 'b'] : ['b', 'a'];
    expect(order).toEqual([
      `${first} C1`,
      `${first} C2`,
      `${second} C1`,
      `${second} C2`,
      'late C1',
      'late C2',
    ]);
  });

  it('suppresses what fires later than `max_lateness`, though not on the history clock', () => {
    const lines = ['cart_added:C1 @0m', 'jump @41m'];
    expect(play(CART, ...lines)).toEqual(['cart e1 due 30m too_late']);
    expect(play({ ...CART, limits: { max_lateness: '11m' } }, ...lines)).toEqual([
      'cart e1 due 30m',
    ]);
    expect(play(CART, 'cart_added:C1 @0m', 'jump @40m')).toEqual(['cart e1 due 30m']);
    const history = new Shopper(planOf(CART), { history: true });
    expect(history.play(...lines)).toEqual(['cart e1 due 30m']);
    expect(history.actions[0]).toMatchObject({
      history: true,
      decidedAt: START + 30 * MINUTE_MS + SLACK_MS,
    });
  });

  it('is not armed by an event older than `max_event_age`, but ended by one of any age', () => {
    const shopper = new Shopper(planOf(CART));
    expect(shopper.play('cart_added:C1 @0m seen 11m', 'clock @50m')).toEqual([]);
    expect(shopper.notes).toEqual(['event_too_old cart']);
    const lines = ['cart_added:C1 @0m', 'order_paid:C1 @1m seen 29m', 'clock @50m'];
    expect(play(CART, ...lines)).toEqual([]);
    const history = new Shopper(planOf(CART), { history: true });
    expect(history.play('cart_added:C1 @0m seen 60m', 'clock @61m')).toEqual(['cart e1 due 30m']);
  });

  it('armed by an event that is already due fires at once', () => {
    const short = { ...CART, unless: { event: 'order_paid', within: '1m' } };
    expect(play(short, 'cart_added:C1 @0m seen 5m', 'clock @5m')).toEqual(['cart e1 due 1m']);
  });
});

describe('an edited catalogue', () => {
  const LONGER = { ...CART, unless: { ...CART.unless, within: '60m' } };

  it('leaves a running wait its due time and its id', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.play('cart_added:C1 @0m');
    shopper.plan = planOf({ ...LONGER, priority: 9, title: 'edited' });
    expect(shopper.play('clock @31m', 'cart_added:C1 @32m', 'clock @93m')).toEqual([
      'cart e1 due 30m',
      'cart e2 due 92m',
    ]);
    expect(shopper.actions[0]?.id).toBe(`cart/e1@${START + 30 * MINUTE_MS}`);
  });

  it('asks the new `if`', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.play('cart_added:C1 @0m');
    shopper.plan = planOf({ ...CART, if: 'orders_30d > 0' });
    expect(shopper.play('clock @31m')).toEqual([]);
  });

  it('drops a wait whose trigger is gone or waits no more, without a decision', () => {
    for (const plan of [planOf(), planOf({ name: 'cart', on: 'cart_added', do: LOG })]) {
      const shopper = new Shopper(planOf(CART));
      shopper.play('cart_added:C1 @0m');
      shopper.plan = plan;
      expect(shopper.play('clock @31m')).toEqual([]);
      expect(shopper.notes[0]).toMatch(/^trigger_gone/);
      expect(nextDueAt(shopper.state)).toBeNull();
    }
  });

  it('that takes a trigger out and puts it back before it is due changes nothing', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.play('cart_added:C1 @0m');
    shopper.plan = planOf();
    shopper.play('cart_added:C2 @1m');
    shopper.plan = planOf(CART);
    expect(shopper.play('clock @50m')).toEqual(['cart e1 due 30m']);
  });
});

describe('the bounds of waits', () => {
  it('give up the oldest of too many', () => {
    const shopper = new Shopper(planOf(CART));
    for (let i = 0; i < PENDING_MAX + 3; i++) shopper.play(`cart_added:C${i} #e${i} @${i}s`);
    expect(shopper.state.pending).toHaveLength(PENDING_MAX);
    expect(shopper.state.pending[0]?.armedBy).toBe('e3');
    expect(shopper.notes).toEqual([
      'wait_given_up cart',
      'wait_given_up cart',
      'wait_given_up cart',
    ]);
  });

  it('remember the last orders only, and none longer than a wait can need', () => {
    const shopper = new Shopper(planOf(CART));
    for (let i = 0; i < RECENT_MAX + 3; i++) shopper.play(`order_paid:C${i} @${i}s`);
    expect(shopper.state.recent).toHaveLength(RECENT_MAX);
    shopper.play('order_paid:C @45m');
    expect(shopper.state.recent).toHaveLength(1);
  });

  it('take no part for a key that is too long', () => {
    const shopper = new Shopper(planOf(CART));
    shopper.event(eventOf('a', 'cart_added', START, 'x'.repeat(129)));
    shopper.event(eventOf('b', 'cart_added', START, ''));
    expect(shopper.state.pending).toEqual([]);
  });
});
