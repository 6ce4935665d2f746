import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../adapters/system/clock.ts';
import { createOutcomes } from '../../adapters/system/outcomes.ts';
import { WeftError } from '../../errors.ts';
import { createEdge, event } from '../edge-fixture.contract.ts';
import type { Edge, EdgeOptions } from '../edge-fixture.contract.ts';
import { buildServer } from '../server.ts';

const NOW = Date.parse('2026-11-11T02:00:10Z');

async function open(options: Partial<EdgeOptions> = {}) {
  const clock = createManualClock(NOW);
  const outcomes = createOutcomes({ instance: 'here', clock });
  const edge = createEdge({ clock, outcomes, ...options });
  return { app: await buildServer(edge.deps), edge, clock, outcomes };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

const send = (app: FastifyInstance, payload: string | Buffer | object, query = '') =>
  app.inject({ method: 'POST', url: `/v1/events${query}`, headers: JSON_HEADERS, payload });

const sum = (edge: Edge, word: string): number =>
  [...edge.counts]
    .filter(([name]) => name.startsWith(word))
    .reduce((total, [, events]) => total + events, 0);

describe('an accepted event', () => {
  it('is in the log as it was sent, digit for digit', async () => {
    const { app, edge } = await open();
    const text =
      '{ "id": "e1", "source":"pos","type":"order_paid", "order": {"id":"T-1","total":108.50},\n' +
      '  "identifiers":[{"type":"member","value":"会员\\u0031"}], "properties":{"big":9007199254740993} }';
    const answer = await send(app, text);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ success: true, accepted: 1, rejected: [] });
    expect(edge.appended).toEqual([
      {
        kind: 'raw',
        tenant: 'default',
        source: 'pos',
        receivedAt: NOW,
        body: text,
        id: 'e1',
        history: false,
        triggers: true,
        wait: null,
        unreadable: null,
      },
    ]);
    expect(edge.keys).toEqual(['member\u001f\u001f会员1']);
  });

  it('in a list has its own text, and its place', async () => {
    const { app, edge } = await open();
    const texts = ['a', 'b', 'c'].map((id) => JSON.stringify(event({ id, store: '],[' })));
    const answer = await send(app, `\uFEFF [ ${texts.join(' ,\n')} ] `);
    expect(answer.json()).toMatchObject({ accepted: 3 });
    expect(edge.appended.map(({ body }) => body)).toEqual(texts);
    expect(edge.appended.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('may come one a line, blank lines and both line ends allowed', async () => {
    const { app, edge } = await open();
    const lines = ['a', 'b', 'c'].map((id) => JSON.stringify(event({ id })));
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { 'content-type': 'application/x-ndjson; charset=UTF-8' },
      payload: `\n${lines[0]}\r\n  \n${lines[1]}\n${lines[2]}`,
    });
    expect(answer.json()).toEqual({ success: true, accepted: 3, rejected: [] });
    expect(edge.appended.map(({ body }) => body)).toEqual(lines);
  });

  it('without an id gets one before the log, and its text stays as it came', async () => {
    const { app, edge } = await open();
    const bodies = [event({ id: undefined }), event({ id: null })];
    await send(app, bodies);
    const ids = edge.appended.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id))).toBe(true);
    expect(edge.appended.map(({ body }) => body)).toEqual(bodies.map((one) => JSON.stringify(one)));
  });

  it('counts as accepted when it comes again', async () => {
    const { app } = await open();
    expect((await send(app, [event(), event()])).json()).toMatchObject({ accepted: 2 });
  });

  it('fires no trigger when its sender says that it is history', async () => {
    const { app, edge } = await open();
    await send(app, event(), '?triggers=off');
    await send(app, event(), '?triggers=on');
    expect(edge.appended.map(({ triggers }) => triggers)).toEqual([false, true]);
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('may be compressed with %s', async (encoding, compress) => {
    const { app, edge } = await open();
    const text = JSON.stringify(event({ store: '上海店' }));
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { ...JSON_HEADERS, 'content-encoding': encoding },
      payload: compress(text),
    });
    expect(answer.json()).toMatchObject({ accepted: 1 });
    expect(edge.appended[0]?.body).toBe(text);
  });
});

