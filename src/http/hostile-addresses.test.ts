import type { FastifyInstance, InjectOptions } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../adapters/system/clock.ts';
import { createOutcomes } from '../adapters/system/outcomes.ts';
import { createEdge, event } from './edge-fixture.contract.ts';
import type { Edge } from './edge-fixture.contract.ts';
import { UNHARMED, aftermathOf, faultsOf } from './problem.contract.ts';
import type { Hostile } from './problem.contract.ts';
import { buildServer } from './server.ts';

let app: FastifyInstance;
let edge: Edge;

beforeAll(async () => {
  const clock = createManualClock(Date.parse('2026-11-11T02:00:10Z'));
  edge = createEdge({ clock, outcomes: createOutcomes({ instance: 'here', clock }) });
  app = await buildServer(edge.deps);
});

/** The answer, its faults as a problem, and what it left behind. */
async function refuse(request: InjectOptions) {
  const answer = await app.inject(request);
  const { code } = answer.json();
  const aftermath = await aftermathOf(app, edge);
  return { status: answer.statusCode, code, faults: faultsOf(answer), aftermath };
}

const REFUSED = { faults: [], aftermath: UNHARMED };

const JSON_TYPE = { 'content-type': 'application/json' };

const nested = (depth: number, open: string, close: string): string =>
  open.repeat(depth) + close.repeat(depth);

const get = (name: string, status: number, code: string, url: string): Hostile => [
  name,
  status,
  code,
  { method: 'GET', url },
];

const call = (
  method: NonNullable<InjectOptions['method']>,
  url: string,
  status: number,
  code: string,
): Hostile => [`${method} ${url}`, status, code, { method, url, payload: '{' }];

const ADDRESSES: readonly Hostile[] = [
  get('the root', 404, 'not_found', '/'),
  get('an unknown address', 404, 'not_found', '/v2/events'),
  get('a parent of the root', 404, 'not_found', '/../../etc/passwd'),
  get('an encoded parent', 404, 'not_found', '/v1/%2e%2e/%2e%2e/etc/passwd'),
  get('a double slash', 404, 'not_found', '//v1/actions'),
  get('a NUL', 404, 'not_found', '/v1/actions%00'),
  get('a backslash', 404, 'not_found', '/v1%5cactions'),
  get('another case', 404, 'not_found', '/V1/Actions'),
  get('an address of 8 KB', 404, 'not_found', `/${'x'.repeat(8_000)}`),
  get('broken percent-encoding', 400, 'malformed_request', '/v1/profiles/phone/%zz'),
  get('percent-encoding that is no UTF-8', 400, 'malformed_request', '/v1/profiles/phone/%c0%af'),
  get('a lone percent sign', 400, 'malformed_request', '/v1/profiles/phone/100%'),
  get('an unknown type', 400, 'invalid_parameter', '/v1/profiles/__proto__/1'),
  get('a type of Object', 400, 'invalid_parameter', '/v1/profiles/constructor/1'),
  get('a NUL as a value', 400, 'invalid_parameter', '/v1/profiles/phone/%00'),
  get('a line feed in a value', 400, 'invalid_parameter', '/v1/profiles/phone/1%0d%0aSet-Cookie:a'),
  get('a value of 600 characters', 400, 'invalid_parameter', `/v1/profiles/uid/${'x'.repeat(600)}`),
  get(
    'a value of 3,000 characters',
    400,
    'invalid_parameter',
    `/v1/profiles/uid/${'x'.repeat(3_000)}`,
  ),
  get('a way out in a value', 404, 'not_found', '/v1/profiles/uid/..%2f..%2fetc%2fpasswd'),
  get('no value', 404, 'not_found', '/v1/profiles/phone/'),
  get('an unknown query', 400, 'invalid_parameter', '/v1/profiles/uid/1?scoop=a'),
  get('a query twice', 400, 'invalid_parameter', '/v1/profiles/uid/1?scope=a&scope=b'),
  get('__proto__ in a query', 400, 'invalid_parameter', '/v1/actions?__proto__=1'),
  get('a limit of 0', 400, 'invalid_parameter', '/v1/actions?limit=0'),
  get('a limit of 1,001', 400, 'invalid_parameter', '/v1/actions?limit=1001'),
  get('a limit of half', 400, 'invalid_parameter', '/v1/actions?limit=0.5'),
  get('a limit that is none', 400, 'invalid_parameter', '/v1/actions?limit=DROP%20TABLE'),
  get('an unknown outcome', 400, 'invalid_parameter', '/v1/actions?outcome=lost'),
  get(
    'a cursor of 300 characters',
    400,
    'invalid_parameter',
    `/v1/actions?cursor=${'x'.repeat(300)}`,
  ),
  call('GET', '/v1/events', 405, 'method_not_allowed'),
  call('PUT', '/v1/events', 405, 'method_not_allowed'),
  call('DELETE', '/v1/profiles/phone/1', 405, 'method_not_allowed'),
  call('PATCH', '/v1/actions', 405, 'method_not_allowed'),
  call('POST', '/livez', 405, 'method_not_allowed'),
  call('TRACE', '/v1/events', 405, 'method_not_allowed'),
  call('PROPFIND', '/v1/events/', 405, 'method_not_allowed'),
  call('POST', '/nowhere', 404, 'not_found'),
  [
    'a wait that is none',
    400,
    'invalid_parameter',
    { method: 'POST', url: '/v1/events?wait=forever', payload: event() },
  ],
  [
    'a misspelt wait',
    400,
    'invalid_parameter',
    { method: 'POST', url: '/v1/events?wiat=applied', payload: event() },
  ],
  [
    'a foreign host',
    403,
    'host_not_allowed',
    { method: 'GET', url: '/livez', headers: { host: 'rebound.example' } },
  ],
  [
    'a foreign host that begins like ours',
    403,
    'host_not_allowed',
    {
      method: 'POST',
      url: '/v1/events',
      headers: { host: 'localhost.rebound.example' },
      payload: event(),
    },
  ],
];

