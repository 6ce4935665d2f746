import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE_LIMITS, IMPORT_LIMITS } from './event-limits.ts';
import { checkEventText, parseEvent } from './parse-event.ts';
import type { ParseContext, Parsed } from './parse-event.ts';

const NOW = Date.parse('2026-11-11T10:00:00+08:00');
const CONTEXT: ParseContext = { tenant: 'default', receivedAt: NOW, fallbackId: 'given' };
const LEAST = {
  id: 'e1',
  source: 'pos',
  type: 'order_paid',
  identifiers: [{ type: 'member', value: 'M1001' }],
};

const parse = (body: unknown, context: Partial<ParseContext> = {}) =>
  parseEvent(body, { ...CONTEXT, ...context });

function accepted(body: unknown, context: Partial<ParseContext> = {}) {
  const parsed = parse(body, context);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.event;
}

function refused(body: unknown, context: Partial<ParseContext> = {}) {
  const parsed = parse(body, context);
  if (parsed.ok) throw new Error('was accepted');
  const [first] = parsed.errors;
  return { code: parsed.code, pointer: first?.pointer, message: first?.message };
}

const nested = (depth: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);

describe('a canonical event', () => {
  it('is read whole: money in fen, times in milliseconds', () => {
    const event = accepted({
      id: '01J',
      source: 'pos',
      type: 'order_paid',
      at: '2026-11-11T09:59:00+08:00',
      identifiers: [
        { type: 'member', value: 'M1001' },
        { type: 'openid', scope: 'mp', value: 7, verified: true, virtual: false },
      ],
      order: { id: 'T-1', total: 108.5, discount: 20, currency: 'cny', coupons: ['C1', 2] },
      items: [
        { sku: 'A1', name: '牛奶', category: 'dairy/milk', quantity: 2, price: 64.25 },
        { sku: 12, brand: 'b', variant: 'v', quantity: '0.355', price: '19.99' },
      ],
      cart: { id: 'C-9' },
      checkout: { id: 'K-1' },
      store: 'S001',
      channel: 'store',
      campaign: '双十一',
      properties: { page: { url: '/' }, tags: ['a', null, true] },
    });
    expect(event).toEqual({
      tenant: 'default',
      id: '01J',
      source: 'pos',
      type: 'order_paid',
      at: NOW - 60_000,
      receivedAt: NOW,
      sent: [
        { type: 'member', value: 'M1001' },
        { type: 'openid', scope: 'mp', value: 7, verified: true, virtual: false },
      ],
      order: { id: 'T-1', total: 10850, discount: 2000, currency: 'CNY', coupons: ['C1', '2'] },
      items: [
        { sku: 'A1', name: '牛奶', category: 'dairy/milk', quantity: 2, price: 6425 },
        { sku: '12', brand: 'b', variant: 'v', quantity: 0.355, price: 1999 },
      ],
      cart: 'C-9',
      checkout: 'K-1',
      store: 'S001',
      channel: 'store',
      campaign: '双十一',
      properties: '{"page":{"url":"/"},"tags":["a",null,true]}',
      flags: [],
    });
  });

  it('needs no more than a type and an identifier where the key names the source', () => {
    const body = { type: 'app_opened', identifiers: [{ type: 'device', value: 'd' }] };
    expect(accepted(body, { source: 'app' })).toEqual({
      tenant: 'default',
      id: 'given',
      source: 'app',
      type: 'app_opened',
      at: NOW,
      receivedAt: NOW,
      sent: [{ type: 'device', value: 'd' }],
      items: [],
      properties: '{}',
      flags: ['id_assigned'],
    });
  });

  it('takes null for absent, everywhere', () => {
    const nothing = { at: null, sentAt: null, order: null, items: null, cart: null, store: null };
    expect(accepted({ ...LEAST, ...nothing, campaign: null, properties: null })).toEqual(
      accepted(LEAST),
    );
  });

  it('names its own source, whatever the default', () => {
    expect(accepted(LEAST, { source: 'app' }).source).toBe('pos');
  });

  it('takes an order number from a till that prints none from the event, and totals its items', () => {
    const items = [
      { sku: 'a', quantity: 3, price: 1.1 },
      { sku: 'b', price: 5 },
    ];
    expect(accepted({ ...LEAST, order: { discount: 1 }, items }).order).toEqual({
      id: 'e1',
      total: 730,
      discount: 100,
      currency: 'CNY',
      coupons: [],
    });
    expect(accepted({ ...LEAST, order: {} }, { currency: 'JPY' }).order?.currency).toBe('JPY');
  });

  it('keeps the fields of the sender in its properties, those of parts under the part', () => {
    const event = accepted({
      ...LEAST,
      weather: 'rain',
      order: { id: 'T', total: 1, shipping: 5 },
      items: [{ sku: 'a' }, { sku: 'b', product_id: 9 }],
      properties: { page: 1 },
    });
    expect(JSON.parse(event.properties)).toEqual({
      page: 1,
      weather: 'rain',
      order: { shipping: 5 },
      items: [{}, { product_id: 9 }],
    });
  });

  it('never loses an identifier that points at nobody: it is dropped later, and counted', () => {
    const identifiers = [
      { type: 'phone' },
      { type: 'uid', value: null },
      { type: 'shoe_size', value: [1] },
    ];
    expect(accepted({ ...LEAST, identifiers }).sent).toEqual([
      { type: 'phone', value: null },
      { type: 'uid', value: null },
      { type: 'shoe_size', value: [1] },
    ]);
  });
});

