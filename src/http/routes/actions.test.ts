import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../adapters/system/clock.ts';
import { createOutcomes } from '../../adapters/system/outcomes.ts';
import type { Action } from '../../domain/message.ts';
import { createEdge } from '../edge-fixture.contract.ts';
import { buildServer } from '../server.ts';

const DECIDED: Action = {
  kind: 'action',
  tenant: 'default',
  id: 'a1',
  trigger: 'cart-10m',
  profile: '0a1b2c3d4e5f60718293',
  event: 'e1',
  anchor: 'e1+1794363000000',
  correlation: 'C-9',
  dueAt: Date.parse('2026-11-11T02:10:00Z'),
  decidedAt: Date.parse('2026-11-11T02:10:00.300Z'),
  outcome: 'decided',
  reason: null,
  steps: [{ channel: 'log' }, { coupon: 'TEN' }, { channel: 'sms' }, { coupon: 'TWENTY' }],
  recipients: [{ type: 'phone', scope: '', value: '+8613800138000' }],
  context: '{"phone":"+8613800138000"}',
  history: false,
  receivedAt: 1,
};

const SUPPRESSED: Action = {
  ...DECIDED,
  id: 'a2',
  correlation: null,
  dueAt: null,
  outcome: 'suppressed',
  reason: 'no_consent',
  steps: [],
};

async function open() {
  const clock = createManualClock(0);
  const outcomes = createOutcomes({ instance: 'here', clock });
  const edge = createEdge({ clock, outcomes, actions: [DECIDED, SUPPRESSED] });
  return { app: await buildServer(edge.deps), edge };
}

describe('GET /v1/actions', () => {
  it('says what was decided, when, and what its first coupon and channel are', async () => {
    const { app } = await open();
    expect((await app.inject('/v1/actions')).json()).toEqual({
      items: [
        {
          id: 'a1',
          trigger: 'cart-10m',
          profile: '0a1b2c3d4e5f60718293',
          event: 'e1',
          correlation: 'C-9',
          dueAt: '2026-11-11T02:10:00.000Z',
          decidedAt: '2026-11-11T02:10:00.300Z',
          outcome: 'decided',
          coupon: 'TEN',
          channel: 'log',
        },
        {
          id: 'a2',
          trigger: 'cart-10m',
          profile: '0a1b2c3d4e5f60718293',
          event: 'e1',
          decidedAt: '2026-11-11T02:10:00.300Z',
          outcome: 'suppressed',
          reason: 'no_consent',
        },
      ],
      nextCursor: 'next',
    });
  });

  it('writes a page the same way each time, by its schema', async () => {
    const { app } = await open();
    const first = await app.inject('/v1/actions?limit=1');
    expect(first.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(first.body).toBe(
      '{"items":[{"id":"a1","trigger":"cart-10m","profile":"0a1b2c3d4e5f60718293","event":"e1",' +
        '"decidedAt":"2026-11-11T02:10:00.300Z","outcome":"decided","correlation":"C-9",' +
        '"dueAt":"2026-11-11T02:10:00.000Z","coupon":"TEN","channel":"log"}],"nextCursor":"next"}',
    );
    expect((await app.inject('/v1/actions?limit=1')).body).toBe(first.body);
    expect((await app.inject('/v1/actions?limit=0')).statusCode).toBe(400);
    expect((await app.inject('/v1/actions?limit=2')).json()).toMatchObject({
      items: [{ id: 'a1' }, { id: 'a2' }],
    });
  });

  it('never says whom an action reaches', async () => {
    const { app } = await open();
    expect((await app.inject('/v1/actions')).body).not.toContain('13800138000');
  });

  it('asks the feed for what is asked of it, 100 unless told otherwise', async () => {
    const { app, edge } = await open();
    await app.inject('/v1/actions');
    await app.inject(
      '/v1/actions?limit=1&cursor=c%2B1&trigger=cart-10m&profile=0a&outcome=suppressed',
    );
    expect(edge.asked).toEqual([
      { tenant: 'default', limit: 100 },
      {
        tenant: 'default',
        limit: 1,
        cursor: 'c+1',
        trigger: 'cart-10m',
        profile: '0a',
        outcome: 'suppressed',
      },
    ]);
  });
});
