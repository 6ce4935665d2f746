import { describe, expect, it } from 'vitest';
import { createManualClock } from '../adapters/system/clock.ts';
import { createOutcomes } from '../adapters/system/outcomes.ts';
import { createEdge, event } from './edge-fixture.contract.ts';
import { buildServer } from './server.ts';

async function open(settings = {}) {
  const clock = createManualClock(0);
  const outcomes = createOutcomes({ instance: 'here', clock });
  const edge = createEdge({ clock, outcomes, settings });
  return { app: await buildServer(edge.deps), edge };
}

describe('a closing server', () => {
  it('answers the requests under way', async () => {
    const { app, edge } = await open();
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    let release = () => {};
    const isHeld = new Promise<void>((resolve) => {
      edge.onAppend = () => {
        resolve();
        return new Promise((done) => (release = done));
      };
    });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(event());
    const answer = fetch(`${url}/v1/events`, { method: 'POST', headers, body });
    await isHeld;
    const closed = app.close();
    release();
    expect((await answer).status).toBe(200);
    await closed;
    expect(edge.appended).toHaveLength(1);
  });
});

describe('a server with keys', () => {
  it('is addressed by any name', async () => {
    const { app } = await open({ hosts: 'any' });
    const answer = await app.inject({ url: '/livez', headers: { host: 'weft.example.org' } });
    expect(answer.statusCode).toBe(200);
  });
});

describe('a request id', () => {
  it('is new for every request, whatever the sender says', async () => {
    const { app } = await open();
    const ids = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const headers = { 'x-request-id': 'mine', 'request-id': 'mine' };
        return (await app.inject({ url: '/nowhere', headers })).json().requestId;
      }),
    );
    expect(new Set(ids).size).toBe(10);
  });
});
