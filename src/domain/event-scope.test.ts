import { describe, expect, it } from 'vitest';
import type { Event } from './event.ts';
import { EVENT_NAMES, eventScope } from './event-scope.ts';
import { compileExpression } from './expression.ts';

const EVENT: Event = {
  tenant: 'default',
  id: 'e1',
  source: 'pos',
  type: 'order_paid',
  at: 1_000,
  receivedAt: 1_000,
  order: { id: 'T-1', total: 10_850, discount: 2_000, currency: 'CNY', coupons: ['C1'] },
  items: [{ sku: 'A1', category: 'dairy/milk', quantity: 2, price: 6_425 }],
  cart: 'C-9',
  channel: 'store',
  properties: '{"level":3,"__proto__":{"polluted":1},"nested":{"list":[{"a":1}]}}',
  flags: [],
};

const ask = (text: string, event: Event = EVENT) => {
  const result = compileExpression(text, { names: EVENT_NAMES });
  if (!result.ok) throw new Error(result.message);
  return result.expression.evaluate({ event: eventScope(event) });
};

describe('an event in an expression', () => {
  it.each([
    ['event.order.total', 108.5],
    ['event.order.gross == 128.5 && event.order.discount == 20', true],
    ["'C1' in event.order.coupons", true],
    ["event.cart.id == 'C-9' && event.channel == 'store'", true],
    ['event.items[0].price * event.items[0].quantity', 128.5],
    ["event.items.exists(i, i.category.startsWith('dairy/'))", true],
    ['has(event.store) || has(event.campaign) || has(event.checkout)', false],
    ['event.properties.level + 1', 4],
    ['event.properties.nested.list[0].a', 1],
    ['has(event.properties.polluted) || has(event.properties.toString)', false],
  ])('%s is %j', (text, expected) => {
    expect(ask(text)).toBe(expected);
  });

  it.each(['', '{}', 'null', '[1]', '7'])('has no properties where they are %j', (properties) => {
    expect(ask('has(event.properties.level)', { ...EVENT, properties })).toBe(false);
  });
});
