import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EDGE_LIMITS } from '../domain/event-limits.ts';
import type { EventLimits } from '../domain/event-limits.ts';
import { checkEventText, parseEvent } from '../domain/parse-event.ts';
import { depthOf } from './json-list.ts';
import { plainEnd, readPlainEvent } from './plain-event.ts';

const RECEIVED = Date.parse('2026-11-11T02:00:05Z');

const contextOf = (limits: EventLimits) => ({
  tenant: 'default',
  receivedAt: RECEIVED,
  currency: 'CNY',
  limits,
});

/** What is read of a text: that it is not plain, the event, or where the two readers differ. */
function readBoth(text: string, limits = EDGE_LIMITS): 'not plain' | object {
  const context = contextOf(limits);
  const bytes = Buffer.from(text);
  const plain = readPlainEvent(bytes, 0, context);
  if (plain === undefined) return 'not plain';
  const own = text.slice(0, bytes.toString('utf8', 0, plainEnd()).length);
  const parsed = parseEvent(JSON.parse(own), { ...context, fallbackId: 'assigned' });
  expect(checkEventText(own.trim(), limits)).toBeUndefined();
  expect(depthOf(Buffer.from(own))).toBeLessThanOrEqual(limits.depthMax);
  expect(parsed).toStrictEqual({ ok: true, event: plain });
  return plain;
}

const EVENT = {
  id: 'e-1',
  source: 'order',
  type: 'order_paid',
  at: '2026-11-11T10:00:00.120+08:00',
  sentAt: '2026-11-11T02:00:01Z',
  identifiers: [
    { type: 'member', value: 'M1' },
    { type: 'openid', scope: 'wx1', value: '欧', verified: true, virtual: false },
  ],
  order: { id: 'O-1', total: 19.99, discount: 0.5, currency: 'cny', coupons: ['TEN', 'C 2'] },
  items: [
    {
      sku: 'A',
      name: '牛奶 "x',
      category: 'a/b',
      brand: 'b',
      variant: '',
      quantity: 2,
      price: 1.5,
    },
    { sku: 'B', quantity: 0.75, price: 1000000 },
    { sku: 'C' },
  ],
  cart: { id: 'c' },
  checkout: { id: 'k' },
  store: 'S1',
  channel: 'app',
  campaign: ' spring/茶 ',
  properties: { '2': [1, { a: null }], '1': 'x\n', b: 1e3, text: '"}]{' },
};

const plainOf = ({ items: [first, ...items], ...event }: typeof EVENT) => ({
  ...event,
  items: [{ ...first, name: '牛奶' }, ...items],
});
const PLAIN = plainOf(EVENT);

