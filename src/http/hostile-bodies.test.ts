import { brotliCompressSync, gzipSync } from 'node:zlib';
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

const body = (
  name: string,
  status: number,
  code: string,
  payload: string | Buffer,
  headers: Record<string, string> = {},
): Hostile => [
  name,
  status,
  code,
  { method: 'POST', url: '/v1/events', headers: { ...JSON_TYPE, ...headers }, payload },
];

const json = (name: string, status: number, code: string, value: unknown): Hostile =>
  body(name, status, code, JSON.stringify(value));

const text = (more: string): string =>
  JSON.stringify(event()).replace(/}$/, more === '' ? '}' : `,${more}}`);

const nested = (depth: number, open: string, close: string): string =>
  open.repeat(depth) + close.repeat(depth);

const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

const BODIES: readonly Hostile[] = [
  body('nothing', 400, 'malformed_json', ''),
  body('blanks', 400, 'malformed_json', ' \r\n '),
  body('half an object', 400, 'malformed_json', '{"id":"e1",'),
  body('two documents', 400, 'malformed_json', '{}{}'),
  body('a trailing comma', 400, 'malformed_json', `[${text('')},]`),
  body('NaN', 400, 'malformed_json', text('"order":{"total":NaN}')),
  body('Infinity', 400, 'malformed_json', text('"order":{"total":-Infinity}')),
  body('a comment', 400, 'malformed_json', `${text('')} // hello`),
  body('single quotes', 400, 'malformed_json', "{'id':'e1'}"),
  body('a raw control character', 400, 'malformed_json', text('"store":"a\u0001b"')),
  body('a raw NUL', 400, 'malformed_json', '\0'),
  body('a NUL after the document', 400, 'malformed_json', `${text('')}\0`),
  body(
    'markup',
    400,
    'malformed_json',
    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd">',
  ),
  body('a form', 400, 'malformed_json', 'id=e1&source=app'),
  body('bytes that are no UTF-8', 400, 'malformed_json', Buffer.from([0x22, 0xff, 0xfe, 0x22])),
  body('an overlong encoding', 400, 'malformed_json', Buffer.from([0x22, 0xc0, 0xaf, 0x22])),
  body('half a UTF-8 character', 400, 'malformed_json', Buffer.from('"是"').subarray(0, 3)),
  body('UTF-16', 400, 'malformed_json', Buffer.from(`\uFEFF${text('')}`, 'utf16le')),
  json('null', 400, 'invalid_event', null),
  json('a number', 400, 'invalid_event', 42),
  json('a string', 400, 'invalid_event', 'event'),
  json('true', 400, 'invalid_event', true),
  json('an empty object', 400, 'invalid_event', {}),
  json('an empty list', 400, 'invalid_event', []),
  json('lists in lists', 400, 'invalid_event', [[event()]]),
  json('a batch wrapper', 400, 'invalid_event', { batch: [event()] }),
  json(
    '1,001 events',
    413,
    'batch_too_large',
    Array.from({ length: 1_001 }, () => 1),
  ),
  body('half a million brackets', 413, 'event_too_large', nested(250_000, '[', ']')),
  body(
    'objects 33 deep',
    413,
    'event_too_large',
    text(`"a":${nested(33, '{"a":', '}').replace(':}', ':1}')}`),
  ),
  body('lists 10,000 deep', 413, 'event_too_large', text(`"a":${nested(10_000, '[', ']')}`)),
  json('1,001 names', 413, 'event_too_large', event({ properties: keys(1_001) })),
  json(
    'a text of 9 KB',
    413,
    'event_too_large',
    event({ store: undefined, campaign: 'x'.repeat(9_000) }),
  ),
  json('a name of 9 KB', 413, 'event_too_large', event({ properties: { ['x'.repeat(9_000)]: 1 } })),
  json(
    'an event of 40 KB',
    413,
    'event_too_large',
    event({
      properties: {
        a: 'x'.repeat(8_000),
        b: 'x'.repeat(8_000),
        c: 'x'.repeat(8_000),
        d: 'x'.repeat(8_000),
        e: 'x'.repeat(8_000),
      },
    }),
  ),
  json('an id of 129 characters', 400, 'invalid_event', event({ id: 'x'.repeat(129) })),
  json('an id with a NUL', 400, 'invalid_event', event({ id: 'a\0b' })),
  body('__proto__', 400, 'invalid_event', text('"__proto__":{"isAdmin":true}')),
  body('__proto__ in escapes', 400, 'invalid_event', text('"\\u005f\\u005fproto__":{"a":1}')),
  body('__proto__ in properties', 400, 'invalid_event', text('"properties":{"__proto__":{"a":1}}')),
  body('constructor.prototype', 400, 'invalid_event', text('"constructor":{"prototype":{"a":1}}')),
  body('__proto__ as the event', 400, 'invalid_event', '{"__proto__":{"id":"e1"}}'),
  body('half a surrogate pair', 400, 'invalid_event', text('"store":"\\ud800"')),
  body('a number beyond all numbers', 400, 'invalid_event', text('"order":{"total":1e999}')),
  json('an amount beyond 10^12', 400, 'invalid_event', event({ order: { total: 1e13 } })),
  json('a negative amount', 400, 'invalid_event', event({ order: { total: -1 } })),
  json('a negative quantity', 400, 'invalid_event', event({ items: [{ sku: 'A', quantity: -2 }] })),
  json('the year 10000', 400, 'invalid_event', event({ at: '+010000-01-01T00:00:00Z' })),
  json('the 30th of February', 400, 'invalid_event', event({ at: '2026-02-30T00:00:00Z' })),
  json('a time without a zone', 400, 'invalid_event', event({ at: '2026-11-11T10:00:00' })),
  json('an unknown source', 400, 'invalid_event', event({ source: 'toString' })),
  json('no identifier', 400, 'missing_identifier', event({ identifiers: [] })),
  json('identifiers as an object', 400, 'invalid_event', event({ identifiers: { phone: '1' } })),
  json(
    '300 identifiers',
    413,
    'event_too_large',
    event({ identifiers: Array.from({ length: 300 }, () => ({ type: 'uid', value: 'a' })) }),
  ),
  body('600 KB', 413, 'body_too_large', ' '.repeat(600 * 1024)),
  body('a zip bomb', 413, 'body_too_large', gzipSync(Buffer.alloc(50_000_000)), {
    'content-encoding': 'gzip',
  }),
  body('a brotli bomb', 413, 'body_too_large', brotliCompressSync(Buffer.alloc(50_000_000)), {
    'content-encoding': 'br',
  }),
  body('gzip that is none', 400, 'malformed_request', text(''), { 'content-encoding': 'gzip' }),
  body('gzip cut short', 400, 'malformed_request', gzipSync(text('')).subarray(0, 40), {
    'content-encoding': 'gzip',
  }),
  body('gzip without a body', 400, 'malformed_json', '', { 'content-encoding': 'gzip' }),
  body('brotli that is none', 400, 'malformed_request', text(''), { 'content-encoding': 'br' }),
  body('an unknown encoding', 415, 'unsupported_media_type', text(''), {
    'content-encoding': 'zstd',
  }),
  body('gzip twice', 415, 'unsupported_media_type', gzipSync(gzipSync(text(''))), {
    'content-encoding': 'gzip, gzip',
  }),
  body('plain text', 415, 'unsupported_media_type', text(''), { 'content-type': 'text/plain' }),
  body('another charset', 415, 'unsupported_media_type', text(''), {
    'content-type': 'application/json; charset=gbk',
  }),
  body('a form type', 415, 'unsupported_media_type', text(''), {
    'content-type': 'application/x-www-form-urlencoded',
  }),
  body('several parts', 415, 'unsupported_media_type', text(''), {
    'content-type': 'multipart/form-data; boundary=x',
  }),
  body('a type that is none', 415, 'unsupported_media_type', text(''), { 'content-type': '{}' }),
  body('a type of 5 KB', 415, 'unsupported_media_type', text(''), {
    'content-type': `application/${'x'.repeat(5_000)}`,
  }),
  [
    'no type',
    415,
    'unsupported_media_type',
    { method: 'POST', url: '/v1/events', payload: Buffer.from(text('')) },
  ],
  ['no body and no type', 415, 'unsupported_media_type', { method: 'POST', url: '/v1/events' }],
  [
    'lines that are no events',
    400,
    'malformed_json',
    {
      method: 'POST',
      url: '/v1/events',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: 'a\nb\n',
    },
  ],
  [
    'a thousand and one lines',
    413,
    'batch_too_large',
    {
      method: 'POST',
      url: '/v1/events',
      headers: { 'content-type': 'application/x-ndjson' },
      payload: '{}\n'.repeat(1_001),
    },
  ],
];

describe('a hostile body', () => {
  it.each(BODIES)('of %s is %i %s', async (_name, status, code, request) => {
    expect(await refuse(request)).toEqual({ status, code, ...REFUSED });
  });
});
