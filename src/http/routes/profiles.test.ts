import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../adapters/system/clock.ts';
import { createOutcomes } from '../../adapters/system/outcomes.ts';
import { WeftError } from '../../errors.ts';
import type { ProfileView } from '../../ports/profile-reader.ts';
import { createEdge } from '../edge-fixture.contract.ts';
import { buildServer } from '../server.ts';

const LI: ProfileView = {
  id: '0a1b2c3d4e5f60718293',
  identifiers: [
    {
      type: 'openid',
      scope: 'wx1',
      value: 'o-1',
      firstSeen: '2026-11-01T00:00:00.000Z',
      lastSeen: '2026-11-11T02:00:00.000Z',
    },
  ],
  tags: { money_30d: 108.5, favourite_categories_90d: ['乳品/牛奶', 'dairy'], active: true },
  rfm: { recencyDays: 3, frequency: 2, monetary: 217 },
  segments: ['regulars'],
  attributes: { city: '上海', extra: { a: [null] } },
  asOf: '2026-11-11T02:00:10.000Z',
};

const NOBODY_YET: ProfileView = {
  ...LI,
  id: 'ffffffffffffffffffff',
  rfm: null,
  tags: {},
  ambiguous: true,
};

async function open() {
  const clock = createManualClock(0);
  const outcomes = createOutcomes({ instance: 'here', clock });
  const profiles = new Map([
    ['openid/wx1/o-1', LI],
    ['uid//张三/a+b', NOBODY_YET],
  ]);
  const edge = createEdge({ clock, outcomes, profiles });
  return { app: await buildServer(edge.deps), edge, profiles };
}

describe('looking up one shopper', () => {
  it('answers all that is held about her, in any script', async () => {
    const { app, edge } = await open();
    const answer = await app.inject('/v1/profiles/openid/o-1?scope=wx1');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(LI);
    expect(edge.asked).toEqual([
      { tenant: 'default', identifier: { type: 'openid', value: 'o-1', scope: 'wx1' } },
    ]);
    expect(edge.counts.get('lookups')).toBe(1);
  });

  it('answers nothing that the reference does not name', async () => {
    const { app, profiles } = await open();
    const secret = { passwordHash: 'x' };
    profiles.set('openid/wx1/o-1', { ...LI, ...secret });
    expect((await app.inject('/v1/profiles/openid/o-1?scope=wx1')).json()).toEqual(LI);
    const payload = { identifiers: [{ type: 'openid', value: 'o-1', scope: 'wx1' }] };
    const found = await app.inject({ method: 'POST', url: '/v1/profiles/lookup', payload });
    expect(found.json()).toEqual({ items: [LI] });
  });

  it('takes any value that is encoded, and says what is shared or not yet known', async () => {
    const { app } = await open();
    const value = encodeURIComponent('张三/a+b');
    expect((await app.inject(`/v1/profiles/uid/${value}`)).json()).toEqual(NOBODY_YET);
    expect((await app.inject(`/v1/profiles/uid/${value}/`)).json()).toEqual(NOBODY_YET);
  });

  it('is 304 while nothing changed but the time', async () => {
    const { app, profiles } = await open();
    const url = '/v1/profiles/openid/o-1?scope=wx1';
    const { etag } = (await app.inject(url)).headers;
    const again = () => app.inject({ url, headers: { 'if-none-match': `"other", ${etag}` } });
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    profiles.set('openid/wx1/o-1', { ...LI, asOf: '2026-11-11T02:00:20.000Z' });
    expect((await again()).statusCode).toBe(304);
    expect((await again()).body).toBe('');
    profiles.set('openid/wx1/o-1', { ...LI, segments: [] });
    expect((await again()).statusCode).toBe(200);
  });

  it('is 404 for nobody, and does not repeat the identifier', async () => {
    const { app } = await open();
    const answer = await app.inject('/v1/profiles/phone/13800138000');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'not_found' });
    expect(answer.body).not.toContain('13800138000');
  });

  it('is 503 while the projection is not there, never an empty profile', async () => {
    const { app, edge } = await open();
    edge.failure = new WeftError('projection_rebuilding', 'Partition 3 is being rebuilt.');
    for (const suffix of ['', '/decisions']) {
      const answer = await app.inject(`/v1/profiles/phone/13800138000${suffix}`);
      expect(answer.statusCode).toBe(503);
      expect(answer.json()).toMatchObject({ code: 'projection_rebuilding' });
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    }
    expect(JSON.stringify(edge.logged)).not.toContain('13800138000');
    expect(edge.logged[0]).toMatchObject({
      level: 'warn',
      fields: { route: '/v1/profiles/:type/:value', code: 'projection_rebuilding' },
    });
  });

  it('answers a HEAD without a body', async () => {
    const { app } = await open();
    const answer = await app.inject({
      method: 'HEAD',
      url: '/v1/profiles/openid/o-1?scope=wx1',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
  });
});

describe('looking up many shoppers', () => {
  it('answers in the order asked for, null for nobody', async () => {
    const { app } = await open();
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/profiles/lookup',
      payload: {
        identifiers: [
          { type: 'phone', value: '13800138000' },
          { type: 'openid', value: 'o-1', scope: 'wx1' },
          { type: 'uid', value: '张三/a+b' },
          { type: 'openid', value: 'o-1', scope: 'wx1' },
        ],
      },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ items: [null, LI, NOBODY_YET, LI] });
  });

  it('takes a hundred', async () => {
    const { app } = await open();
    const identifiers = Array.from({ length: 100 }, (_, n) => ({ type: 'uid', value: `u${n}` }));
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/profiles/lookup',
      payload: { identifiers },
    });
    expect(answer.json().items).toHaveLength(100);
  });
});

describe('the decisions about a shopper', () => {
  it('come with their reasons', async () => {
    const { app } = await open();
    const answer = await app.inject('/v1/profiles/openid/o-1/decisions?scope=wx1');
    expect(answer.json()).toEqual({
      items: [
        {
          id: 'd1',
          trigger: 'cart-10m',
          decidedAt: '2026-11-11T02:10:00.000Z',
          outcome: 'suppressed',
          reason: 'no_consent',
        },
      ],
    });
  });

  it('are 404 where there is no shopper', async () => {
    const { app } = await open();
    expect((await app.inject('/v1/profiles/uid/none/decisions')).statusCode).toBe(404);
  });
});
