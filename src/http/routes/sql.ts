/**
 * `POST /v1/sql`: read-only questions to the analytics store, for people with only `curl`. What may
 * be asked is the store's to decide; nothing here looks into the text.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
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

interface Form {
  readonly format: StreamFormat;
  readonly mediaType: string;
}

/** The forms a streamed answer can have, by the names of `weft query --format`. */
const FORMS = {
  jsonl: { format: 'JSONEachRow', mediaType: 'application/x-ndjson' },
  csv: { format: 'CSVWithNames', mediaType: 'text/csv; charset=utf-8; header=present' },
  tsv: { format: 'TabSeparatedWithNames', mediaType: 'text/tab-separated-values; charset=utf-8' },
  table: { format: 'PrettyCompactNoEscapes', mediaType: 'text/plain; charset=utf-8' },
  vertical: { format: 'Vertical', mediaType: 'text/plain; charset=utf-8' },
  markdown: { format: 'Markdown', mediaType: 'text/markdown; charset=utf-8' },
} as const satisfies Record<string, Form>;

type FormName = keyof typeof FORMS;
const FORM_NAMES = Object.keys(FORMS) as FormName[];

const QUERY = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(['json', ...FORM_NAMES], {
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
  data: Type.Array(ANY_JSON, { description: 'One object a row: column to value' }),
  rows: Type.Integer(),
});

const streamed = Object.fromEntries(
  FORM_NAMES.map((name) => [FORMS[name].mediaType.split(';', 1)[0], { schema: Type.String() }]),
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
  const form = formOf(request);
  if (analytics === undefined) {
    const message = 'This installation runs without an analytics store: start one to ask in SQL.';
    throw new Refusal('archive_unavailable', message);
  }
  const { query, params } = request.body;
  const question = params === undefined ? {} : { params };
  if (form === 'json') return analytics.queryReadOnly(query, question);
  const { format, mediaType } = FORMS[form];
  const rows = await analytics.streamReadOnly(query, { ...question, format });
  // As bytes, so that a slow reader holds the store back after a few kilobytes.
  return reply.type(mediaType).send(Readable.from(rows, { objectMode: false }));
}

/** What `?format=` says, else the first of `Accept` that we have. */
function formOf({ query, headers }: SqlRequest): FormName | 'json' {
  if (query.format !== undefined) return query.format;
  const accepted = (headers.accept ?? '*/*').toLowerCase().split(',');
  for (const one of accepted) {
    const mediaType = one.split(';', 1)[0]?.trim() ?? '';
    if (['*/*', 'application/*', 'application/json'].includes(mediaType)) return 'json';
    const name = FORM_NAMES.find((form) => FORMS[form].mediaType.split(';', 1)[0] === mediaType);
    if (name !== undefined) return name;
  }
  throw new Refusal(
    'not_acceptable',
    `Ask for json, or with ?format= for ${FORM_NAMES.join(', ')}.`,
  );
}
