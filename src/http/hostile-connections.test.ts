import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../adapters/system/clock.ts';
import { createOutcomes } from '../adapters/system/outcomes.ts';
import { createEdge, event } from './edge-fixture.contract.ts';
import type { Edge } from './edge-fixture.contract.ts';
import type { Problem } from './problem.ts';
import { buildServer } from './server.ts';

const HELD_BYTES_MAX = 1024 * 1024;
const TIMEOUT_MS = 400;

let app: FastifyInstance;
let edge: Edge;
let port: number;

beforeAll(async () => {
  const clock = createManualClock(Date.parse('2026-11-11T02:00:10Z'));
  const outcomes = createOutcomes({ instance: 'here', clock });
  const limits = { heldBytesMax: HELD_BYTES_MAX, requestTimeoutMs: TIMEOUT_MS };
  edge = createEdge({ clock, outcomes, limits });
  app = await buildServer(edge.deps);
  await app.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = app.server.address() as AddressInfo);
});

afterAll(() => app.close());

const BODY = JSON.stringify(event());
const HOST = 'host: localhost\r\n';
const LAST = `GET /livez HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`;

const post = (body: string, headers = `content-length: ${Buffer.byteLength(body)}\r\n`): string =>
  `POST /v1/events HTTP/1.1\r\n${HOST}content-type: application/json\r\n${headers}\r\n${body}`;

interface TalkOptions {
  /** Closes our half after sending, instead of waiting for the server. */
  readonly ends?: boolean;
}

/** Sends bytes and answers all that came back by the time the server closed. */
async function talk(bytes: string | Buffer, { ends = false }: TalkOptions = {}): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset after the answer is the server's right.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const statusesOf = (answer: string): readonly number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** The last answer, and what it left behind. */
async function refuse(bytes: string | Buffer, options: TalkOptions = {}) {
  const answer = await talk(bytes, options);
  const { status, code }: Problem = JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n') + 4));
  const type = /content-type: (\S+)/.exec(answer)?.[1];
  return { statuses: statusesOf(answer), status, code, type, aftermath: await aftermath() };
}

async function aftermath() {
  const logged = [...edge.logged];
  return { logged, next: statusesOf(await talk(post(BODY) + LAST)) };
}

const UNHARMED = { logged: [], next: [200, 200] };

const refused = (status: number, code: string) => ({
  statuses: [status],
  status,
  code,
  type: 'application/problem+json',
  aftermath: UNHARMED,
});

describe('bytes that are no request', () => {
  it.each<readonly [string, string | Buffer]>([
    ['noise', Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10])],
    ['a TLS handshake', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00])],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/9.9', `GET /livez HTTP/9.9\r\n${HOST}\r\n`],
    ['a method that is none', 'EAT /livez HTTP/1.1\r\n\r\n'],
    ['a NUL in the address', `GET /liv\0ez HTTP/1.1\r\n${HOST}\r\n`],
    ['a NUL in a header', `GET /livez HTTP/1.1\r\n${HOST}a: b\0c\r\n\r\n`],
    ['a header without a name', `GET /livez HTTP/1.1\r\n${HOST}: b\r\n\r\n`],
    ['a blank before the colon', `GET /livez HTTP/1.1\r\n${HOST}a : b\r\n\r\n`],
    ['two lengths', post(BODY, 'content-length: 5\r\ncontent-length: 6\r\n')],
    ['a length and chunks', post(BODY, 'content-length: 5\r\ntransfer-encoding: chunked\r\n')],
    ['a negative length', post(BODY, 'content-length: -1\r\n')],
    ['a length that is none', post(BODY, 'content-length: many\r\n')],
    ['a length of 30 digits', post(BODY, `content-length: ${'9'.repeat(30)}\r\n`)],
    ['chunks that are none', post('zz\r\nabc\r\n', 'transfer-encoding: chunked\r\n')],
    ['an encoding after chunked', post(BODY, 'transfer-encoding: chunked, gzip\r\n')],
  ])('like %s are 400, and the connection is closed', async (_name, bytes) => {
    expect(await refuse(bytes)).toEqual(refused(400, 'malformed_request'));
  });

  it('because the body ends early are 400', async () => {
    const bytes = post(BODY, 'content-length: 1000\r\n');
    expect(await refuse(bytes, { ends: true })).toEqual(refused(400, 'malformed_request'));
  });

  it('after a whole request do not spoil its answer', async () => {
    const length = `content-length: ${BODY.length}\r\n`;
    const answer = await talk(post(`${BODY}and more`, length));
    expect(statusesOf(answer)).toEqual([200, 400]);
  });

  it('without a host are 400', async () => {
    expect(statusesOf(await talk('GET /livez HTTP/1.1\r\n\r\n'))).toEqual([400]);
    expect(await aftermath()).toEqual(UNHARMED);
  });
});

