import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression, toUnits, type NameType } from './expression.ts';

const NAMES = new Map<string, NameType>([
  ['orders_90d', 'number'],
  ['discount_share_90d', 'number'],
  ['days_since_order', 'number'],
  ['suspected_bot', 'boolean'],
  ['cart_value', 'money'],
  ['favourite_brand_90d', 'string'],
  ['favourite_categories_90d', 'list'],
  ['event', 'object'],
  ['event.type', 'string'],
  ['event.order', 'object'],
  ['event.order.total', 'number'],
  ['event.cart.id', 'string'],
  ['event.items', 'list'],
  ['event.properties', 'object'],
]);

const bare = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.assign(Object.create(null), fields);

const SHOPPER = bare({
  orders_90d: 3,
  discount_share_90d: 0.4,
  suspected_bot: false,
  cart_value: 5_000,
  favourite_brand_90d: '光明',
  favourite_categories_90d: ['dairy', 'bakery'],
  event: bare({
    type: 'order_paid',
    order: bare({ total: 300.5, ['__proto__x']: 1 }),
    items: [bare({ sku: 'A', quantity: 2 }), bare({ sku: 'B', quantity: 1 })],
    properties: bare({ level: 7, note: null, tags: ['x'], text: 'Grüße' }),
  }),
});

function compiled(text: string) {
  const result = compileExpression(text, { names: NAMES });
  if (!result.ok) throw new Error(`${text}: ${result.message}`);
  return result.expression;
}