describe('the time of an event', () => {
  const at = (fields: object, context: Partial<ParseContext> = {}) => {
    const event = accepted({ ...LEAST, ...fields }, context);
    return [event.at, event.flags];
  };

  it.each([
    ['as claimed', { at: NOW - 5_000 }, NOW - 5_000, []],
    ['as claimed years ago', { at: '1999-01-01T00:00:00Z' }, Date.parse('1999-01-01'), []],
    ['up to 5 minutes ahead', { at: NOW + 300_000 }, NOW + 300_000, []],
    ['that of arrival if further ahead', { at: NOW + 300_001 }, NOW, ['at_clamped']],
    ['corrected by a clock two hours slow', { at: 5e10, sentAt: 5e10 + 700 }, NOW - 700, []],
    ['corrected by a clock ten years fast', { at: 2e12, sentAt: 2e12 }, NOW, []],
    ['clamped after correction too', { at: 2e12 + 3e6, sentAt: 2e12 }, NOW, ['at_clamped']],
  ])('is %s', (_, fields, expected, flags) => {
    expect(at(fields)).toEqual([expected, flags]);
  });

  it('is neither corrected nor clamped in an import', () => {
    expect(at({ at: NOW + 9e9, sentAt: 5 }, { history: true })).toEqual([NOW + 9e9, []]);
  });

  it.each([
    ['/at', { at: '2026-11-11T10:00:00' }, 'has no zone'],
    ['/at', { at: '10000-01-01T00:00:00Z' }, 'must be ISO 8601'],
    ['/at', { at: 253402300800000 }, '1970 to 9999'],
    ['/at', { at: -1 }, '1970 to 9999'],
    ['/at', { at: 1762826400 }, 'looks like seconds'],
    ['/at', { at: 1762826400.25 }, 'looks like seconds'],
    ['/at', { at: 1762826400000000 }, 'looks like microseconds'],
    ['/at', { at: 1762826400000.5 }, 'must be ISO 8601'],
    ['/at', { at: true }, 'must be ISO 8601'],
    ['/sentAt', { at: 1, sentAt: 'now' }, 'must be ISO 8601'],
    ['/sentAt', { at: 0, sentAt: 2.5e14 }, 'before 1970'],
  ])('is refused at %s for %j', (pointer, fields, message) => {
    const answer = refused({ ...LEAST, ...fields });
    expect(answer).toMatchObject({ code: 'invalid_event', pointer });
    expect(answer.message).toContain(message);
  });
});

