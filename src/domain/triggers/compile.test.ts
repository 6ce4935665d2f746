import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../event.ts';
import { hash32 } from '../hash.ts';
import { compileTriggers } from './compile.ts';
import { KNOWN, LOG, planOf, sequenceOf } from './fixtures.contract.ts';
import { tagKey } from './plan.ts';

const GOOD = { name: 'good', on: 'order_paid', do: LOG };
const WAIT = { ...GOOD, on: 'cart_added', unless: { event: 'order_paid', within: '30m' } };

const only = (trigger: Json) => {
  const [compiled] = planOf(trigger).triggers;
  if (compiled === undefined) throw new Error('no trigger');
  return compiled;
};

describe('a trigger', () => {
  it('with everything left out has no limits but the ages, and is for known shoppers', () => {
    expect(only(GOOD)).toMatchObject({
      name: 'good',
      hash: hash32('good'),
      title: 'good',
      pattern: { kind: 'event', types: ['order_paid'] },
      where: null,
      condition: null,
      perProfile: null,
      maxEventAgeMs: 600_000,
      maxLatenessMs: 600_000,
      priority: 50,
      allowsAnonymous: false,
      steps: [
        {
          kind: 'send',
          channels: [{ name: 'log', consent: 'none' }],
          template: null,
          content: null,
        },
      ],
    });
  });

  it('is read with every field', () => {
    const trigger = only({
      name: 'abandoned_cart',
      title: { en: 'Abandoned cart', zh: '购物车未支付' },
      on: ['cart_added', 'cart_viewed'],
      unless: { event: ['order_paid', 'order_cancelled'], within: '30m', matching: 'cart.id' },
      where: 'size(event.items) > 0',
      if: '!suspected_bot && cart_value >= 50',
      on_again: 'keep_first',
      do: [
        { coupon: 'cart_saver_5' },
        {
          push: { template: 'cart_reminder', with: { link: 'app://cart' } },
          fallback: ['webhook'],
        },
      ],
      limits: { per_profile: '1 per 3d', max_event_age: '5m', max_lateness: '1h' },
      priority: 80,
      anonymous: true,
    });
    expect(trigger).toMatchObject({
      title: { en: 'Abandoned cart', zh: '购物车未支付' },
      pattern: {
        kind: 'absence',
        types: ['cart_added', 'cart_viewed'],
        unlessTypes: ['order_paid', 'order_cancelled'],
        withinMs: 1_800_000,
        correlation: { path: 'cart.id' },
        onAgain: 'keep_first',
      },
      where: { text: 'size(event.items) > 0' },
      condition: { text: '!suspected_bot && cart_value >= 50' },
      perProfile: { times: 1, overMs: 259_200_000 },
      maxEventAgeMs: 300_000,
      maxLatenessMs: 3_600_000,
      priority: 80,
      allowsAnonymous: true,
      contextTags: ['orders_30d'],
      contextProperties: [],
    });
    expect(trigger.steps).toEqual([
      { kind: 'coupon', coupon: 'cart_saver_5' },
      {
        kind: 'send',
        channels: [
          { name: 'push', consent: 'opt_in' },
          { name: 'webhook', consent: 'opt_out' },
        ],
        template: 'cart_reminder',
        content: { data: { link: 'app://cart' } },
      },
    ]);
  });

  it.each<[string, JsonObject, object]>([
    [
      'a wait restarts unless told otherwise',
      WAIT,
      { kind: 'absence', onAgain: 'restart', correlation: { path: '' } },
    ],
    [
      'a sequence',
      sequenceOf(GOOD, { event: 'cart_added', within: '1h', matching: 'properties.table' }),
      { kind: 'sequence', thenTypes: ['cart_added'], correlation: { path: 'properties.table' } },
    ],
    [
      'a count names its event inside',
      { name: 'n', count: { of: 'product_viewed', within: '1h', at_least: 5 }, do: LOG },
      { kind: 'count', types: ['product_viewed'], atLeast: 5, withinMs: 3_600_000 },
    ],
    ['a tag that came', { ...GOOD, on: { tag: 'at_risk' } }, { kind: 'tag', becomes: 'entered' }],
    ['a tag that left', { ...GOOD, on: { tag: 'at_risk', becomes: 'left' } }, { becomes: 'left' }],
    [
      'an event of the retailer’s own',
      { ...GOOD, on: 'order_printed' },
      { types: ['order_printed'] },
    ],
  ])('%s', (_, trigger, pattern) => {
    expect(only(trigger).pattern).toMatchObject(pattern);
  });

  it('speaks of tags and properties that its messages need', () => {
    const body =
      '{{tags.orders_30d}} {{event.properties.size}} {{event.items.2.price}} {{event.at}}';
    expect(only({ ...GOOD, do: [{ webhook: { body } }] })).toMatchObject({
      contextTags: ['orders_30d'],
      contextProperties: ['size'],
    });
  });

  it('may speak of the codes of its own coupons', () => {
    const body = '{{coupon}} {{coupons.welcome_10}}';
    const steps = [{ coupon: 'cart_saver_5' }, { coupon: 'welcome_10' }, { webhook: { body } }];
    expect(only({ ...GOOD, do: steps }).steps).toHaveLength(3);
  });
});