describe('an expression', () => {
  it.each([
    ['orders_90d >= 3 && discount_share_90d >= 0.3 && !suspected_bot && cart_value >= 50', true],
    ['cart_value >= 50.01', false],
    ['cart_value + 1', 51],
    ['orders_90d * 2 + 1 - 0.5', 6.5],
    ['-orders_90d % 2', -1],
    ['7 / 2', 3.5],
    ['event.order.total > 300', true],
    ['event.order.total == 300.5', true],
    ["event.type == 'order_paid'", true],
    ["event['type'] == 'order_paid'", true],
    ["event.type in ['order_paid', 'order_refunded']", true],
    ["'dairy' in favourite_categories_90d", true],
    ["'level' in event.properties", true],
    ['favourite_categories_90d[0]', 'dairy'],
    ['favourite_categories_90d', ['dairy', 'bakery']],
    ["favourite_categories_90d == ['dairy', 'bakery']", true],
    ['size(favourite_categories_90d) + orders_90d > 4', true],
    ["favourite_brand_90d == '光明'", true],
    ["favourite_brand_90d + '!'", '光明!'],
    ["event.type.startsWith('order_') && event.type.endsWith('paid')", true],
    ["event.type.contains('xyz')", false],
    ["event.type.upperAscii().lowerAscii() == event.type && ' a '.trim() == 'a'", true],
    ['size(favourite_brand_90d)', 2],
    ["string(orders_90d) + '/' + string(true)", '3/true'],
    ["double('2.5') + int('3.9')", 5.5],
    ['suspected_bot ? 1 : 2', 2],
    ["event.items.exists(i, i.sku == 'B' && i.quantity > 0)", true],
    ['event.items.all(i, i.quantity >= 2)', false],
    ["event.items.exists_one(i, i.sku == 'A')", true],
    ['event.items.filter(i, i.quantity >= 2).map(i, i.sku)', ['A']],
    ['favourite_categories_90d.exists(a, event.properties.tags.exists(b, a != b))', true],
    ['event.properties.note == null', true],
    ["'a' < 'b'", true],
    ['true || false', true],
  ])('%s is %j', (text, expected) => {
    expect(compiled(text).evaluate(SHOPPER)).toEqual(expected);
  });

  it.each([
    'days_since_order > 60',
    'event.cart.id',
    'event.properties.unheard_of > 1',
    'event.properties.level.deeper.still > 1',
    'event.properties.text > 3',
    "'光' in event.properties.level",
    'orders_90d / 0',
    'favourite_categories_90d[7]',
    'favourite_categories_90d[0.5]',
    'event.properties.constructor',
    'event.properties.__proto__',
    'event.properties.__proto__.x',
    "event['constructor']",
    "event['__proto__'] == event",
    'favourite_categories_90d.length',
    'event.items',
    'event.properties.tags.map(x, x.y)',
    'event.properties.level.exists(x, true)',
    "int('many')",
  ])('%s is absent, and throws nothing', (text) => {
    expect(compiled(text).evaluate(SHOPPER)).toBeUndefined();
  });

  it.each([
    ['has(event.cart)', false],
    ['has(event.cart.id)', false],
    ['has(event.order) && has(event.order.total)', true],
    ['has(days_since_order)', false],
    ['has(favourite_brand_90d)', true],
    ['days_since_order > 60 && suspected_bot', false],
    ['days_since_order > 60 || !suspected_bot', true],
    ['suspected_bot && days_since_order > 60', false],
    ['days_since_order > 60 && !suspected_bot', undefined],
    ['!(days_since_order > 60)', undefined],
    ['days_since_order > 60 ? 1 : 2', undefined],
    ['favourite_categories_90d.exists(x, x == "dairy" || days_since_order > 1)', true],
  ])('decides %s without what is absent: %j', (text, expected) => {
    expect(compiled(text).evaluate(SHOPPER)).toBe(expected);
  });

  it('reads own properties only, whatever object it is given', () => {
    const names = new Map<string, NameType>([['thing', 'object']]);
    const result = compileExpression('thing.toString', { names });
    if (!result.ok) throw new Error(result.message);
    expect(result.expression.evaluate(bare({ thing: {} }))).toBeUndefined();
    expect(result.expression.evaluate(bare({ thing: { toString: 'own' } }))).toBe('own');
    expect(result.expression.evaluate(bare({ thing: () => 1 }))).toBeUndefined();
  });

  it('takes a value of another type than declared for absent', () => {
    const wrong = bare({ orders_90d: '3', cart_value: 'x', favourite_categories_90d: 'dairy' });
    expect(compiled('orders_90d >= 3').evaluate(wrong)).toBeUndefined();
    expect(compiled('cart_value >= 3').evaluate(wrong)).toBeUndefined();
    expect(compiled("'dairy' in favourite_categories_90d").evaluate(wrong)).toBeUndefined();
    expect(compiled('orders_90d >= 3').evaluate(bare({ orders_90d: NaN }))).toBeUndefined();
  });

  it('says which names it reads, and what it yields', () => {
    const expression = compiled("event.items.exists(i, i.sku == 'A') || orders_90d > cart_value");
    expect([...expression.names]).toEqual(['event', 'orders_90d', 'cart_value']);
    expect(expression.yields).toBe('boolean');
    expect(compiled('orders_90d + 1').yields).toBe('number');
    expect(compiled('event.properties.level').yields).toBe('any');
  });

  it('shows fen as currency units', () => {
    expect(toUnits(10_850)).toBe(108.5);
  });
});