describe('an invalid event', () => {
  it.each([null, undefined, 'text', 5, true, [], [LEAST]])('is no object: %j', (body) => {
    expect(refused(body)).toMatchObject({ code: 'invalid_event', pointer: '' });
  });

  it.each<[string, object, string]>([
    ['/source', { source: 'till' }, 'none of pos, app, order, social, crm'],
    ['/source', { source: 'Social' }, 'did you mean "social"?'],
    ['/source', { source: 'ordr' }, 'did you mean "order"?'],
    ['/source', { source: 5 }, 'not a number'],
    ['/source', { source: undefined }, 'is missing'],
    ['/type', { type: undefined }, 'is missing'],
    ['/type', { type: '' }, 'must be snake_case'],
    ['/type', { type: 'Order Paid' }, 'did you mean "order_paid"?'],
    ['/type', { type: 'orderPaid' }, 'did you mean "order_paid"?'],
    ['/type', { type: '支付' }, 'must be snake_case'],
    ['/type', { type: 'a'.repeat(65) }, 'at most 64'],
    ['/type', { type: 7 }, 'not a number'],
    ['/id', { id: '' }, 'is empty'],
    ['/id', { id: ' ' }, 'is empty'],
    ['/id', { id: 'x'.repeat(129) }, '129 characters of at most 128'],
    ['/id', { id: 2 ** 53 + 2 }, 'send it as a string'],
    ['/id', { id: 'a\u001fb' }, 'control character'],
    ['/id', { id: '\ud800' }, 'half a character'],
    ['/id', { id: {} }, 'not an object'],
    ['/identifiers', { identifiers: { member: 'M1' } }, 'must be a list of { type, value }'],
    ['/identifiers/0', { identifiers: ['M1'] }, 'must be an object { type, value }, not a string'],
    ['/identifiers/0/type', { identifiers: [{ value: 'M1' }] }, 'must name the type'],
    ['/identifiers/0/id', { identifiers: [{ type: 'uid', id: '1' }] }, 'did you mean `value`?'],
    [
      '/identifiers/0/verified',
      { identifiers: [{ type: 'uid', value: 1, verified: 'yes' }] },
      'true or false',
    ],
    ['/identifiers/0/scope', { identifiers: [{ type: 'uid', value: 1, scope: [] }] }, 'not a list'],
    ['/identifiers/0/value', { identifiers: [{ type: 'uid', value: '\udc00' }] }, 'lone surrogate'],
    ['/order', { order: 'T-1' }, 'must be an object { id }, not a string'],
    ['/order/total', { order: { total: -1 } }, 'is negative'],
    ['/order/total', { order: { total: 'much' } }, 'must be an amount'],
    ['/order/total', { order: { total: 1e13 } }, 'beyond 10^12'],
    ['/order/amount', { order: { amount: 5 } }, 'did you mean `total`?'],
    ['/order/discuont', { order: { discuont: 5 } }, 'did you mean `discount`?'],
    ['/order/currency', { order: { currency: '¥' } }, 'three letters'],
    ['/order/coupons', { order: { coupons: 'C1' } }, 'must be a list of codes'],
    ['/order/coupons/1', { order: { coupons: ['C1', {}] } }, 'must be a string'],
    ['/items', { items: {} }, 'must be a list of'],
    ['/items/0', { items: ['A1'] }, 'must be an object'],
    ['/items/0/sku', { items: [{ name: 'milk' }] }, 'is missing'],
    ['/items/1/quantity', { items: [{ sku: 1 }, { sku: 2, quantity: -2 }] }, 'is negative'],
    ['/items/0/quantity', { items: [{ sku: 1, quantity: 'many' }] }, 'must be a number'],
    ['/items/0/quantity', { items: [{ sku: 1, quantity: NaN }] }, 'must be a number'],
    ['/items/0/price', { items: [{ sku: 1, price: Infinity }] }, 'beyond 10^12'],
    ['/items/0/name', { items: [{ sku: 1, name: '\ud83d' }] }, 'lone surrogate'],
    ['/cart', { cart: 'C-9' }, 'must be an object { id }'],
    ['/cart/id', { cart: {} }, 'is missing'],
    ['/campaign', { campaign: 5 }, 'must be a string, not a number'],
    ['/properties', { properties: [] }, 'must be an object, not a list'],
    ['/properties/a/1', { properties: { a: [1, Infinity] } }, 'finite'],
    ['/properties/a~1b~0c', { properties: { 'a/b~c': '\ud800' } }, 'lone surrogate'],
    ['/properties/a', { properties: { a: () => 1 } }, 'no JSON value'],
    ['/properties/weather', { weather: 1, properties: { weather: 2 } }, 'here and outside'],
    ['/itmes', { itmes: [] }, 'did you mean `items`?'],
    ['/Store', { Store: 'S1' }, 'did you mean `store`?'],
    ['/timestamp', { timestamp: 5 }, 'did you mean `at`?'],
    ['/order_id', { order_id: 5 }, 'did you mean `order.id`?'],
    ['/products', { products: [] }, 'did you mean `items`?'],
  ])('is told where and why: %s for %j', (pointer, fields, message) => {
    const answer = refused({ ...LEAST, ...fields });
    expect(answer).toMatchObject({ code: 'invalid_event', pointer });
    expect(answer.message).toContain(message);
  });

  it('may carry the names of others beside the right ones', () => {
    const body = { ...LEAST, at: NOW, timestamp: 5, userId: 'u', store: 'S', score: 3 };
    expect(accepted(body).properties).toBe('{"timestamp":5,"userId":"u","score":3}');
  });

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"properties":{"a":[{"__proto__":1}]}}',
    '{"properties":{"constructor":{"prototype":{}}}}',
    '{"order":{"__proto__":{}}}',
    '{"identifiers":[{"type":"uid","value":{"__proto__":1}}]}',
  ])('may not reach for prototypes: %s', (text) => {
    const answer = refused({ ...LEAST, ...(JSON.parse(text) as object) });
    expect(answer.message).toContain('is a name that is not allowed');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('hears of all its faults at once, but of no more than twenty', () => {
    const parsed = parse({ ...LEAST, source: 'x', type: 'X', order: { total: -1 } });
    expect(parsed).toMatchObject({ ok: false });
    expect(parsed.ok ? [] : parsed.errors.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/order/total',
      '/source',
      '/type',
    ]);
    const many = parse({ ...LEAST, items: Array.from({ length: 500 }, () => 'x') });
    expect(many.ok ? 0 : many.errors.length).toBe(20);
  });

  it.each([[undefined], [null], [[]]])('without identifiers is another case: %j', (identifiers) => {
    expect(refused({ ...LEAST, identifiers })).toMatchObject({
      code: 'missing_identifier',
      pointer: '/identifiers',
    });
    expect(refused({ ...LEAST, identifiers, source: 'x' }).code).toBe('invalid_event');
  });

  it('shows no value of an identifier', () => {
    const identifiers = [{ type: 'phone', value: '13800138000\ud800', scope: ['13800138000'] }];
    const parsed = parse({ ...LEAST, identifiers });
    expect(JSON.stringify(parsed)).not.toContain('13800138000');
  });
});

