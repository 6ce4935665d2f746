import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from './event.ts';
import { compileTemplates, contentOfStep, renderContent, textIn, variablesOf } from './template.ts';

const CONTEXT: JsonObject = {
  event: { cart: { id: 'C-9' }, order: { total: 108.5 }, items: [{ name: '鲜牛奶' }, {}] },
  tags: { orders_30d: 0, favourite_categories_90d: ['dairy', 'bakery'], active: true, empty: [] },
  coupon: 'CART7K3M',
  note: null,
  blank: '',
};

describe('a message', () => {
  it.each<[string, string]>([
    ['Your cart {{event.cart.id}} waits', 'Your cart C-9 waits'],
    ['{{ event.items.0.name }}还在购物车', '鲜牛奶还在购物车'],
    ['¥{{event.order.total}}, {{tags.orders_30d}}, {{tags.active}}', '¥108.5, 0, true'],
    ['{{tags.favourite_categories_90d}}', 'dairy, bakery'],
    ['no variable, { single } and }} stray {{', 'no variable, { single } and }} stray {{'],
  ])('%j reads %j', (body, expected) => {
    expect(renderContent({ body }, CONTEXT, 'en')).toEqual({
      kind: 'rendered',
      content: { body: expected },
    });
  });

  it.each<[string, RegExp]>([
    ['Hi {{tags.first_name}}', /'tags\.first_name' has no value/],
    ['{{note}}', /'note' has no value/],
    ['{{blank}}', /'blank' has no value/],
    ['{{event.items.1.name}}', /'event\.items\.1\.name' has no value/],
    ['{{event.cart}}', /'event\.cart' is nothing that can be printed/],
    ['{{event.items}}', /nothing that can be printed/],
    ['{{tags.empty}}', /nothing that can be printed/],
    ['{{event.constructor.name}}', /has no value/],
    ['{{__proto__}}', /has no value/],
    ['{{}}', /'' has no value/],
    ['x'.repeat(4_001), /longer than 4000/],
  ])('%j is refused with a reason', (body, reason) => {
    expect(renderContent({ body }, CONTEXT, 'en')).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(reason),
    });
  });

  it('comes in the language of the shopper, the base language, English, or the first there is', () => {
    const text = { zh: '你好', en: 'Hello', 'zh-TW': '您好' };
    expect(['zh', 'zh-CN', 'zh-TW', 'fr', 'constructor'].map((one) => textIn(text, one))).toEqual([
      '你好',
      '你好',
      '您好',
      'Hello',
      'Hello',
    ]);
    expect(textIn({ de: 'Hallo', fr: 'Salut' }, 'zh')).toBe('Hallo');
    expect(textIn('plain', 'zh')).toBe('plain');
  });

  it('keeps the type of a variable that stands alone in data', () => {
    const data = {
      total: '{{event.order.total}}',
      link: 'app://cart/{{event.cart.id}}',
      tags: ['{{tags.favourite_categories_90d}}', 1, null, true],
    };
    expect(renderContent({ data }, CONTEXT, 'en')).toEqual({
      kind: 'rendered',
      content: {
        data: { total: 108.5, link: 'app://cart/C-9', tags: [['dairy', 'bakery'], 1, null, true] },
      },
    });
    expect(renderContent({ data: { x: '{{gone}}' } }, CONTEXT, 'en').kind).toBe('refused');
  });

  it('never lets data reach a prototype', () => {
    const data = JSON.parse('{"__proto__": {"evil": 1}}') as JsonObject;
    const rendered = renderContent({ data }, CONTEXT, 'en');
    if (rendered.kind !== 'rendered') throw new Error(rendered.reason);
    expect(JSON.stringify(rendered.content)).toBe('{"data":{"__proto__":{"evil":1}}}');
    expect(({} as Record<string, unknown>)['evil']).toBeUndefined();
  });

  it('names its variables, of all languages, each once', () => {
    const content = {
      title: { en: '{{a.b}}', zh: '{{ c }}' },
      body: '{{a.b}} {{d}}',
      data: { deep: [{ x: '{{e}}' }] },
    };
    expect(variablesOf(content)).toEqual(['a.b', 'c', 'd', 'e']);
  });
});

describe('what a step says', () => {
  const templates = new Map([['cart', { title: 'Your cart', data: { link: 'a' } }]]);

  it.each<[object, object | undefined]>([
    [{}, {}],
    [{ with: { title: { en: 'Hi' } } }, { title: { en: 'Hi' } }],
    [{ template: 'cart' }, { title: 'Your cart', data: { link: 'a' } }],
    [
      { template: 'cart', with: { data: { link: 'b' } } },
      { title: 'Your cart', data: { link: 'b' } },
    ],
    [{ template: 'gone', with: { body: 'x' } }, undefined],
  ])('%j: %j', (step, content) => {
    expect(contentOfStep(step, templates)).toEqual(content);
  });
});

describe('templates.yaml', () => {
  it('holds messages by name', () => {
    const compiled = compileTemplates([{ name: 'cart', title: { en: 'A' }, with: { link: 'x' } }]);
    if (!compiled.ok) throw new Error('refused');
    expect([...compiled.templates]).toEqual([
      ['cart', { title: { en: 'A' }, data: { link: 'x' } }],
    ]);
    expect(compileTemplates(null)).toEqual({ ok: true, templates: new Map() });
  });

  it.each<[Json, (string | number)[], RegExp]>([
    [{ cart: {} }, [], /list of templates/],
    [[{ title: 'x' }], [0], /needs a name/],
    [[{ name: 'A' }], [0, 'name'], /A name is/],
    [[{ name: 'a' }, { name: 'a' }], [1, 'name'], /two templates 'a'/],
    [[{ name: 'a', titel: 'x' }], [0, 'titel'], /no field 'titel'/],
    [[{ name: 'a', title: { english: 'x' } }], [0, 'title'], /texts by language/],
    [[{ name: 'a', title: {} }], [0, 'title'], /texts by language/],
    [[{ name: 'a', title: null }], [0, 'title'], /texts by language/],
    [[{ name: 'a', with: [] }], [0, 'with'], /must be an object/],
    [
      [{ name: 'a', with: JSON.parse('{"a":'.repeat(9) + '1' + '}'.repeat(9)) }],
      [0, 'with'],
      /deeper/,
    ],
  ])('refuses %j', (content, path, message) => {
    const compiled = compileTemplates(content);
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems).toEqual([
      expect.objectContaining({ path, message: expect.stringMatching(message) }),
    ]);
  });
});