describe('a plan', () => {
  it('of a missing file is empty', () => {
    const compiled = compileTriggers(null, KNOWN);
    expect(compiled).toMatchObject({ ok: true, plan: { triggers: [], recentHorizonMs: 0 } });
  });

  it('is indexed by what sets triggers off, in order of priority, then name', () => {
    const plan = planOf(
      WAIT,
      { ...WAIT, name: 'same_key' },
      { ...WAIT, name: 'by_cart', unless: { ...WAIT.unless, within: '1h', matching: 'cart.id' } },
      { ...GOOD, name: 'first', priority: 90 },
      { ...GOOD, name: 'tag', on: { tag: 'at_risk', becomes: 'left' } },
      sequenceOf({ ...GOOD, name: 'seq', on: 'order_paid' }, { event: 'order_paid', within: '1h' }),
    );
    const paid = plan.byEvent.get('order_paid');
    expect(paid?.triggers.map(({ name }) => name)).toEqual(['first', 'seq']);
    expect(paid?.endings.map(({ correlation, triggers }) => [correlation.path, triggers])).toEqual([
      ['cart.id', new Set([hash32('by_cart')])],
      ['', new Set([hash32('good'), hash32('same_key')])],
    ]);
    expect(plan.byTag.get(tagKey('at_risk', 'left'))?.map(({ name }) => name)).toEqual(['tag']);
    expect(plan.recentHorizonMs).toBe(3_600_000 + 600_000);
    expect(plan.byHash.get(hash32('seq'))?.name).toBe('seq');
  });
});

