import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../adapters/system/clock.ts';
import { createOutcomes } from '../../adapters/system/outcomes.ts';
import { WeftError } from '../../errors.ts';
import type { AnalyticsStore } from '../../ports/analytics-store.ts';
import { createEdge } from '../edge-fixture.contract.ts';
import { buildServer } from '../server.ts';

interface Archive extends AnalyticsStore {
  readonly asked: unknown[];
}

/** An archive that answers everybody alike, or fails alike. */
function createArchive(chunks: () => AsyncIterable<Uint8Array>, failure?: Error): Archive {
  const asked: unknown[] = [];
  const fail = () => {
    if (failure !== undefined) throw failure;
  };
  return {
    asked,
    async migrate() {},
    async insert() {},
    async query() {
      throw new Error('the edge asks on behalf of others only');
    },
    async queryReadOnly(sql, question) {
      asked.push({ sql, ...question });
      fail();
      return ANSWER;
    },
    async streamReadOnly(sql, question) {
      asked.push({ sql, ...question });
      fail();
      return chunks();
    },
    cancelReads() {},
    async ping() {
      return true;
    },
    async close() {},
  };
}

const ANSWER = {
  meta: [
    { name: 'n', type: 'UInt64' },
    { name: '名', type: 'Nullable(String)' },
  ],
  data: [
    { n: '18446744073709551615', 名: null },
    { n: 1, 名: '牛奶' },
  ],
  rows: 2,
};

async function* twoChunks() {
  yield Buffer.from('n\r\n');
  yield Buffer.from('1\r\n');
}

async function open(archive: AnalyticsStore | undefined) {
  const clock = createManualClock(0);
  const outcomes = createOutcomes({ instance: 'here', clock });
  const analytics = archive === undefined ? {} : { analytics: archive };
  const edge = createEdge({ clock, outcomes, ...analytics });
  return { app: await buildServer(edge.deps), edge };
}

const ask = { method: 'POST', url: '/v1/sql' } as const;

describe('POST /v1/sql', () => {
  it('answers columns, rows and their number, as the archive has them', async () => {
    const archive = createArchive(twoChunks);
    const { app } = await open(archive);
    const payload = { query: 'SELECT {a:String}', params: { a: 'x', b: [1, null, true] } };
    const answer = await app.inject({ ...ask, payload });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual(ANSWER);
    expect(archive.asked).toEqual([{ sql: payload.query, params: payload.params }]);
  });

  it.each([
    ['?format=jsonl', '*/*', 'JSONEachRow', 'application/x-ndjson'],
    ['?format=csv', 'application/json', 'CSVWithNames', 'text/csv; charset=utf-8; header=present'],
    ['?format=table', '*/*', 'PrettyCompactNoEscapes', 'text/plain; charset=utf-8'],
    ['', 'text/csv, */*;q=0.1', 'CSVWithNames', 'text/csv; charset=utf-8; header=present'],
    ['?format=JSONEachRow', '*/*', 'JSONEachRow', 'application/x-ndjson'],
    ['?format=JSON', '*/*', 'JSON', 'application/json; charset=utf-8'],
    ['', 'Application/X-NDJSON', 'JSONEachRow', 'application/x-ndjson'],
  ])('with %j for %s streams %s', async (query, accept, format, type) => {
    const archive = createArchive(twoChunks);
    const { app } = await open(archive);
    const answer = await app.inject({
      ...ask,
      url: `/v1/sql${query}`,
      headers: { accept },
      payload: { query: 'SELECT 1' },
    });
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body).toBe('n\r\n1\r\n');
    expect(archive.asked).toEqual([{ sql: 'SELECT 1', format }]);
  });

  it.each([
    ['query_refused', 422],
    ['query_failed', 422],
    ['query_timeout', 504],
    ['archive_unavailable', 503],
  ] as const)('answers %s with status %i, streamed or not', async (code, status) => {
    const failure = new WeftError(code, 'Only views of weft may be read: name one.');
    const { app } = await open(createArchive(twoChunks, failure));
    for (const url of ['/v1/sql', '/v1/sql?format=csv']) {
      const answer = await app.inject({ ...ask, url, payload: { query: 'SELECT 1' } });
      expect(answer.statusCode).toBe(status);
      expect(answer.json()).toMatchObject({ code, detail: failure.message });
    }
  });

  it('without an archive is 503', async () => {
    const { app } = await open(undefined);
    const answer = await app.inject({ ...ask, payload: { query: 'SELECT 1' } });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'archive_unavailable' });
  });

  it('cuts the connection when a stream fails half-way, so that nobody takes it for whole', async () => {
    async function* broken() {
      yield Buffer.from('n\r\n');
      throw new WeftError('query_timeout', 'The query took more than 30 s: narrow it.');
    }
    const { app } = await open(createArchive(broken));
    await expect(
      app.inject({ ...ask, url: '/v1/sql?format=csv', payload: { query: 'SELECT 1' } }),
    ).rejects.toThrow('response destroyed');
    expect((await app.inject('/livez')).statusCode).toBe(200);
  });

  it('holds the archive back while its reader is slow, and lets go of it when he leaves', async () => {
    let given = 0;
    const released = withResolvers();
    async function* endless() {
      try {
        for (;;) {
          given += 64 * 1024;
          yield Buffer.alloc(64 * 1024, 'x');
        }
      } finally {
        released.resolve();
      }
    }
    const { app } = await open(createArchive(endless));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const body = JSON.stringify({ query: 'SELECT 1' });
    const client = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/v1/sql?format=csv',
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    client.end(body);
    const [answer] = await once(client, 'response');
    // Nobody reads: buffers of both sides fill, then nothing more is asked for.
    let before = -1;
    while (given !== before) {
      before = given;
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
    }
    expect(given).toBeLessThan(32 * 1024 * 1024);
    answer.destroy();
    await released.promise;
    await app.close();
  });
});

function withResolvers() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
