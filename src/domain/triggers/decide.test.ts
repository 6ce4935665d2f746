import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../event.ts';
import { eventOf, LOG, MINUTE_MS, planOf, Shopper, START } from './fixtures.contract.ts';
import { LIMIT_TIMES_MAX, RECORDS_MAX } from './state.ts';

const PAID = { name: 'thanks', on: 'order_paid', do: LOG };

describe('an action', () => {
  it('says all that dispatch, archive and templates need', () => {
    const plan = planOf({
      name: 'cart',
      on: 'cart_added',
      unless: { event: 'order_paid', within: '30m', matching: 'cart.id' },
      do: [
        { coupon: 'cart_saver_5' },
        {
          webhook: {
            title: { en: 'Hi', zh: '你好' },
            body: '{{event.items.0.name}} {{tags.orders_30d}} {{event.properties.size}} {{coupon}}',
            with: { link: 'app://{{event.cart.id}}', value: '{{tags.favourite_brand_90d}}' },
          },
        },
      ],
    });
    const shopper = new Shopper(plan, { tags: { orders_30d: 3, cart_value: 1_000 } });
    shopper.event(
      eventOf('a', 'cart_added', START, 'C1', {
        items: [{ sku: 'A1', name: '鲜牛奶', quantity: 2, price: 6_425 }],
        order: { id: 'T1', total: 10_850, discount: 2_000, currency: 'CNY', coupons: [] },
        properties: '{"size":"L","other":1}',
        store: 'S1',
      }),
    );
    shopper.play('clock @31m');
    const dueAt = START + 30 * MINUTE_MS;
    const [action] = shopper.actions;
    expect({ ...action, context: JSON.parse(action?.context ?? '') as Json }).toEqual({
      kind: 'action',
      tenant: 'default',
      id: `cart/a@${dueAt}`,
      trigger: 'cart',
      profile: 'p1',
      event: 'a',
      anchor: `a@${dueAt}`,
      correlation: 'C1',
      dueAt,
      decidedAt: dueAt + 300,
      outcome: 'decided',
      reason: null,
      steps: [
        { coupon: 'cart_saver_5' },
        {
          channel: 'webhook',
          with: {
            title: { en: 'Hi', zh: '你好' },
            body: '{{event.items.0.name}} {{tags.orders_30d}} {{event.properties.size}} {{coupon}}',
            data: { link: 'app://{{event.cart.id}}', value: '{{tags.favourite_brand_90d}}' },
          },
        },
      ],
      recipients: [{ type: 'uid', scope: '', value: 'u1' }],
      context: {
        event: {
          id: 'a',
          type: 'cart_added',
          source: 'app',
          at: START,
          store: 'S1',
          cart: { id: 'C1' },
          order: {
            id: 'T1',
            total: 108.5,
            discount: 20,
            gross: 128.5,
            currency: 'CNY',
            coupons: [],
          },
          items: [{ sku: 'A1', name: '鲜牛奶', quantity: 2, price: 64.25 }],
          properties: { size: 'L' },
        },
        tags: { orders_30d: 3 },
      },
      history: false,
      receivedAt: null,
    });
  });

  it('keeps of an event only a little, however large it is', () => {
    const shopper = new Shopper(planOf(PAID));
    const name = '很长的名字'.repeat(100);
    const items = Array.from({ length: 50 }, () => ({ sku: 'A', name, quantity: 1, price: 1 }));
    shopper.event(
      eventOf('a', 'order_paid', START, undefined, { items, campaign: 'x'.repeat(500) }),
    );
    const text = shopper.actions[0]?.context ?? '';
    expect(text.length).toBeLessThan(1_500);
    const { event } = JSON.parse(text) as {
      event: { items: { name: string }[]; campaign: string };
    };
    expect(event.items).toHaveLength(3);
    expect([...(event.items[0]?.name ?? '')]).toHaveLength(200);
    expect(event.campaign).toBe(`${'x'.repeat(199)}…`);
  });

  it('is decided once under one id, whoever asks again', () => {
    const shopper = new Shopper(planOf(PAID));
    expect(shopper.play('order_paid #same @0m')).toEqual(['thanks same']);
    expect(shopper.play('order_paid #same @0m')).toEqual([]);
  });
});

describe('consent', () => {
  const SEND = {
    name: 'send',
    on: 'order_paid',
    do: [{ coupon: 'welcome_10' }, { push: { template: 'cart_reminder' }, fallback: ['webhook'] }],
  };
  const stepsWith = (consents: Record<string, 'granted' | 'withdrawn'>, trigger: Json = SEND) => {
    const shopper = new Shopper(planOf(trigger), { consents });
    shopper.play('order_paid @0m');
    const [action] = shopper.actions;
    return { reason: action?.reason, steps: action?.steps };
  };
  const coupon = { coupon: 'welcome_10' };

  it.each([
    [
      'lets the first channel send, with the allowed fallbacks behind it',
      { push: 'granted' },
      [coupon, { channel: 'push', template: 'cart_reminder', fallback: ['webhook'] }],
    ],
    [
      'that is missing hands over to the fallback',
      {},
      [coupon, { channel: 'webhook', template: 'cart_reminder' }],
    ],
    [
      'withdrawn takes a fallback away',
      { push: 'granted', webhook: 'withdrawn' },
      [coupon, { channel: 'push', template: 'cart_reminder' }],
    ],
  ] as const)('%s', (_, consents, steps) => {
    expect(stepsWith(consents)).toEqual({ reason: null, steps });
  });

  it('missing for every sending step suppresses the whole action, coupon and all', () => {
    expect(stepsWith({ webhook: 'withdrawn' })).toEqual({
      reason: 'no_consent',
      steps: [coupon, { channel: 'push', template: 'cart_reminder', fallback: ['webhook'] }],
    });
  });

  it('missing for one of several sending steps leaves that one out', () => {
    const trigger = { ...SEND, do: [{ push: {} }, { log: {} }] };
    expect(stepsWith({}, trigger)).toEqual({ reason: null, steps: [{ channel: 'log' }] });
  });

  it('is asked of nobody for a coupon alone, or for `log`', () => {
    expect(stepsWith({}, { ...SEND, do: [coupon] })).toEqual({ reason: null, steps: [coupon] });
    expect(stepsWith({ log: 'withdrawn' }, PAID)).toEqual({
      reason: null,
      steps: [{ channel: 'log' }],
    });
  });
});

