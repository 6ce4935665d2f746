import { fileURLToPath } from 'node:url';
import { Compile } from 'typebox/compile';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { createManualClock } from '../adapters/system/clock.ts';
import { createOutcomes } from '../adapters/system/outcomes.ts';
import { ERROR_KINDS } from '../errors.ts';
import { createEdge, event } from './edge-fixture.contract.ts';
import { errorsPage } from './errors-page.ts';
import { EVENT_SCHEMA } from './event-schema.ts';
import { buildServer } from './server.ts';

/** After a change that is meant, `npx vitest run src/http/reference.test.ts -u` writes them anew. */
const reference = (name: string): string =>
  fileURLToPath(new URL(`../../docs/reference/${name}`, import.meta.url));

let app: FastifyInstance;

beforeAll(async () => {
  const clock = createManualClock(0);
  app = await buildServer(
    createEdge({ clock, outcomes: createOutcomes({ instance: 'here', clock }) }).deps,
  );
});

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const readDocument = async (): Promise<Document> => (await app.inject('/openapi.json')).json();

describe('the OpenAPI document', () => {
  it('is the one committed in docs/reference', async () => {
    const text = `${JSON.stringify(await readDocument(), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(reference('openapi.json'));
  });

  it('is of version 3.1, and every operation has a name, a summary, a tag and a good answer', async () => {
    const { openapi, paths } = await readDocument();
    expect(openapi).toBe('3.1.0');
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(operations.length);
    for (const { operationId, summary, tags, responses } of operations) {
      expect([operationId, summary, tags?.[0]]).toEqual([
        expect.any(String),
        expect.any(String),
        expect.any(String),
      ]);
      expect(Object.keys(responses)).toContain('200');
    }
  });

  it('lists every route, and nothing that is none', async () => {
    const { paths } = await readDocument();
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = [...app.printRoutes({ commonPrefix: false }).matchAll(/(\/\S*) \(([^)]+)\)/g)];
    expect(listed.toSorted()).toEqual(ROUTES.toSorted());
    expect(routes.length).toBe(ROUTES.length);
  });

  it('resolves every reference inside itself', async () => {
    const document = await readDocument();
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref);
    expect(refs.length).toBeGreaterThan(0);
    const lost = refs.filter((ref) => {
      const steps = ref?.replace('#/', '').split('/') ?? [];
      const step = (node: unknown, name: string): unknown =>
        (node as Readonly<Record<string, unknown>> | undefined)?.[name];
      return steps.reduce(step, document) === undefined;
    });
    expect(lost).toEqual([]);
  });
});

const ROUTES = [
  'GET /docs/errors',
  'GET /livez',
  'GET /metrics',
  'GET /openapi.json',
  'GET /readyz',
  'GET /v1/actions',
  'GET /v1/profiles/{type}/{value}',
  'GET /v1/profiles/{type}/{value}/decisions',
  'POST /v1/events',
  'POST /v1/profiles/lookup',
  'POST /v1/sql',
];

describe('the schema of an event', () => {
  const schema = Compile(EVENT_SCHEMA);
  const cases: readonly object[] = [
    event(),
    event({ id: undefined, at: undefined }),
    event({ order: { id: 'T-1', total: 108.5, discount: 20, currency: 'CNY', coupons: ['C1'] } }),
    event({ items: [{ sku: 'A1', quantity: 0.35, price: 64.25 }], store: 'S001', extra: [1] }),
    event({ cart: { id: 'C-9' }, checkout: { id: 'K-1' }, properties: { a: { b: null } } }),
  ];

  it.each(cases)('takes what the parser takes: %j', async (one) => {
    const sent: unknown = JSON.parse(JSON.stringify(one));
    expect(schema.Check(sent)).toBe(true);
    const answer = await app.inject({ method: 'POST', url: '/v1/events', payload: one });
    expect(answer.statusCode).toBe(200);
  });

  it.each([
    event({ source: 'fax' }),
    event({ type: 'Order Paid' }),
    event({ identifiers: [] }),
    event({ identifiers: [{ value: 'M1' }] }),
    event({ order: { total: -1 } }),
    event({ items: [{ quantity: 1 }] }),
    event({ cart: {} }),
    event({ id: 'x'.repeat(129) }),
  ])('refuses what the parser refuses: %j', async (one) => {
    expect(schema.Check(one)).toBe(false);
    const answer = await app.inject({ method: 'POST', url: '/v1/events', payload: one });
    expect(answer.statusCode).toBe(400);
  });
});

describe('the page of errors', () => {
  it('is the one committed in docs/reference, and the one that is served', async () => {
    await expect(errorsPage()).toMatchFileSnapshot(reference('errors.md'));
    const answer = await app.inject('/docs/errors');
    expect(answer.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(answer.body).toBe(errorsPage());
  });

  it.each(Object.entries(ERROR_KINDS))('explains %s', (code, { status, advice }) => {
    const sections = errorsPage().split('\n## ');
    const section = sections.find((one) => one.startsWith(`${code}\n`));
    expect(section).toContain(String(status));
    expect(section).toContain(advice);
  });
});
