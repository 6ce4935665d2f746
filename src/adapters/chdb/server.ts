/**
 * The HTTP face of the engine: takes a request of any ClickHouse client, runs it under the role its
 * credentials have, answers as ClickHouse does. An answer is complete before its first byte is sent, so
 * an error always has its status.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createGunzip, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import type { Engine, Ran } from './engine.ts';
import type { Account, Role } from './messages.ts';
import {
  contentTypeOf,
  formatOf,
  ProtocolError,
  readFault,
  readRequest,
  splitRows,
  statusOf,
  type Asked,
} from './protocol.ts';

/** Inflated. 10,000 events at their limit of 32 KB would not fit, and never come in one batch. */
const BODY_BYTES_MAX = 256 * 1024 * 1024;
/** Parameters travel in the address. */
const HEADER_BYTES_MAX = 1024 * 1024;
const KEEP_ALIVE_MS = 60_000;

const compress = promisify(gzip);

export function createFace(engine: Engine, accounts: readonly Account[]): Server {
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    void answer(engine, accounts, request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // A large insert may take longer to arrive than Node's default allows.
  server.requestTimeout = 0;
  return server;
}

async function answer(
  engine: Engine,
  accounts: readonly Account[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const asked = readRequest(request.url ?? '/', request.headers);
    if (asked.path === '/ping') return void response.end('Ok.\n');
    const { text, rows } = splitRows(asked.query, await readBody(request));
    if (text.trim() === '') return void response.end('Ok.\n');
    const role = roleOf(accounts, asked);
    const ran = await engine.run({
      ...asked,
      role,
      text,
      rows,
      isAbandoned: () => response.destroyed,
    });
    await sendResult(response, asked, text, ran);
  } catch (error) {
    sendFault(response, error);
  }
}

function roleOf(accounts: readonly Account[], asked: Asked): Role {
  const account = accounts.find(({ user, key }) => user === asked.user && isSame(key, asked.key));
  if (account) return account.role;
  throw new ProtocolError(
    516,
    `${asked.user}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
  );
}

/** Compares digests: the time it takes says nothing about the secret, its length included. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const isGzip = request.headers['content-encoding'] === 'gzip';
  const source = isGzip ? request.pipe(createGunzip()) : request;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX)
      throw new ProtocolError(223, 'The request is too large. (QUERY_IS_TOO_LARGE)');
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
}

async function sendResult(
  response: ServerResponse,
  asked: Asked,
  text: string,
  ran: Ran,
): Promise<void> {
  const format = formatOf(text, asked.format);
  response.setHeader('Content-Type', contentTypeOf(format));
  response.setHeader('X-ClickHouse-Query-Id', asked.queryId ?? randomUUID());
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('X-ClickHouse-Server-Display-Name', 'weft');
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summaryOf(ran)));
  if (!asked.wantsGzip) return void response.end(ran.bytes);
  response.setHeader('Content-Encoding', 'gzip');
  response.end(await compress(ran.bytes));
}

const summaryOf = (ran: Ran): Readonly<Record<string, string>> => ({
  read_rows: String(ran.rowsRead),
  read_bytes: String(ran.bytesRead),
  written_rows: '0',
  written_bytes: '0',
  total_rows_to_read: '0',
  result_rows: '0',
  result_bytes: String(ran.bytes.length),
  elapsed_ns: String(Math.round(ran.elapsedSeconds * 1e9)),
});

function sendFault(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  const { code, text } = readFault(error instanceof Error ? error.message : String(error));
  response.statusCode = statusOf(code);
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.setHeader('X-ClickHouse-Exception-Code', String(code));
  response.end(`${text}\n`);
}