describe('a limit', () => {
  const LIMITED = { ...PAID, limits: { per_profile: '2 per 1h' } };

  it('counts what was decided in the time that just passed', () => {
    const shopper = new Shopper(planOf(LIMITED));
    const lines = ['0m', '10m', '20m', '59m', '60m', '61m', '70m'].map((at) => `order_paid @${at}`);
    expect(shopper.play(...lines)).toEqual([
      'thanks e1',
      'thanks e2',
      'thanks e3 profile_limit',
      'thanks e4 profile_limit',
      'thanks e5',
      'thanks e6 profile_limit',
      'thanks e7',
    ]);
  });

  it('is not used up by what was suppressed, or by another trigger', () => {
    const plan = planOf({ ...LIMITED, do: [{ webhook: {} }] }, { ...LIMITED, name: 'other' });
    const shopper = new Shopper(plan, { consents: { webhook: 'withdrawn' } });
    shopper.play('order_paid @0m', 'order_paid @1m', 'order_paid @2m');
    shopper.set({ consents: {} });
    expect(shopper.play('order_paid @3m')).toEqual(['other e4 profile_limit', 'thanks e4']);
  });

  it('counts by the clock, not by the time of the events', () => {
    const shopper = new Shopper(planOf(LIMITED), { history: true });
    const lines = ['order_paid @50m', 'order_paid @10m seen 51m', 'order_paid @70m'];
    expect(shopper.play(...lines)).toEqual(['thanks e1', 'thanks e2', 'thanks e3 profile_limit']);
  });

  it('left out means none', () => {
    const shopper = new Shopper(planOf(PAID));
    for (let i = 0; i < 50; i++) shopper.play(`order_paid @${i}s`);
    expect(shopper.actions.every(({ outcome }) => outcome === 'decided')).toBe(true);
    expect(shopper.state.decided).toEqual([]);
  });

  it('added by an edit counts from then on; one that is lowered counts what is remembered', () => {
    const shopper = new Shopper(planOf({ ...PAID, limits: { per_profile: '9 per 1h' } }));
    shopper.play('order_paid @0m', 'order_paid @1m');
    shopper.plan = planOf({ ...PAID, limits: { per_profile: '1 per 1d' } });
    expect(shopper.play('order_paid @2m', 'order_paid @61m')).toEqual([
      'thanks e3 profile_limit',
      'thanks e4 profile_limit',
    ]);
  });

  it('is never exceeded: not by disorder, not by a merge', () => {
    const step = fc.tuple(fc.nat(240), fc.nat(9), fc.boolean());
    const limit = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 90 }));
    fc.assert(
      fc.property(
        limit,
        fc.array(step, { maxLength: 60 }),
        fc.nat(60),
        (cap, steps, mergeAfter) => {
          const [times, minutes] = cap;
          const plan = planOf({ ...PAID, limits: { per_profile: `${times} per ${minutes}m` } });
          const shoppers = [new Shopper(plan), new Shopper(plan)] as const;
          const [left, right] = shoppers;
          for (const [index, [at, late, goesRight]] of steps.entries()) {
            if (index === mergeAfter) left.absorb(right);
            const shopper = goesRight && index < mergeAfter ? right : left;
            shopper.play(`order_paid #e${index} @${at}m seen ${at + late}m`);
          }
          for (const { actions } of shoppers) {
            const decided = actions.filter(({ outcome }) => outcome === 'decided');
            for (const { decidedAt } of decided) {
              const isInside = (one: { decidedAt: number }): boolean =>
                one.decidedAt <= decidedAt && one.decidedAt > decidedAt - minutes * MINUTE_MS;
              expect(decided.filter(isInside).length).toBeLessThanOrEqual(times);
            }
          }
        },
      ),
    );
  });
});

describe('what is remembered of decisions', () => {
  it('is the last of them, a suppression for the same reason once', () => {
    const shopper = new Shopper(planOf({ ...PAID, limits: { per_profile: '1 per 1h' } }));
    for (let i = 0; i < 50; i++) shopper.play(`order_paid @${i}m`);
    const { hash } = shopper.plan.triggers[0] ?? { hash: 0 };
    expect(shopper.state.records).toEqual([
      { trigger: hash, action: 'thanks/e1', at: START, reason: null },
      { trigger: hash, action: 'thanks/e50', at: START + 49 * MINUTE_MS, reason: 'profile_limit' },
    ]);
  });

  it('is bounded', () => {
    const shopper = new Shopper(
      planOf({ ...PAID, limits: { per_profile: '20 per 1d' } }, { ...PAID, name: 'free' }),
    );
    for (let i = 0; i < 50; i++) shopper.play(`order_paid @${i}m`);
    expect(shopper.state.records).toHaveLength(RECORDS_MAX);
    expect(shopper.state.decided).toHaveLength(LIMIT_TIMES_MAX);
  });
});