describe('a rejected event', () => {
  it('is named, with its place and its fault, and takes no other with it', async () => {
    const { app, edge } = await open();
    const answer = await send(app, [
      event({ id: 'a' }),
      event({ id: 'b', identifiers: [] }),
      42,
      event({ id: 'c', type: 'Order Paid', order: { total: -1 } }),
      event({ id: 'd' }),
    ]);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      success: true,
      accepted: 2,
      rejected: [
        {
          index: 1,
          id: 'b',
          code: 'missing_identifier',
          pointer: '/identifiers',
          message: expect.any(String),
        },
        { index: 2, id: null, code: 'invalid_event', pointer: '', message: expect.any(String) },
        {
          index: 3,
          id: 'c',
          code: 'invalid_event',
          pointer: '/order/total',
          message: expect.any(String),
          more: [{ pointer: '/type', message: expect.stringContaining('order_paid') }],
        },
      ],
    });
    expect(edge.appended.map(({ id }) => id)).toEqual(['a', 'd']);
  });

  it('is a line that is no JSON, too', async () => {
    const { app, edge } = await open();
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: `{"id": "broken"\n${JSON.stringify(event())}`,
    });
    expect(answer.json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 0, id: null, code: 'malformed_json', pointer: '' }],
    });
    expect(edge.appended).toHaveLength(1);
  });

  it('over the size limit leaves the batch alive', async () => {
    const { app, edge } = await open();
    const large = event({
      id: 'large',
      properties: { a: 'x'.repeat(8_000), b: 'y'.repeat(8_000) },
    });
    const larger = event({
      id: 'larger',
      properties: Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e'].map((name) => [name, 'x'.repeat(8_000)]),
      ),
    });
    const answer = await send(app, [large, larger]);
    expect(answer.json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, id: 'larger', code: 'event_too_large', pointer: '' }],
    });
    expect(edge.appended.map(({ id }) => id)).toEqual(['large']);
  });

  it('with no other to be taken makes the answer 400, naming all', async () => {
    const { app, edge } = await open();
    const answer = await send(app, [event({ type: 'X' }), event({ identifiers: [] })]);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({
      code: 'invalid_event',
      errors: [
        { index: 0, id: 'e1', code: 'invalid_event', pointer: '/type' },
        { index: 1, id: 'e1', code: 'missing_identifier', pointer: '/identifiers' },
      ],
    });
    expect(edge.appended).toEqual([]);
  });

  it('alone gives the problem its own code, and says what to do in one sentence', async () => {
    const { app } = await open();
    const answer = await send(app, event({ identifiers: undefined }));
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'missing_identifier', status: 400 });
    expect(answer.json().detail).toContain('/identifiers');
  });

  it('never has the value of an identifier repeated', async () => {
    const { app } = await open();
    const identifiers = [{ type: 'phone', value: '13800138000', verified: '13800138000' }];
    const answer = await send(app, event({ identifiers, type: 'X' }));
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain('13800138000');
  });
});

describe('a temporary refusal', () => {
  it.each(['log_unavailable', 'disk_guard', 'overloaded', 'shutting_down'] as const)(
    'for %s is 429 with whole seconds to wait',
    async (code) => {
      const { app, edge } = await open();
      edge.failure = new WeftError(code, 'Appending to the log failed.');
      const answer = await send(app, [event(), event({ type: 'X' })]);
      expect(answer.statusCode).toBe(429);
      expect(answer.headers['retry-after']).toBe('15');
      expect(answer.json()).toMatchObject({ code, detail: 'Appending to the log failed.' });
      expect(sum(edge, `throttled ${code}`)).toBe(2);
    },
  );

  it('waits longer the longer the log is away, and the more often a client tried', async () => {
    const { app, edge, clock } = await open();
    const wait = async (headers = {}) => {
      const request = { method: 'POST' as const, url: '/v1/events', payload: event() };
      return (await app.inject({ ...request, headers })).headers['retry-after'];
    };
    edge.failure = new WeftError('log_unavailable', 'The log is away.');
    expect(await wait()).toBe('15');
    clock.advance(60_000);
    expect(await wait()).toBe('60');
    expect(await wait({ 'x-retry-count': '3' })).toBe('120');
    expect(await wait({ 'x-retry-count': '-1e9' })).toBe('60');
    edge.failure = undefined;
    expect(await wait()).toBeUndefined();
    edge.failure = new WeftError('log_unavailable', 'The log is away.');
    expect(await wait()).toBe('15');
  });

  it('is 429 whatever store the log rests on is away', async () => {
    const { app, edge } = await open();
    edge.failure = new WeftError('store_unavailable', 'The store is away.');
    expect((await send(app, event())).json()).toMatchObject({ code: 'log_unavailable' });
  });

  it('comes while other requests hold as many bytes as may be held', async () => {
    const { app, edge } = await open({ limits: { heldBytesMax: 300 } });
    let release = () => {};
    const isHeld = new Promise<void>((resolve) => {
      edge.onAppend = () => {
        resolve();
        return new Promise((done) => (release = done));
      };
    });
    const first = send(app, event());
    await isHeld;
    const second = await send(app, [event(), event()]);
    expect(second.statusCode).toBe(429);
    expect(second.json()).toMatchObject({ code: 'overloaded' });
    edge.onAppend = () => undefined;
    release();
    expect((await first).statusCode).toBe(200);
    expect((await send(app, [event(), event()])).statusCode).toBe(200);
  });

  it('comes while the event loop is late', async () => {
    const { app, edge } = await open({ limits: { loopDelayMsMax: 1 } });
    const until = performance.now() + 1_200;
    while (performance.now() < until);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const answer = await send(app, event());
    expect(answer.statusCode).toBe(429);
    expect(answer.json()).toMatchObject({ code: 'overloaded' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(edge.appended).toEqual([]);
    expect((await app.inject('/livez')).statusCode).toBe(200);
  });
});

describe('an unexpected failure', () => {
  it('says nothing but its request id, under which the log has the cause', async () => {
    const { app, edge } = await open();
    edge.failure = new Error('secret: 13800138000');
    const answer = await send(app, event());
    expect(answer.statusCode).toBe(500);
    const problem = answer.json();
    expect(problem).toMatchObject({ code: 'internal', errors: [] });
    expect(answer.body).not.toContain('secret');
    expect(edge.logged).toEqual([
      {
        level: 'error',
        event: 'request_failed',
        fields: {
          requestId: problem.requestId,
          method: 'POST',
          route: '/v1/events',
          code: 'internal',
          err: edge.failure,
        },
      },
    ]);
  });
});

describe('?wait=applied', () => {
  it('answers when the last event has ended', async () => {
    const { app, edge, outcomes } = await open();
    edge.onAppend = (events) => {
      for (const { wait } of events) {
        expect(wait?.instance).toBe('here');
        if (wait) outcomes.tell(wait, 'applied');
      }
    };
    const answer = await send(app, [event(), event({ id: 'e2' })], '?wait=applied');
    expect(answer.json()).toEqual({
      success: true,
      accepted: 2,
      rejected: [],
      applied: true,
      outcome: { applied: 2, duplicate: 0, dead_letter: 0, unresolved: 0, pending: 0 },
    });
  });

  it.each([
    ['duplicate', true],
    ['dead_letter', false],
    ['unresolved', false],
  ] as const)('of a %s event answers applied: %s', async (outcome, applied) => {
    const { app, edge, outcomes } = await open();
    edge.onAppend = ([one]) => {
      if (one?.wait) outcomes.tell(one.wait, outcome);
    };
    const answer = await send(app, event(), '?wait=applied');
    expect(answer.json()).toMatchObject({ accepted: 1, applied, outcome: { [outcome]: 1 } });
  });

  it('gives up after 5 s, the events being accepted all the same', async () => {
    const { app, edge, clock } = await open();
    edge.onAppend = () => void setImmediate(() => clock.advance(5_000));
    const answer = await send(app, [event(), event()], '?wait=applied');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ accepted: 2, applied: false, outcome: { pending: 2 } });
  });

  it('does not wait for an append that failed', async () => {
    const { app, edge } = await open();
    edge.failure = new WeftError('log_unavailable', 'The log is away.');
    expect((await send(app, event(), '?wait=applied')).statusCode).toBe(429);
  });
});