describe('the limits of an event', () => {
  const names = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

  it.each<[string, object, object, string]>([
    ['32 levels', { properties: nested(31) }, { properties: nested(32) }, 'deeper than 32'],
    [
      '32 levels of lists',
      { properties: { a: nested(30) } },
      { x: [nested(31)] },
      'deeper than 32',
    ],
    // 4 of the event, 2 of its identifier, 1 for `properties`.
    ['1,000 names', { properties: names(993) }, { properties: names(994) }, 'at most 1000'],
    ['1,000 names outside', names(994), names(995), 'at most 1000'],
    ['8 KB a text', { campaign: 'x'.repeat(8192) }, { campaign: 'x'.repeat(8193) }, '8192 bytes'],
    ['8 KB in UTF-8', { x: '中'.repeat(2730) }, { x: '中'.repeat(2731) }, '8192 bytes'],
    ['8 KB a name', { ['x'.repeat(8192)]: 1 }, { ['x'.repeat(8193)]: 1 }, '8192 bytes'],
    [
      '256 identifiers',
      { identifiers: Array.from({ length: 256 }, () => ({ type: 'uid', value: 1 })) },
      { identifiers: Array.from({ length: 257 }, () => ({ type: 'uid', value: 1 })) },
      '257 entries',
    ],
    [
      '1,000 items',
      { order: { coupons: Array.from({ length: 1000 }, () => 'C') } },
      { items: Array.from({ length: 1001 }, () => ({ sku: 1 })) },
      '1001 entries',
    ],
  ])('allow %s', (_, within, beyond, message) => {
    accepted({ ...LEAST, ...within });
    const answer = refused({ ...LEAST, ...beyond });
    expect(answer.code).toBe('event_too_large');
    expect(answer.message).toContain(message);
  });

  it('end the reading: what is far too large is not looked through', () => {
    const parsed = parse({ ...LEAST, ...names(5000) });
    expect(parsed.ok ? [] : parsed.errors).toHaveLength(1);
  });

  it('are wide for a file of the operator, except in depth', () => {
    const items = Array.from({ length: 2000 }, () => ({ sku: 'a', name: 'x', price: 1 }));
    const context = { limits: IMPORT_LIMITS };
    expect(accepted({ ...LEAST, items, note: 'x'.repeat(9000) }, context).items).toHaveLength(2000);
    expect(refused({ ...LEAST, x: nested(5_000) }, context).code).toBe('event_too_large');
  });

  it('count the bytes of the text', () => {
    expect(checkEventText('中'.repeat(10922))).toBeUndefined();
    expect(checkEventText('中'.repeat(10923))).toMatchObject({ code: 'event_too_large' });
    expect(checkEventText('😀'.repeat(EDGE_LIMITS.bytesMax / 4))).toBeUndefined();
    expect(checkEventText(`${'😀'.repeat(EDGE_LIMITS.bytesMax / 4)}x`)?.ok).toBe(false);
  });
});