describe('an expression is refused', () => {
  it.each([
    ['order_90d >= 3', "There is no name 'order_90d'.", 'orders_90d'],
    ['event.ordr.total > 3', "There is no 'event.ordr'.", 'event.order'],
    ['event.order.totl > 3', "There is no 'event.order.totl'.", 'event.order.total'],
    ["event.type.startWith('o')", "There is no function 'startWith'.", 'startsWith'],
    ['sise(favourite_categories_90d)', "There is no function 'sise'.", 'size'],
    [
      "event.type.matches('(a+)+$')",
      /Patterns \(matches\) are not offered/,
      'contains, startsWith, endsWith',
    ],
    ['orders_90d >= "3"', "'>=' cannot stand between a number and a string.", undefined],
    ['orders_90d == "3"', "'==' cannot stand between a number and a string.", undefined],
    ['orders_90d && suspected_bot', "'&&' takes a boolean, not a number.", undefined],
    ['!orders_90d', "'!' takes a boolean, not a number.", undefined],
    ['-favourite_brand_90d', "'-' takes a number, not a string.", undefined],
    ["'a' - 'b' == 'c'", "'-' takes number, not string.", undefined],
    ["'光' in favourite_brand_90d", /looks into a list/, undefined],
    ['event', /yields no value/, undefined],
    ['event.properties', /yields no value/, undefined],
    ['event.order.total > "3"', "'>' cannot stand between a number and a string.", undefined],
    ['orders_90d >= ', /cannot be read/, undefined],
    ['orders_90d = 3', /cannot be read/, undefined],
    ['', /cannot be read/, undefined],
    ['{"a": 1}.a', /not offered/, undefined],
    ['3u + 1', /not offered/, undefined],
    ['99999999999999999999', /too large/, undefined],
    ['9007199254740993', /too large/, undefined],
    ['has(1 + 1)', /has\(\) takes one name/, undefined],
    ['event.items.exists(1, true)', /variable/, undefined],
    ['event.items.exists(orders_90d, true)', /is taken/, undefined],
    ['orders_90d.exists(x, true)', /goes over a list/, undefined],
    [
      '[1].exists(a, [1].exists(b, [1].exists(c, true)))',
      'Loops may stand in one another 2 times at most.',
      undefined,
    ],
    ['size(1, 2)', 'size() takes one argument, not 2.', undefined],
    ['event.type.contains()', 'contains() takes 1 arguments, not 0.', undefined],
    [`${'('.repeat(80)}1${')'.repeat(80)}`, /cannot be read/, undefined],
  ])('%s', (text, message, suggestion) => {
    const result = compileExpression(text, { names: NAMES });
    if (result.ok) throw new Error('accepted');
    expect(result.message).toMatch(message);
    expect(result.suggestion).toBe(suggestion);
  });

  it('when it is longer than 4,000 characters, or has more than 1,000 parts', () => {
    const refused = (text: string) => compileExpression(text, { names: NAMES });
    expect(refused(`${'1 + '.repeat(1_200)}1`)).toMatchObject({ ok: false });
    expect(refused(`${'1+'.repeat(1_200)}1`)).toMatchObject({ ok: false });
  });

  it('without throwing, whatever the text', () => {
    const attempt = (text: string): void => {
      const result = compileExpression(text, { names: NAMES });
      if (result.ok) result.expression.evaluate(SHOPPER);
    };
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        expect(() => attempt(text)).not.toThrow();
      }),
    );
  });
});

describe('the numbers a name is compared with', () => {
  it.each([
    ['days_since_order > 60', [61]],
    ['days_since_order >= 60', [60]],
    ['days_since_order < 60', [60]],
    ['days_since_order <= 60', [61]],
    ['60 < days_since_order', [61]],
    ['days_since_order == 60', [60, 61]],
    ['days_since_order != 60', [60, 61]],
    ['days_since_order > 59.5', [60]],
    ['days_since_order == 59.5', []],
    ['days_since_order > -1', [0]],
    ['orders_90d > 3 && (days_since_order > 60 || !(days_since_order <= 30))', [31, 61]],
    ['orders_90d > 3', []],
    ['has(event.cart) && event.items.exists(x, days_since_order >= 5)', [5]],
    ['days_since_order * 2 > 60', 'any'],
    ['days_since_order > orders_90d', 'any'],
    ['days_since_order', 'any'],
    ['days_since_order in [1, 2]', 'any'],
    ["string(days_since_order) == '7'", 'any'],
    ['event.items.exists(x, x.quantity > days_since_order)', 'any'],
    ['true ? days_since_order : 1', 'any'],
    ['has(days_since_order) && days_since_order > 7', [8]],
  ])('%s: %j', (text, expected) => {
    expect(compiled(text).comparedWith('days_since_order')).toEqual(expected);
  });

  it('are the only integers at which the truth changes', () => {
    const operator = fc.constantFrom('>', '>=', '<', '<=', '==', '!=');
    const constant = fc.integer({ min: 0, max: 40 }).map((n) => n / 2);
    fc.assert(
      fc.property(operator, constant, fc.boolean(), (op, c, mirrored) => {
        const text = mirrored ? `${c} ${op} days_since_order` : `days_since_order ${op} ${c}`;
        const expression = compiled(text);
        const truth = (n: number) => expression.evaluate(bare({ days_since_order: n }));
        const changes = Array.from({ length: 30 }, (_, n) => n).filter(
          (n) => truth(n) !== truth(n - 1),
        );
        expect(expression.comparedWith('days_since_order')).toEqual(changes);
      }),
    );
  });
});
