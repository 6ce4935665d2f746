import { describe, expect, it } from 'vitest';
import { compileChannels, isAllowed } from './channels.ts';
import type { Json } from './event.ts';

const channels = (content: Json) => {
  const compiled = compileChannels(content);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
};

describe('channels', () => {
  it('are log, live, and webhook, in test, where the file is missing', () => {
    const plan = channels(null);
    expect([...plan.channels.values()]).toEqual([
      { name: 'log', kind: 'log', mode: 'live', consent: 'none', url: null, secretEnv: null },
      {
        name: 'webhook',
        kind: 'webhook',
        mode: 'test',
        consent: 'opt_in',
        url: null,
        secretEnv: null,
      },
    ]);
    expect(plan.testShoppers).toEqual([]);
  });

  it('say what they are, where they send and what consent they need', () => {
    const plan = channels({
      log: { mode: 'off' },
      push: {
        kind: 'webhook',
        mode: 'live',
        url: 'https://push.example/weft?v=1',
        consent: 'opt_out',
        secret_env: 'WEFT_PUSH_SECRET',
      },
      test_shoppers: [
        { type: 'member', value: 'M1001' },
        { type: 'phone', value: 13800138000 },
      ],
    });
    expect(plan.channels.get('log')?.mode).toBe('off');
    expect(plan.channels.get('push')).toEqual({
      name: 'push',
      kind: 'webhook',
      mode: 'live',
      consent: 'opt_out',
      url: 'https://push.example/weft?v=1',
      secretEnv: 'WEFT_PUSH_SECRET',
    });
    expect(plan.testShoppers).toEqual([
      { type: 'member', value: 'M1001' },
      { type: 'phone', value: '13800138000' },
    ]);
  });

  it.each<[string, Json, (string | number)[], RegExp, string?]>([
    ['a list', [], [], /must be an object/],
    ['a channel that is no object', { log: 'live' }, ['log'], /must be an object/],
    ['an unknown field', { log: { mod: 'live' } }, ['log', 'mod'], /no field 'mod'/, 'mode'],
    ['an unknown mode', { log: { mode: 'lve' } }, ['log', 'mode'], /off, test, live/, 'live'],
    ['an unknown kind', { push: { kind: 'hook' } }, ['push', 'kind'], /log, webhook/],
    ['no kind', { webhok: {} }, ['webhok'], /must say its kind/, 'webhook'],
    [
      'a channel named as the coupon step',
      { coupon: { kind: 'log' } },
      ['coupon'],
      /a step of its own/,
    ],
    ['live without url', { webhook: { mode: 'live' } }, ['webhook'], /no url/, 'mode: test'],
    ['a file as url', { webhook: { url: 'file:///etc' } }, ['webhook', 'url'], /an address/],
    [
      'a password in the url',
      { webhook: { url: 'http://a:b@c' } },
      ['webhook', 'url'],
      /an address/,
    ],
    [
      'a secret of another program',
      { webhook: { secret_env: 'AWS_SECRET_ACCESS_KEY' } },
      ['webhook', 'secret_env'],
      /name of a setting/,
    ],
    ['test shoppers that are no list', { test_shoppers: {} }, ['test_shoppers'], /must be a list/],
    [
      'an unknown identifier type',
      { test_shoppers: [{ type: 'phon', value: '1' }] },
      ['test_shoppers', 0, 'type'],
      /must be one of/,
      'phone',
    ],
    [
      'a test shopper without value',
      { test_shoppers: [{ type: 'uid' }] },
      ['test_shoppers', 0],
      /needs/,
    ],
    [
      'a test shopper without type',
      { test_shoppers: [{ value: 'a' }] },
      ['test_shoppers', 0],
      /needs/,
    ],
    ['a list of texts', { test_shoppers: ['x'] }, ['test_shoppers', 0], /must be an object/],
  ])('are refused: %s', (_, content, path, message, suggestion) => {
    const compiled = compileChannels(content);
    if (compiled.ok) throw new Error('accepted');
    expect(compiled.problems).toHaveLength(1);
    expect(compiled.problems[0]).toMatchObject({ path, message: expect.stringMatching(message) });
    expect(compiled.problems[0]?.suggestion).toBe(suggestion);
  });
});

describe('consent', () => {
  it.each([
    ['none', 'granted', true],
    ['none', 'withdrawn', true],
    ['none', 'unknown', true],
    ['opt_out', 'granted', true],
    ['opt_out', 'withdrawn', false],
    ['opt_out', 'unknown', true],
    ['opt_in', 'granted', true],
    ['opt_in', 'withdrawn', false],
    ['opt_in', 'unknown', false],
  ] as const)('%s and %s: %s', (rule, consent, allowed) => {
    expect(isAllowed(rule, consent)).toBe(allowed);
  });
});