const document = (
  name: string,
  status: number,
  code: string,
  url: string,
  payload: string,
): Hostile => [name, status, code, { method: 'POST', url, headers: JSON_TYPE, payload }];

const lookup = (name: string, status: number, code: string, payload: string): Hostile =>
  document(`lookup: ${name}`, status, code, '/v1/profiles/lookup', payload);

const sql = (name: string, status: number, code: string, payload: string): Hostile =>
  document(`sql: ${name}`, status, code, '/v1/sql', payload);

const UID = '{"type":"uid","value":"1"}';

const DOCUMENTS: readonly Hostile[] = [
  lookup('half an object', 400, 'malformed_json', '{"identifiers":['),
  lookup('a list', 400, 'invalid_parameter', `[${UID}]`),
  lookup('null', 400, 'invalid_parameter', 'null'),
  lookup('nobody', 400, 'invalid_parameter', '{"identifiers":[]}'),
  lookup(
    '101',
    400,
    'invalid_parameter',
    `{"identifiers":[${Array.from({ length: 101 }, () => UID).join()}]}`,
  ),
  lookup(
    'a value that is a number',
    400,
    'invalid_parameter',
    '{"identifiers":[{"type":"uid","value":1}]}',
  ),
  lookup(
    'a value that is empty',
    400,
    'invalid_parameter',
    '{"identifiers":[{"type":"uid","value":""}]}',
  ),
  lookup(
    'a NUL in a value',
    400,
    'invalid_parameter',
    '{"identifiers":[{"type":"uid","value":"\\u0000"}]}',
  ),
  lookup(
    'an unknown type',
    400,
    'invalid_parameter',
    '{"identifiers":[{"type":"fax","value":"1"}]}',
  ),
  lookup('a tenant', 400, 'invalid_parameter', `{"tenant":"other","identifiers":[${UID}]}`),
  lookup('__proto__', 400, 'invalid_parameter', `{"__proto__":{"a":1},"identifiers":[${UID}]}`),
  lookup(
    'constructor.prototype',
    400,
    'invalid_parameter',
    `{"identifiers":[{"type":"uid","value":"1","constructor":{"prototype":{}}}]}`,
  ),
  lookup('100,000 deep', 400, 'invalid_parameter', `{"identifiers":${nested(100_000, '[', ']')}}`),
  lookup(
    'half a surrogate pair',
    400,
    'invalid_parameter',
    '{"identifiers":[{"type":"uid","value":"\\udc00"}]}',
  ),
  sql('no query', 400, 'invalid_parameter', '{}'),
  sql('an empty query', 400, 'invalid_parameter', '{"query":"  "}'),
  sql('a query that is a list', 400, 'invalid_parameter', '{"query":["SELECT 1"]}'),
  sql(
    'a query of 70 KB',
    400,
    'invalid_parameter',
    JSON.stringify({ query: `SELECT '${'x'.repeat(70_000)}'` }),
  ),
  sql(
    'an object as a parameter',
    400,
    'invalid_parameter',
    '{"query":"SELECT 1","params":{"a":{}}}',
  ),
  sql(
    '__proto__ as a parameter',
    400,
    'invalid_parameter',
    '{"query":"SELECT 1","params":{"__proto__":"a"}}',
  ),
  sql(
    'settings of its own',
    400,
    'invalid_parameter',
    '{"query":"SELECT 1","limits":{"timeoutMs":1e9}}',
  ),
  [
    'sql: an unknown format',
    400,
    'invalid_parameter',
    { method: 'POST', url: '/v1/sql?format=parquet', payload: { query: 'SELECT 1' } },
  ],
  [
    'sql: a form that is not there',
    406,
    'not_acceptable',
    {
      method: 'POST',
      url: '/v1/sql',
      headers: { accept: 'image/png' },
      payload: { query: 'SELECT 1' },
    },
  ],
  [
    'sql: as plain text',
    415,
    'unsupported_media_type',
    {
      method: 'POST',
      url: '/v1/sql',
      headers: { 'content-type': 'text/plain' },
      payload: 'SELECT 1',
    },
  ],
];

