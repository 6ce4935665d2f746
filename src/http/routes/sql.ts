/**
 * `POST /v1/sql`: read-only questions to the analytics store, for people with only `curl`. What may
 * be asked is the store's to decide; nothing here looks into the text.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { STREAM_FORMATS } from '../../ports/analytics-store.ts';
import type { AnalyticsStore, StreamFormat } from '../../ports/analytics-store.ts';
import { readDocument } from '../body.ts';
import type { BodyReader } from '../body.ts';
import { Refusal } from '../problem.ts';
import { ANY_JSON, answers } from '../schemas.ts';

export interface SqlRouteDeps {
  /** undefined: this installation has none. */
  readonly analytics: AnalyticsStore | undefined;
  readonly bodies: BodyReader;
}

const CSV = 'text/csv; charset=utf-8';
const CSV_WITH_NAMES = `${CSV}; header=present`;
const TSV = 'text/tab-separated-values; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

const MEDIA_TYPES: Readonly<Record<StreamFormat, string>> = {
  JSON: 'application/json; charset=utf-8',
  JSONCompact: 'application/json; charset=utf-8',
  JSONEachRow: 'application/x-ndjson',
  JSONCompactEachRow: 'application/x-ndjson',
  CSV,
  CSVWithNames: CSV_WITH_NAMES,
  TabSeparated: TSV,
  TabSeparatedWithNames: TSV,
  TabSeparatedWithNamesAndTypes: TSV,
  PrettyCompact: TEXT,
  PrettyCompactNoEscapes: TEXT,
  Vertical: TEXT,
  Markdown: 'text/markdown; charset=utf-8',
};

/** The names of `weft query --format`, and what the engine calls them; `json` is our own answer. */
const SHORT_NAMES = {
  jsonl: 'JSONEachRow',
  csv: 'CSVWithNames',
  tsv: 'TabSeparatedWithNames',
  table: 'PrettyCompactNoEscapes',
} as const satisfies Record<string, StreamFormat>;

type ShortName = keyof typeof SHORT_NAMES;
const isShort = (name: string): name is ShortName => Object.hasOwn(SHORT_NAMES, name);

const FORMATS = ['json', ...(Object.keys(SHORT_NAMES) as ShortName[]), ...STREAM_FORMATS] as const;

/** What `Accept` can ask for. */
const ACCEPTED: ReadonlyMap<string, StreamFormat | 'json'> = new Map([
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/json', 'json'],
  ['application/x-ndjson', 'JSONEachRow'],
  ['text/csv', 'CSVWithNames'],
  ['text/tab-separated-values', 'TabSeparatedWithNames'],
  ['text/plain', 'PrettyCompactNoEscapes'],
  ['text/*', 'PrettyCompactNoEscapes'],
  ['text/markdown', 'Markdown'],
]);

const QUERY = Type.Object(
  {
    format: Type.Optional(
      Type.Enum([...FORMATS], {
        description: 'Anything but json is streamed row by row; `Accept` can ask for it too',
      }),
    ),
  },
  { additionalProperties: false },
);

const SCALAR = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);

const BODY = Type.Object(
  {
    query: Type.String({ minLength: 1, maxLength: 64 * 1024, pattern: '\\S' }),
    params: Type.Optional(
      Type.Record(Type.String(), Type.Union([SCALAR, Type.Array(SCALAR)]), {
        description: 'Values of `{name:Type}` in the query',
      }),
    ),
  },
  { additionalProperties: false },
);

const ANSWER = Type.Object({
  meta: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  data: Type.Array(ANY_JSON, {
    description: 'One object a row: column to value; whole numbers beyond 2^53 are text',
  }),
  rows: Type.Integer(),
});

const streamed = Object.fromEntries(
  Object.values(SHORT_NAMES).map((format) => [
    MEDIA_TYPES[format].split(';', 1)[0],
    { schema: Type.String() },
  ]),
);

type SqlRequest = FastifyRequest<{ Querystring: Static<typeof QUERY>; Body: Static<typeof BODY> }>;

export function sqlRoutes(app: FastifyInstance, { analytics, bodies }: SqlRouteDeps): void {
  app.post<{ Querystring: Static<typeof QUERY>; Body: Static<typeof BODY> }>(
    '/v1/sql',
    {
      preValidation: readDocument(bodies),
      schema: {
        operationId: 'query',
        summary: 'Ask the analytics store, read-only',
        tags: ['sql'],
        querystring: QUERY,
        body: BODY,
        response: answers(
          {
            description: 'The rows',
            content: { 'application/json': { schema: ANSWER }, ...streamed },
          },
          400,
          406,
          413,
          415,
          422,
          503,
          504,
        ),
      },
    },
    (request, reply) => ask(request, reply, analytics),
  );
}

async function ask(
  request: SqlRequest,
  reply: FastifyReply,
  analytics: AnalyticsStore | undefined,
) {
  const format = formatOf(request);
  if (analytics === undefined) {
    const message = 'This installation runs without an analytics store: start one to ask in SQL.';
    throw new Refusal('archive_unavailable', message);
  }
  const { query, params } = request.body;
  const question = params === undefined ? {} : { params };
  if (format === 'json') return analytics.queryReadOnly(query, question);
  const rows = await analytics.streamReadOnly(query, { ...question, format });
  // As bytes, so that a slow reader holds the store back after a few kilobytes.
  return reply.type(MEDIA_TYPES[format]).send(Readable.from(rows, { objectMode: false }));
}

/** What `?format=` says, else the first of `Accept` that we have. */
function formatOf({ query, headers }: SqlRequest): StreamFormat | 'json' {
  const { format } = query;
  if (format !== undefined) return isShort(format) ? SHORT_NAMES[format] : format;
  for (const one of (headers.accept ?? '*/*').toLowerCase().split(',')) {
    const accepted = ACCEPTED.get(one.split(';', 1)[0]?.trim() ?? '');
    if (accepted !== undefined) return accepted;
  }
  const list = [...ACCEPTED.keys()].filter((mediaType) => !mediaType.includes('*')).join(', ');
  throw new Refusal('not_acceptable', `Accept one of ${list}, or ask with ?format=.`);
}
