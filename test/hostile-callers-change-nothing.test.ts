// Whatever is asked of a running server: no file is read, no address reached, nothing written, nothing breaks.
// The suites of src/http and of the SQL guard have the long lists; here it is the whole of it, as it is served.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDir } from './support/places.ts';
import { query, serve, type Server } from './support/weft.ts';

const CANARY = 'canary-3f81';
/** The archive is asked again until it has what was applied. */
const SOON = { timeout: 60_000, interval: 200 };

const dir = newDir();
const dataDir = join(dir, 'data');
const secretFile = join(dir, 'secret.csv');
const outFile = join(dir, 'written.csv');
let server: Server;
let listener: Listener;
let reached = 0;
let port = 0;

beforeAll(async () => {
  writeFileSync(secretFile, `${CANARY}\n`);
  listener = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  server = await serve(dataDir);
  const { status } = await postEvents(JSON.stringify(event('before')), '?wait=applied');
  if (status !== 200) throw new Error(`a sound event was answered ${status}`);
});

afterAll(async () => {
  await new Promise((resolve) => listener.close(resolve));
});

const event = (id: string): object => ({
  id,
  source: 'app',
  type: 'product_viewed',
  identifiers: [{ type: 'member', value: 'M1' }],
});

type Body = NonNullable<RequestInit['body']>;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function send(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, init);
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

const post = (path: string, body: Body, headers: Record<string, string> = {}): Promise<Answer> =>
  send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

const postEvents = (body: Body, more = ''): Promise<Answer> => post(`/v1/events${more}`, body);

const ask = (sql: string): Promise<Answer> => post('/v1/sql', JSON.stringify({ query: sql }));

describe('hostile SQL', () => {
  const statements = (): Readonly<Record<string, string>> => ({
    'file() as a table': `SELECT * FROM file('${secretFile}', 'LineAsString')`,
    'file() as a value': `SELECT file('${secretFile}')`,
    'a file by its name': `SELECT * FROM '${secretFile}'`,
    'file() behind an alias': `WITH (y -> file(y)) AS f SELECT f('${secretFile}')`,
    'file() that a lambda elsewhere has as its name': `SELECT file('${secretFile}') FROM (WITH (x -> x) AS file SELECT 1)`,
    'file() by its name alone': `SELECT arrayMap(file, ['${secretFile}'])`,
    'file() in a subquery': `SELECT id FROM weft.events WHERE id IN (SELECT file('${secretFile}'))`,
    'url()': `SELECT * FROM url('http://127.0.0.1:${port}/x', 'LineAsString')`,
    's3()': `SELECT * FROM s3('http://127.0.0.1:${port}/bucket/x', 'CSV', 'a String')`,
    'remote()': `SELECT * FROM remote('127.0.0.1:${port}', system.one)`,
    'mysql()': `SELECT * FROM mysql('127.0.0.1:${port}', 'd', 't', 'u', 'p')`,
    'INTO OUTFILE': `SELECT 1 INTO OUTFILE '${outFile}'`,
    'INTO OUTFILE with a format': `SELECT * FROM weft.events INTO OUTFILE '${outFile}' FORMAT CSV`,
    'several statements': 'SELECT 1; SELECT 2',
    'several statements, the second in a comment': 'SELECT 1 /* ; */; DROP TABLE weft_store.events',
    INSERT: "INSERT INTO weft_store.events (tenant, id) VALUES ('default', 'x')",
    'INSERT INTO FUNCTION': `INSERT INTO FUNCTION file('${outFile}', 'CSV', 'a String') SELECT 'x'`,
    CREATE: 'CREATE TABLE weft.mine (a Int8) ENGINE = Memory',
    'CREATE of a user function': 'CREATE FUNCTION f AS x -> x',
    DROP: 'DROP TABLE weft_store.events',
    'ALTER … DELETE': 'ALTER TABLE weft_store.events DELETE WHERE 1',
    TRUNCATE: 'TRUNCATE TABLE weft_store.events',
    GRANT: 'GRANT ALL ON *.* TO default',
    SYSTEM: 'SYSTEM SHUTDOWN',
    'KILL QUERY': 'KILL QUERY WHERE 1',
    SET: 'SET readonly = 0',
    'SETTINGS that lift a limit': 'SELECT 1 SETTINGS max_execution_time = 0, readonly = 0',
    'tables behind the views': 'SELECT * FROM weft_store.events',
    'tables of the engine': 'SELECT * FROM system.users',
    'sleep()': 'SELECT sleep(3)',
    'no statement': '',
    nonsense: 'SELEKT',
    'a byte that ends a text': "SELECT '\u0000' FROM file('x')",
  });

  it.each(Object.keys(statements()))('%s is refused in words', async (name) => {
    const { status, type, text } = await ask(statements()[name] ?? '');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(type).toContain('application/problem+json');
    expect(text).not.toContain(CANARY);
  });

  it('none of it read a file, wrote one, reached an address or changed a row', async () => {
    expect(reached).toBe(0);
    expect(existsSync(outFile)).toBe(false);
    expect(readFileSync(secretFile, 'utf8')).toBe(`${CANARY}\n`);
    const before = () => ask("SELECT id FROM weft.events WHERE id = 'before'");
    await expect
      .poll(before, SOON)
      .toMatchObject({ status: 200, text: expect.stringMatching('before') });
  });
});