/** JSON of any kind, near to an event often enough to be accepted now and then. */
const ANY_BODY = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc
    .array(
      fc.oneof(
        fc.jsonValue(),
        fc.jsonValue().map((properties) => event({ properties })),
        fc.record(
          {
            id: fc.oneof(fc.string(), fc.constant('e1'), fc.integer()),
            source: fc.oneof(fc.constantFrom('pos', 'app', 'crm'), fc.jsonValue()),
            type: fc.oneof(fc.constant('cart_added'), fc.jsonValue()),
            at: fc.oneof(fc.constant('2026-11-11T10:00:00+08:00'), fc.jsonValue()),
            identifiers: fc.oneof(
              fc.constant([{ type: 'member', value: 'M1' }]),
              fc.array(fc.record({ type: fc.string(), value: fc.jsonValue() })),
            ),
            order: fc.jsonValue(),
            items: fc.jsonValue(),
            ['__proto__']: fc.jsonValue(),
            constructor: fc.jsonValue(),
            properties: fc.jsonValue(),
          },
          { requiredKeys: ['source', 'type', 'identifiers'] },
        ),
      ),
      { maxLength: 5 },
    )
    .map((list) => JSON.stringify(list)),
  fc.string(),
);

describe('whatever is sent', () => {
  it('the answer is 200 or a right 4xx, and every event is accounted for', async () => {
    const { app, edge } = await open();
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(ANY_BODY, fc.boolean(), async (payload, lines) => {
        edge.counts.clear();
        edge.appended.length = 0;
        const type = lines ? 'application/x-ndjson' : 'application/json';
        const answer = await app.inject({
          method: 'POST',
          url: '/v1/events',
          headers: { 'content-type': type },
          payload,
        });
        expect([200, 400, 413]).toContain(answer.statusCode);
        const accepted = answer.statusCode === 200 ? answer.json().accepted : 0;
        taken += accepted;
        expect(edge.appended).toHaveLength(accepted);
        expect(sum(edge, 'accepted')).toBe(accepted);
        expect(sum(edge, 'received')).toBe(accepted + sum(edge, 'refused'));
        for (const { body } of edge.appended) JSON.parse(body);
      }),
      { numRuns: 500 },
    );
    expect(edge.logged).toEqual([]);
    expect(taken).toBeGreaterThan(0);
  });

  it('what is accepted is accounted for by source', async () => {
    const { app, edge } = await open();
    await send(app, [event(), event({ source: 'pos' }), event({ source: 'fax' }), event()]);
    expect(Object.fromEntries(edge.counts)).toEqual({
      'received app': 2,
      'received pos': 1,
      'received unknown': 1,
      'accepted app': 2,
      'accepted pos': 1,
      'refused unknown invalid_event': 1,
    });
  });
});