describe('a hostile address', () => {
  it.each(ADDRESSES)('with %s is %i %s', async (_name, status, code, request) => {
    expect(await refuse(request)).toEqual({ status, code, ...REFUSED });
  });
});

describe('a method that an address does not take', () => {
  it.each([
    ['GET', '/v1/events', 'POST, OPTIONS'],
    ['HEAD', '/v1/sql', 'POST, OPTIONS'],
    ['DELETE', '/v1/profiles/phone/1/', 'GET, HEAD, OPTIONS'],
  ] as const)('is told, for %s %s, which it takes', async (method, url, allow) => {
    const answer = await app.inject({ method, url });
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, allow]);
  });
});

describe('a hostile document', () => {
  it.each(DOCUMENTS)('for %s is %i %s', async (_name, status, code, request) => {
    expect(await refuse(request)).toEqual({ status, code, ...REFUSED });
  });
});

describe('hostile headers', () => {
  it.each<readonly [string, Record<string, string>]>([
    [
      'an address to forward to',
      { 'x-forwarded-for': '1.2.3.4, 5.6.7.8', 'x-forwarded-host': 'a' },
    ],
    ['a request id of its own', { 'x-request-id': 'a\tb', 'request-id': 'mine' }],
    ['another method', { 'x-http-method-override': 'DELETE' }],
    ['a range', { range: 'bytes=0-1' }],
    ['an upgrade', { connection: 'upgrade', upgrade: 'h2c' }],
    ['a broken condition', { 'if-none-match': '"', 'if-modified-since': 'never' }],
  ])('%s change nothing', async (_name, headers) => {
    const answer = await app.inject({ url: '/livez', headers });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ ok: true, detail: 'turning' });
  });
});
