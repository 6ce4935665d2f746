import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../adapters/system/clock.ts';
import { createOutcomes } from '../../adapters/system/outcomes.ts';
import { createEdge } from '../edge-fixture.contract.ts';
import { buildServer } from '../server.ts';

async function open() {
  const clock = createManualClock(0);
  const edge = createEdge({ clock, outcomes: createOutcomes({ instance: 'here', clock }) });
  return { app: await buildServer(edge.deps), edge };
}

describe('/livez', () => {
  it('is 200 while the process lives, also while it is not ready', async () => {
    const { app, edge } = await open();
    edge.ready = false;
    const answer = await app.inject('/livez');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ ok: true, detail: 'turning' });
  });

  it('is 503 when it should be restarted, and says why', async () => {
    const { app, edge } = await open();
    edge.live = false;
    const answer = await app.inject('/livez');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ ok: false, detail: 'stage profile stands' });
  });
});

describe('/readyz', () => {
  it('is 200 or 503', async () => {
    const { app, edge } = await open();
    expect((await app.inject('/readyz')).json()).toEqual({ ok: true });
    edge.ready = false;
    const answer = await app.inject('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ ok: false });
  });

  it.each(['?verbose', '?verbose=1', '?verbose='])('with %s lists every check', async (query) => {
    const { app } = await open();
    const answer = await app.inject(`/readyz${query}`);
    expect(answer.json()).toEqual({
      ok: true,
      checks: [{ name: 'log', ok: true, detail: 'writable' }],
    });
  });
});

describe('/metrics', () => {
  it('is what was measured, as Prometheus reads it', async () => {
    const { app } = await open();
    const answer = await app.inject('/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toContain('weft_build_info 1');
  });
});

describe('every answer', () => {
  it('tells browsers to run, guess and embed nothing', async () => {
    const { app } = await open();
    for (const url of ['/livez', '/nowhere']) {
      const { headers } = await app.inject(url);
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
      });
    }
  });

  it('to OPTIONS is the list of methods', async () => {
    const { app } = await open();
    const answer = await app.inject({ method: 'OPTIONS', url: '/v1/actions' });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });
});