describe('hostile requests', () => {
  const LONG = 'x'.repeat(100_000);
  const nested = '['.repeat(50_000) + ']'.repeat(50_000);
  const list = (events: readonly object[]): string => JSON.stringify(events);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
  const requests: Readonly<Record<string, () => Promise<Answer>>> = {
    'no body': () => postEvents(''),
    'a body that is no JSON': () => postEvents('{"source":'),
    'bytes that are no UTF-8': () => postEvents(Buffer.from([0x5b, 0xff, 0xfe, 0x5d])),
    'a text instead of an event': () => postEvents('"hello"'),
    'fifty thousand brackets': () => postEvents(nested),
    'an event that claims a prototype': () =>
      postEvents('[{"__proto__":{"source":"app"},"constructor":{"prototype":{"x":1}}}]'),
    'a tenant in the body, and unknown fields': () =>
      postEvents(list([{ ...event('t'), tenant: 'other', isAdmin: true, items: 'all' }])),
    'an identifier of a hundred thousand letters': () =>
      postEvents(list([{ ...event('l'), identifiers: [{ type: 'member', value: LONG }] }])),
    'numbers beyond all numbers': () =>
      postEvents(
        '[{"id":"n","source":"app","type":"order_paid","at":1e999,"order":{"total":-1e308}}]',
      ),
    'more events than a request may have': () =>
      postEvents(list(Array.from({ length: 20_000 }, (_, i) => event(`m${i}`)))),
    'sixty-four megabytes behind one of gzip': () =>
      post('/v1/events', bomb, { 'content-encoding': 'gzip' }),
    'an encoding nobody has': () => post('/v1/events', '[]', { 'content-encoding': 'evil' }),
    'a body that calls itself something else': () =>
      post('/v1/events', '<a/>', { 'content-type': 'application/xml' }),
    'a path that climbs': () => send('/v1/profiles/%2e%2e%2f%2e%2e%2fetc%2fpasswd', {}),
    'an identifier with line ends': () => send('/v1/profiles/member:%0d%0aset-cookie:%20x=1', {}),
    'a page size from hell': () => send('/v1/actions?limit=99999999999999999999', {}),
    'a wait nobody offers': () => postEvents(list([event('w')]), '?wait=forever'),
    'a method nobody offers': () => send('/v1/events', { method: 'DELETE' }),
    'a route nobody offers': () => send('/admin', {}),
  };

  it.each(Object.keys(requests))('%s: an answer in words, never a 5xx', async (name) => {
    const { status, type, text } = await (requests[name] as () => Promise<Answer>)();
    expect(status).toBeLessThan(500);
    expect(text).not.toContain('node_modules');
    expect(text).not.toContain('root:');
    expect(type).toContain(status < 400 ? 'application/json' : 'application/problem+json');
  });

  it.each([
    ['no HTTP', 'EHLO shop\r\n\r\n'],
    [
      'two lengths',
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx',
    ],
    [
      'a length and chunks',
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /',
    ],
    ['headers without end', `GET /livez HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`],
    [
      'a body that never comes',
      'POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n[',
    ],
  ])('%s: the connection ends, the server does not', async (_, bytes) => {
    const url = new URL(server.url);
    const socket = connect(Number(url.port), url.hostname);
    const answer = await new Promise<string>((resolve) => {
      let said = '';
      socket.on('data', (chunk) => (said += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(said));
      socket.end(bytes);
    });
    expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
    expect((await send('/livez', {})).status).toBe(200);
  });

  it('what was sound before and after is there, and the server ends when it is told to', async () => {
    expect((await postEvents(list([event('after')]), '?wait=applied')).status).toBe(200);
    const sql = "SELECT id FROM weft.events WHERE id IN ('before', 'after') ORDER BY id";
    await expect.poll(() => query(dataDir, sql), SOON).toEqual([{ id: 'after' }, { id: 'before' }]);
    expect(await server.stop()).toBe(0);
  });
});