describe('an event read where it lies', () => {
  it.each([
    ['with all there is', PLAIN],
    ['with blanks', JSON.stringify(PLAIN, null, '\t')],
    [
      'with only what it needs',
      { id: '1', source: 'app', type: 'x', identifiers: PLAIN.identifiers },
    ],
    ['with an order that says nothing but its discount', { ...PLAIN, order: { discount: 1 } }],
  ])('is what the parser makes of it, %s', (_, event) => {
    expect(readBoth(typeof event === 'string' ? event : JSON.stringify(event))).not.toBe(
      'not plain',
    );
  });

  it.each([
    ['a string with an escape', JSON.stringify(EVENT)],
    ['no id', JSON.stringify({ ...PLAIN, id: undefined })],
    ['a name of its own', JSON.stringify({ ...PLAIN, more: 1 })],
    ['a name twice', JSON.stringify(PLAIN).replace('{', '{"id":"e-0",')],
    ['an unknown source', JSON.stringify({ ...PLAIN, source: 'web' })],
    ['a type that is none', JSON.stringify({ ...PLAIN, type: 'Order Paid' })],
    ['nobody', JSON.stringify({ ...PLAIN, identifiers: [] })],
    ['blanks around an id', JSON.stringify({ ...PLAIN, store: ' S1' })],
    ['a blank beyond ASCII around an id', JSON.stringify({ ...PLAIN, store: 'S1\u00a0' })],
    ['a control character in an id', JSON.stringify({ ...PLAIN, store: 'S\u007f1' })],
    ['a moment in the future', JSON.stringify({ ...PLAIN, at: '2027-01-01T00:00:00Z' })],
    ['a moment that is none', JSON.stringify({ ...PLAIN, at: '2026-02-30T00:00:00Z' })],
    ['an amount of three places', JSON.stringify({ ...PLAIN, order: { total: 1.005 } })],
    ['an amount below zero', JSON.stringify({ ...PLAIN, order: { total: -1 } })],
    ['a currency that is none', JSON.stringify({ ...PLAIN, order: { currency: 'yuan' } })],
    ['a leading zero', JSON.stringify(PLAIN).replace('"price":1.5', '"price":01.5')],
    ['a point and nothing', JSON.stringify(PLAIN).replace('"price":1.5', '"price":1.')],
    ['no value', JSON.stringify(PLAIN).replace('"price":1.5', '"price":')],
    ['a comma too many', JSON.stringify(PLAIN).replace('"C"}]', '"C"},]')],
    ['a wrong bracket', JSON.stringify(PLAIN).replace('"C"}]', '"C"]}')],
    ['properties that are not JSON', JSON.stringify(PLAIN).replace('1000,', 'x,')],
    ['properties that poison', JSON.stringify(PLAIN).replace('"text":', '"__proto__":')],
    ['an end too early', JSON.stringify(PLAIN).slice(0, -1)],
  ])('is left to the parser with %s', (_, text) => expect(readBoth(text)).toBe('not plain'));

  it.each([
    ['bytes', { bytesMax: 300 }],
    ['levels', { depthMax: 3 }],
    ['names', { keysMax: 30 }],
    ['bytes of a string', { stringBytesMax: 8 }],
    ['characters of an id', { idCharsMax: 2 }],
    ['items', { itemsMax: 2 }],
    ['identifiers', { identifiersMax: 1 }],
  ])('is left to the parser where it might be over the limit of %s', (_, some) => {
    const limits = { ...EDGE_LIMITS, ...some };
    const parsed = parseEvent(PLAIN, { ...contextOf(limits), fallbackId: '' });
    expect(parsed.ok && 'bytesMax' in some === false).toBe('depthMax' in some ? parsed.ok : false);
    expect(readBoth(JSON.stringify(PLAIN), limits)).toBe('not plain');
  });

  it('is never another event than the parser would make of the same text', () => {
    const text = JSON.stringify(PLAIN);
    const piece = fc.constantFrom(
      ...'{}[]",:.\\0 19e-+'.split(''),
      '"a":',
      'null',
      'true',
      '"',
      '茶',
      '\u007f',
    );
    const broken = fc
      .array(fc.tuple(fc.nat(text.length - 1), piece, fc.nat(2)), { minLength: 1, maxLength: 3 })
      .map((changes) =>
        changes.reduce(
          (now, [at, insert, cut]) => now.slice(0, at) + insert + now.slice(at + cut),
          text,
        ),
      );
    fc.assert(
      fc.property(broken, (one) => {
        fc.pre(Buffer.from(one).toString() === one);
        const read = readBoth(one);
        expect(read === 'not plain' || 'sent' in read).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is found plain or not whatever its values are', () => {
    const id = fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom('a', 'a1', 'a é 茶 a', '{:') },
      { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
      { weight: 1, arbitrary: fc.constantFrom(' a', 'é', 'a\u0085', '') },
    );
    const amount = fc.oneof(
      { weight: 20, arbitrary: fc.nat(1_000_000).map((fen) => fen / 100) },
      { weight: 1, arbitrary: fc.double() },
      { weight: 1, arbitrary: fc.integer() },
    );
    const event = fc.record(
      {
        id,
        source: fc.constantFrom('pos', 'app', 'crm'),
        type: fc.constantFrom('order_paid', 'x1', 'a_b', 'Paid'),
        at: fc.constantFrom(
          '2026-11-11T02:00:00Z',
          '2026-11-11 02:00:00,5+0130',
          '2026-11-11T00:00Z',
        ),
        sentAt: fc.constantFrom(
          '2026-11-11T02:00:01Z',
          '2026-11-11T02:00:05Z',
          '1970-01-01T00:00:00Z',
        ),
        identifiers: fc.array(
          fc.record(
            { type: id, scope: id, value: fc.oneof(id, amount), verified: fc.boolean() },
            { requiredKeys: ['type', 'value'] },
          ),
          { minLength: 1, maxLength: 3 },
        ),
        order: fc.record(
          {
            id,
            total: amount,
            discount: amount,
            currency: fc.constantFrom('CNY', 'eur', 'x'),
            coupons: fc.array(id),
          },
          { requiredKeys: [] },
        ),
        items: fc.array(
          fc.record(
            { sku: id, name: id, category: id, quantity: amount, price: amount },
            { requiredKeys: ['sku'] },
          ),
        ),
        properties: fc.dictionary(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: ['id', 'source', 'type', 'identifiers'] },
    );
    let plain = 0;
    fc.assert(
      fc.property(event, fc.constantFrom(0, 2), (one, space) => {
        if (readBoth(JSON.stringify(one, null, space)) !== 'not plain') plain += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});