describe('a head over the limit', () => {
  it.each([
    ['headers', `GET /livez HTTP/1.1\r\n${HOST}a: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['an address', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['headers without end', `GET /livez HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(200_000)}`],
  ])('because of %s is 431', async (_name, bytes) => {
    expect(await refuse(bytes)).toEqual(refused(431, 'headers_too_large'));
  });
});

describe('a request that does not come whole in time', () => {
  it.each([
    ['head', `POST /v1/events HTTP/1.1\r\n${HOST}`],
    ['body', post('{', 'content-length: 1000\r\n')],
  ])('because its %s stops is 408', async (_name, bytes) => {
    expect(await refuse(bytes)).toEqual(refused(408, 'request_timeout'));
  });
});

describe('a connection', () => {
  const chunked = (body: string): string =>
    post(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, 'transfer-encoding: chunked\r\n');

  it('goes on after every kind of refusal', async () => {
    const requests: readonly (readonly [number, string])[] = [
      [400, post('{')],
      [400, post('[]')],
      [404, `POST /nowhere HTTP/1.1\r\n${HOST}content-length: 3\r\n\r\nabc`],
      [405, `PUT /v1/events HTTP/1.1\r\n${HOST}content-length: 3\r\n\r\nabc`],
      [415, `POST /v1/events HTTP/1.1\r\n${HOST}content-length: 3\r\n\r\nabc`],
      [413, post(' '.repeat(900_000))],
      [413, chunked(' '.repeat(900_000))],
      [400, `GET /v1/profiles/uid/%zz HTTP/1.1\r\n${HOST}\r\n`],
      [403, 'GET /livez HTTP/1.1\r\nhost: elsewhere\r\n\r\n'],
      [200, post(BODY)],
      [200, chunked(BODY)],
    ];
    const answer = await talk(requests.map(([, text]) => text).join('') + LAST);
    expect(statusesOf(answer)).toEqual([...requests.map(([status]) => status), 200]);
  });

  it('takes requests one after another without waiting for answers', async () => {
    const answer = await talk(post(BODY).repeat(50) + LAST);
    expect(statusesOf(answer)).toEqual(Array.from({ length: 51 }, () => 200));
  });

  it('that asks for a tunnel is closed without one', async () => {
    expect(statusesOf(await talk('CONNECT example.org:443 HTTP/1.1\r\n\r\n'))).toEqual([]);
    expect(await aftermath()).toEqual(UNHARMED);
  });

  it('that asks for another protocol stays HTTP', async () => {
    const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\n';
    const answer = await talk(`GET /livez HTTP/1.1\r\n${HOST}${upgrade}\r\n`, { ends: true });
    expect(statusesOf(answer)).toEqual([200]);
  });

  it.each([
    ['HTTP/0.9', 'GET /livez\r\n\r\n', 200],
    ['HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', 200],
    ['a whole address', `GET http://localhost/livez HTTP/1.1\r\n${HOST}\r\n`, 200],
    ['no address', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 404],
    ['bytes beyond ASCII in the address', `GET /v1/\u00ff HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['another expectation', `GET /livez HTTP/1.1\r\n${HOST}expect: cake\r\n\r\n`, 417],
  ])('with %s is answered', async (_name, bytes, status) => {
    const answer = await talk(Buffer.from(bytes, 'latin1'), { ends: true });
    expect(statusesOf(answer)).toEqual([status]);
    expect(await aftermath()).toEqual(UNHARMED);
  });

  it('that is reset inside a body gives back the bytes it held', async () => {
    const part = 'x'.repeat(100_000);
    for (let round = 0; round * part.length < 2 * HELD_BYTES_MAX; round++) {
      const socket = connect({ host: '127.0.0.1', port });
      const arrived = once(app.server, 'request');
      socket.write(post(part, 'content-length: 500000\r\n'));
      const [request] = await arrived;
      while (request.socket.bytesRead < part.length) await new Promise(setImmediate);
      const closed = new Promise((resolve) => request.once('close', resolve));
      socket.resetAndDestroy();
      await closed;
    }
    expect(await aftermath()).toEqual(UNHARMED);
  });
});
