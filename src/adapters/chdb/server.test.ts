/** The HTTP face as clients of ClickHouse meet it, over an engine that notes what it is asked. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Engine, Run } from './engine.ts';
import { createFace } from './server.ts';

const ACCOUNTS = [
  { user: 'weft', key: 'secret', role: 'write' },
  { user: 'analyst', key: 'öffentlich:1', role: 'read' },
] as const;
const basic = (user: string, key: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`,
});
const WRITER = basic('weft', 'secret');

interface Face {
  readonly runs: Run[];
  ask(path: string, init?: RequestInit): Promise<Response>;
}

async function openFace(answer: string | Error = '1\n'): Promise<Face> {
  const runs: Run[] = [];
  const engine: Engine = {
    version: 'test',
    async run(run) {
      runs.push(run);
      if (answer instanceof Error) throw answer;
      const bytes = new TextEncoder().encode(answer);
      return { bytes, rowsRead: 7, bytesRead: 8, elapsedSeconds: 0.5 };
    },
    idle: () => Promise.resolve(),
  };
  const face = createFace(engine, ACCOUNTS);
  face.listen(0, '127.0.0.1');
  await once(face, 'listening');
  onTestFinished(() => {
    face.closeAllConnections();
    face.close();
  });
  const { port } = face.address() as AddressInfo;
  return { runs, ask: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init) };
}

describe('the HTTP face of the embedded engine', () => {
  it('answers /ping and a bare address to anybody, and nothing else', async () => {
    const { ask, runs } = await openFace();
    expect(await (await ask('/ping')).text()).toBe('Ok.\n');
    expect(await (await ask('/')).text()).toBe('Ok.\n');
    const refused = await ask('/?query=SELECT%201');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('x-clickhouse-exception-code')).toBe('516');
    expect(runs).toEqual([]);
  });

  it.each([
    ['Basic', basic('analyst', 'öffentlich:1'), ''],
    ['headers', { 'x-clickhouse-user': 'weft', 'x-clickhouse-key': 'secret' }, ''],
    ['the address', {}, '&user=weft&password=secret'],
  ])('knows credentials in %s', async (_, headers: Record<string, string>, search) => {
    const { ask, runs } = await openFace();
    expect((await ask(`/?query=SELECT%201${search}`, { headers })).status).toBe(200);
    expect(runs[0]?.role).toBe('authorization' in headers ? 'read' : 'write');
  });

  it.each([
    ['another key', basic('weft', 'Secret')],
    ['an empty key', basic('weft', '')],
    ['another user', basic('root', 'secret')],
    ['the key of somebody else', basic('analyst', 'secret')],
  ])('does not know %s', async (_, headers) => {
    const { ask } = await openFace();
    expect((await ask('/?query=SELECT%201', { headers })).status).toBe(403);
  });

  it('hands the rows of an INSERT on as the bytes they are', async () => {
    const { ask, runs } = await openFace();
    const body = Uint8Array.of(0xff, 0x0a, 0x0a, 0x00);
    const query = encodeURIComponent('INSERT INTO t SETTINGS a = 1\nformat Native ');
    await ask(`/?query=${query}`, { method: 'POST', headers: WRITER, body });
    expect(runs[0]?.text).toBe('INSERT INTO t SETTINGS a = 1\nformat Native ');
    expect([...(runs[0]?.rows ?? [])]).toEqual([...body]);
  });

  it('puts any other body after the query, and tells settings from parameters', async () => {
    const { ask, runs } = await openFace();
    await ask(
      '/?query=INSERT%20INTO%20t%20SELECT&param_a=%27x&database=weft&max_threads=2&query_id=q&wait_end_of_query=1&default_format=CSV',
      { method: 'POST', headers: WRITER, body: '{"名":1}' },
    );
    const [run] = runs;
    expect(run?.text).toBe('INSERT INTO t SELECT\n{"名":1}');
    expect(run?.rows).toBeUndefined();
    expect([...(run?.settings ?? [])]).toEqual([['max_threads', '2']]);
    expect([...(run?.params ?? [])]).toEqual([['a', "'x"]]);
    expect(run).toMatchObject({ role: 'write', database: 'weft', format: 'CSV' });
  });

  it('reads a gzipped body and gzips an answer that is asked for so', async () => {
    const { ask, runs } = await openFace('x'.repeat(1_000));
    const answer = await ask('/?enable_http_compression=1', {
      method: 'POST',
      headers: { ...WRITER, 'content-encoding': 'gzip', 'accept-encoding': 'gzip' },
      body: new Uint8Array(gzipSync('SELECT 1')),
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.text()).toBe('x'.repeat(1_000));
    expect(runs[0]?.text).toBe('SELECT 1');
  });

  it('describes an answer in the headers clients look for', async () => {
    const { ask } = await openFace();
    const { headers } = await ask('/?query_id=q1&query=SELECT%201%20FORMAT%20JSON', {
      headers: WRITER,
    });
    expect(headers.get('x-clickhouse-query-id')).toBe('q1');
    expect(headers.get('x-clickhouse-format')).toBe('JSON');
    expect(headers.get('x-clickhouse-timezone')).toBe('UTC');
    expect(headers.get('content-type')).toBe('application/json; charset=UTF-8');
    expect(JSON.parse(headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      read_rows: '7',
      elapsed_ns: '500000000',
    });
  });

  it.each([
    ['Query failed: Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)', 404, '60'],
    ['Query failed: Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)', 400, '62'],
    ['Code: 159. DB::Exception: Timeout. (TIMEOUT_EXCEEDED)', 408, '159'],
    ['Query failed: Code: 241. DB::Exception: Memory. (MEMORY_LIMIT_EXCEEDED)', 500, '241'],
    ['something else', 500, '1001'],
  ])('answers %s as ClickHouse does', async (message, status, code) => {
    const { ask } = await openFace(new Error(message));
    const answer = await ask('/?query=SELECT%201', { headers: WRITER });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe(code);
    expect(await answer.text()).toMatch(/^Code: \d+\. DB::Exception: /);
  });

  it('refuses a setting whose name is no name', async () => {
    const { ask, runs } = await openFace();
    const answer = await ask('/?query=SELECT%201&a%20%3D%201%2C%20b=2', { headers: WRITER });
    expect(answer.status).toBe(400);
    expect(runs).toEqual([]);
  });
});