describe('whatever is sent', () => {
  const names = 'id source type at sentAt identifiers order items cart checkout store channel';
  const hostile = 'campaign properties __proto__ constructor';
  const field = fc.constantFrom(...names.split(' '), ...hostile.split(' '));
  const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });

  /** What is wrong with an answer; an accepted event is JSON in whole fen and milliseconds. */
  function faultsOf(parsed: Parsed): readonly string[] {
    if (!parsed.ok) return parsed.errors.length === 0 ? ['refused without a reason'] : [];
    const { at, id, items, order, properties } = parsed.event;
    const numbers = [at, order?.total ?? 0, ...items.map(({ price }) => price)];
    const faults = numbers.filter((number) => !Number.isSafeInteger(number)).map(String);
    if (typeof JSON.parse(properties) !== 'object') faults.push('properties');
    if (id.length === 0 || id.length > 128) faults.push('id');
    return faults;
  }

  it('is answered, never thrown upon', () => {
    let acceptedCount = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(field, json), { maxLength: 4 }), (changes) => {
        const body: object = { ...LEAST };
        for (const [name, value] of changes) {
          Object.defineProperty(body, name, { value, enumerable: true, configurable: true });
        }
        const parsed = parse(body);
        if (parsed.ok) acceptedCount++;
        expect(faultsOf(parsed)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(acceptedCount).toBeGreaterThan(100);
  });
});