describe('a trigger is refused', () => {
  it.each<[string, Json, (string | number)[], RegExp, string?]>([
    ['no object', 'x', [0], /must be an object/],
    ['no name', { on: 'order_paid', do: LOG }, [0], /needs a name/],
    ['name', { ...GOOD, name: 'Good-1' }, [0, 'name'], /A name is/],
    ['field', { ...GOOD, limit: {} }, [0, 'limit'], /has no field 'limit'/, 'limits'],
    ['title', { ...GOOD, title: { en: 1 } }, [0, 'title'], /texts by language/],
    ['no on', { name: 'x', do: LOG }, [0], /'on' is missing/],
    ['on', { ...GOOD, on: 7 }, [0, 'on'], /a name or a list/],
    ['on nothing', { ...GOOD, on: [] }, [0, 'on'], /a name or a list/],
    [
      'slip in on',
      { ...GOOD, on: 'order_payed' },
      [0, 'on'],
      /no event type 'order_payed'/,
      'order_paid',
    ],
    ['on', { ...GOOD, on: 'Order Paid' }, [0, 'on'], /is no event type/, 'order_paid'],
    ['tag', { ...GOOD, on: { tag: 'at_rsk' } }, [0, 'on', 'tag'], /no tag 'at_rsk'/, 'at_risk'],
    ['no tag', { ...GOOD, on: { becomes: 'left' } }, [0, 'on'], /must name an event, or a tag/],
    [
      'becomes',
      { ...GOOD, on: { tag: 'at_risk', becomes: 'gone' } },
      [0, 'on', 'becomes'],
      /entered, left/,
    ],
    ['tag and unless', { ...WAIT, on: { tag: 'at_risk' } }, [0, 'unless'], /needs an event/],
    [
      'tag and where',
      { ...GOOD, on: { tag: 'at_risk' }, where: 'true' },
      [0, 'where'],
      /asks the event/,
      "'if'",
    ],
    ['two patterns', { ...WAIT, count: {} }, [0, 'count'], /one of 'unless' and 'count', not both/],
    ['unless', { ...GOOD, unless: 'order_paid' }, [0, 'unless'], /must be an object/],
    [
      'no within',
      { ...GOOD, unless: { event: 'order_cancelled' } },
      [0, 'unless'],
      /'within' is missing/,
    ],
    ['no event', { ...GOOD, unless: { within: '1h' } }, [0, 'unless'], /'event' is missing/],
    [
      'within',
      { ...GOOD, unless: { event: 'order_cancelled', within: 30 } },
      [0, 'unless', 'within'],
      /a duration/,
    ],
    [
      'within 0',
      { ...GOOD, unless: { event: 'order_cancelled', within: '0m' } },
      [0, 'unless', 'within'],
      /more than 0/,
    ],
    [
      'within a year',
      { ...GOOD, unless: { event: 'order_cancelled', within: '365d' } },
      [0, 'unless', 'within'],
      /at most 90d/,
    ],
    [
      'matching',
      { ...GOOD, unless: { event: 'order_cancelled', within: '1h', matching: 'card.id' } },
      [0, 'unless', 'matching'],
      /cannot be matched by 'card.id'/,
      'cart.id',
    ],
    [
      'then',
      sequenceOf(GOOD, { event: 'order_cancelled', within: '1h', mtching: 'x' }),
      [0, 'then', 'mtching'],
      /no field/,
      'matching',
    ],
    [
      'count and on',
      { ...GOOD, count: { of: 'order_paid', within: '1h', at_least: 2 } },
      [0, 'on'],
      /named inside/,
      'count: { of: … }',
    ],
    [
      'count of 1',
      { name: 'n', count: { of: 'order_paid', within: '1h', at_least: 1 }, do: LOG },
      [0, 'count', 'at_least'],
      /from 2 to 32/,
    ],
    [
      'no at_least',
      { name: 'n', count: { of: 'order_paid', within: '1h' }, do: LOG },
      [0, 'count'],
      /needs 'at_least'/,
    ],
    [
      'on_again',
      { ...GOOD, on_again: 'restart' },
      [0, 'on_again'],
      /is for triggers with 'unless'/,
    ],
    ['on_again', { ...WAIT, on_again: 'reset' }, [0, 'on_again'], /restart, keep_first/],
    [
      'where',
      { ...GOOD, where: 'event.stor == "S"' },
      [0, 'where'],
      /There is no 'event\.stor'/,
      'event.store',
    ],
    ['where of a tag', { ...GOOD, where: 'orders_30d > 1' }, [0, 'where'], /no name 'orders_30d'/],
    ['if', { ...GOOD, if: 'order_30d > 1' }, [0, 'if'], /no name 'order_30d'/, 'orders_30d'],
    ['if', { ...GOOD, if: 'orders_30d + 1' }, [0, 'if'], /yields a number/],
    ['if', { ...GOOD, if: true }, [0, 'if'], /must be text/],
    [
      'items of a wait',
      { ...WAIT, if: 'size(event.items) > 1' },
      [0, 'if'],
      /not kept so long/,
      "ask them in 'where'",
    ],
    ['no do', { name: 'x', on: 'order_paid' }, [0], /list of 1 to 8 steps/],
    ['do', { ...GOOD, do: [] }, [0, 'do'], /list of 1 to 8 steps/],
    ['step', { ...GOOD, do: ['log'] }, [0, 'do', 0], /must be an object/],
    ['empty step', { ...GOOD, do: [{}] }, [0, 'do', 0], /a coupon or one channel/],
    [
      'two in a step',
      { ...GOOD, do: [{ log: {}, coupon: 'welcome_10' }] },
      [0, 'do', 0],
      /a coupon or one channel/,
    ],
    [
      'coupon',
      { ...GOOD, do: [{ coupon: 'welcome_1' }] },
      [0, 'do', 0, 'coupon'],
      /no coupon 'welcome_1'/,
      'welcome_10',
    ],
    ['coupon', { ...GOOD, do: [{ coupon: {} }] }, [0, 'do', 0, 'coupon'], /must be text/],
    [
      'channel',
      { ...GOOD, do: [{ pussh: {} }] },
      [0, 'do', 0, 'pussh'],
      /no channel 'pussh'/,
      'push',
    ],
    [
      'fallback',
      { ...GOOD, do: [{ push: {}, fallback: ['sms'] }] },
      [0, 'do', 0, 'fallback'],
      /no channel 'sms'/,
    ],
    [
      'fallback',
      { ...GOOD, do: [{ push: {}, fallback: 'log' }] },
      [0, 'do', 0, 'fallback'],
      /must be a list/,
    ],
    [
      'fallback',
      { ...GOOD, do: [{ push: {}, fallback: [1] }] },
      [0, 'do', 0, 'fallback'],
      /list of channels/,
    ],
    [
      'fallback of a coupon',
      { ...GOOD, do: [{ coupon: 'welcome_10', fallback: ['log'] }] },
      [0, 'do', 0, 'fallback'],
      /no fallback/,
    ],
    [
      'template',
      { ...GOOD, do: [{ push: { template: 'cart_remindr' } }] },
      [0, 'do', 0, 'push', 'template'],
      /no template/,
      'cart_reminder',
    ],
    [
      'two messages',
      { ...GOOD, do: [{ push: { template: 'cart_reminder', body: 'x' } }] },
      [0, 'do', 0, 'push', 'template'],
      /not both/,
    ],
    [
      'settings',
      { ...GOOD, do: [{ push: { templat: 'x' } }] },
      [0, 'do', 0, 'push', 'templat'],
      /no field/,
      'template',
    ],
    [
      'variable',
      { ...GOOD, do: [{ push: { body: '{{tags.order_30d}}' } }] },
      [0, 'do', 0, 'push'],
      /no variable '{{tags.order_30d}}'/,
      'tags.orders_30d',
    ],
    [
      'variable',
      { ...GOOD, do: [{ push: { body: '{{event.crt.id}}' } }] },
      [0, 'do', 0, 'push'],
      /no variable/,
      'event.cart.id',
    ],
    [
      'variable',
      { ...GOOD, do: [{ push: { body: '{{constructor}}' } }] },
      [0, 'do', 0, 'push'],
      /no variable/,
    ],
    [
      'code without coupon',
      { ...GOOD, do: [{ push: { body: '{{coupon}}' } }] },
      [0, 'do', 0, 'push'],
      /needs a step that issues/,
    ],
    ['limits', { ...GOOD, limits: [] }, [0, 'limits'], /must be an object/],
    [
      'limit',
      { ...GOOD, limits: { per_profil: '1 per 3d' } },
      [0, 'limits', 'per_profil'],
      /no field/,
      'per_profile',
    ],
    [
      'limit',
      { ...GOOD, limits: { per_profile: '1/3d' } },
      [0, 'limits', 'per_profile'],
      /how often/,
      '1 per 3d',
    ],
    [
      'limit of 0',
      { ...GOOD, limits: { per_profile: '0 per 3d' } },
      [0, 'limits', 'per_profile'],
      /how often/,
      '1 per 3d',
    ],
    [
      'limit of 21',
      { ...GOOD, limits: { per_profile: '21 per 3d' } },
      [0, 'limits', 'per_profile'],
      /how often/,
      '1 per 3d',
    ],
    [
      'age',
      { ...GOOD, limits: { max_event_age: '31d' } },
      [0, 'limits', 'max_event_age'],
      /at most 30d/,
    ],
    ['priority', { ...GOOD, priority: 101 }, [0, 'priority'], /from 0 to 100/],
    ['anonymous', { ...GOOD, anonymous: 'yes' }, [0, 'anonymous'], /true or false/],
  ])('for its %s: %j', (_, trigger, path, message, suggestion) => {
    const compiled = compileTriggers([trigger], KNOWN);
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems).toHaveLength(1);
    expect(compiled.problems[0]).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(compiled.problems[0]?.suggestion).toBe(suggestion);
  });

  it('with every problem of the file at once', () => {
    const compiled = compileTriggers(
      [
        { ...GOOD, name: 'a', on: 'order_payed', if: 'x > 1', prio: 1 },
        GOOD,
        { ...GOOD, do: [{ sms: {} }] },
      ],
      KNOWN,
    );
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems.map(({ path }) => path.join('/'))).toEqual([
      '0/prio',
      '0/on',
      '0/if',
      '2/do/0/sms',
      '2/name',
    ]);
    expect(compiled.problems[0]?.message).toBe("Trigger 'a' has no field 'prio'.");
  });

  it('where the file is no list', () => {
    const compiled = compileTriggers({ good: GOOD }, KNOWN);
    expect(compiled).toMatchObject({ ok: false, problems: [{ path: [] }] });
  });

  it('where names cannot be told apart by their hash', () => {
    const [one, other] = collidingNames();
    const compiled = compileTriggers(
      [
        { ...GOOD, name: one },
        { ...GOOD, name: other },
      ],
      KNOWN,
    );
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems).toMatchObject([{ path: [1, 'name'], suggestion: `${other}_2` }]);
  });
});

/** By the birthday paradox: two of some hundred thousand names. */
function collidingNames(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let index = 0; ; index++) {
    const name = `t${index}`;
    const other = seen.get(hash32(name));
    if (other !== undefined) return [other, name];
    seen.set(hash32(name), name);
  }
}
