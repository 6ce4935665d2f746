/**
 * Reading a request's body within limits: bytes as sent, bytes when inflated, and the bytes all
 * requests hold at the same moment. A body over a limit is a refusal long before memory is short;
 * what is left of it on the connection is read and thrown away by Node.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import { EDGE_LIMITS, checkJson, newReading } from '../domain/event-limits.ts';
import { depthOf } from './json-list.ts';
import { Refusal } from './problem.ts';

export interface BodyLimits {
  /** As sent. */
  readonly bodyBytesMax: number;
  /** After decompression. */
  readonly inflatedBytesMax: number;
  /** Held by all requests together. */
  readonly heldBytesMax: number;
}

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';

export interface BodyReader {
  /** Runs `use` with the whole body, inflated. Its bytes count as held until `use` is done. */
  withBody<T>(request: FastifyRequest, use: (bytes: Buffer) => Promise<T> | T): Promise<T>;
}

export function createBodyReader(limits: BodyLimits): BodyReader {
  let heldBytes = 0;

  async function withBody<T>(request: FastifyRequest, use: (bytes: Buffer) => Promise<T> | T) {
    const held = { bytes: 0 };
    const hold: Hold = (bytes) => {
      if (heldBytes + bytes > limits.heldBytesMax) {
        return new Refusal('overloaded', 'Too many requests are being read: send it again later.');
      }
      heldBytes += bytes;
      held.bytes += bytes;
      return undefined;
    };
    try {
      return await use(await readBody(request, limits, hold));
    } finally {
      heldBytes -= held.bytes;
    }
  }

  return { withBody };
}

/** Answers why not. */
type Hold = (bytes: number) => Refusal | undefined;

async function readBody(request: FastifyRequest, limits: BodyLimits, hold: Hold): Promise<Buffer> {
  const inflater = inflaterOf(request.headers['content-encoding']);
  const { bodyBytesMax, inflatedBytesMax } = limits;
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
  const cutOff = 'The connection ended inside the body.';
  const sent = await collect(request.raw, { bytesMax: bodyBytesMax, hold, broken: cutOff });
  if (inflater === undefined || sent.length === 0) return sent;
  const stream = inflater(sent);
  stream.end(sent);
  const broken = 'The body is not in the encoding that Content-Encoding names.';
  try {
    return await collect(stream, { bytesMax: inflatedBytesMax, hold, broken });
  } finally {
    stream.destroy();
  }
}

const tooLarge = (bytesMax: number): Refusal =>
  new Refusal('body_too_large', `The body has more than ${bytesMax} bytes: send smaller requests.`);

interface CollectOptions {
  readonly bytesMax: number;
  readonly hold: Hold;
  /** What is said when the stream fails. */
  readonly broken: string;
}

function collect(stream: Readable, { bytesMax, hold, broken }: CollectOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      const refusal = bytes > bytesMax ? tooLarge(bytesMax) : hold(chunk.length);
      if (refusal === undefined) return void chunks.push(chunk);
      stop();
      reject(refusal);
    };
    const onEnd = () => {
      stop();
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes));
    };
    const onBroken = (cause?: unknown) => {
      stop();
      reject(new Refusal('malformed_request', broken, { cause }));
    };
    const stop = () => stream.off('data', onData).off('end', onEnd).off('close', onBroken);
    // The listener for errors stays: one may come late, when nobody waits any more.
    stream.on('error', onBroken).on('data', onData).on('end', onEnd).on('close', onBroken);
  });
}

type Inflater = (sent: Buffer) => ReturnType<typeof createGunzip>;

const INFLATERS: ReadonlyMap<string, Inflater | undefined> = new Map<string, Inflater | undefined>([
  ['', undefined],
  ['identity', undefined],
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
  // Some clients send deflate with its zlib header, as the RFC says, and some without.
  ['deflate', (sent) => (isZlib(sent) ? createInflate() : createInflateRaw())],
]);

const isZlib = (sent: Buffer): boolean =>
  sent.length >= 2 && (sent[0] ?? 0) % 16 === 8 && sent.readUInt16BE(0) % 31 === 0;

function inflaterOf(encoding = ''): Inflater | undefined {
  const name = encoding.trim().toLowerCase();
  if (INFLATERS.has(name)) return INFLATERS.get(name);
  throw new Refusal(
    'unsupported_media_type',
    'The Content-Encoding must be one of gzip, deflate, br, or absent.',
    { headers: { 'accept-encoding': 'gzip, deflate, br' } },
  );
}

/** The media type of the body if it is one of `allowed`, in UTF-8. */
export function mediaTypeOf(request: FastifyRequest, allowed: readonly string[]): string {
  const header = request.headers['content-type'] ?? '';
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(header)?.[1]?.toLowerCase() ?? 'utf-8';
  if (allowed.includes(type) && UTF8_NAMES.has(charset)) return type;
  const list = allowed.join(' or ');
  throw new Refusal('unsupported_media_type', `The Content-Type must be ${list}, in UTF-8.`);
}

/** ASCII is UTF-8 too. */
const UTF8_NAMES: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);

/** The bytes of a text, without a mark of their order. */
export function textBytes(bytes: Buffer): Buffer {
  if (!isUtf8(bytes)) throw new Refusal('malformed_json', 'The body is not UTF-8: encode it so.');
  return hasByteOrderMark(bytes) ? bytes.subarray(3) : bytes;
}

const hasByteOrderMark = (bytes: Buffer): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The text is all of `body` from `start` on, or the beginning of that. */
export function parseJson(text: string, body?: Buffer, start = 0): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const where = whereOf(text, body?.toString('utf8', 0, start).length ?? 0, error);
    throw new Refusal('malformed_json', `The body is not valid JSON${where}.`);
  }
}

/** The engine's own message would quote what was sent. */
function whereOf(text: string, start: number, error: unknown): string {
  if (start === 0 && text.trim() === '') return ': it is empty';
  const message = error instanceof Error ? error.message : '';
  if (message.includes('end of JSON')) return ` where character ${start + text.length} is`;
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? '' : ` where character ${start + Number(position)} is`;
}

/** A body of a route that takes one JSON document: small, shallow, without names that poison. */
function parseDocument(bytes: Buffer): unknown {
  const body = textBytes(bytes);
  const limits = { ...EDGE_LIMITS, stringBytesMax: DOCUMENT_STRING_BYTES_MAX };
  if (depthOf(body) > limits.depthMax) {
    throw new Refusal('invalid_parameter', `The body lies deeper than ${limits.depthMax} levels.`);
  }
  const value = parseJson(body.toString('utf8'));
  const reading = newReading(limits);
  if (checkJson(reading, value, 0, '')) return value;
  throw new Refusal('invalid_parameter', 'The body holds what no document may hold.', {
    errors: reading.faults,
  });
}

/** A query for the archive may be long; an identifier is checked by its schema. */
const DOCUMENT_STRING_BYTES_MAX = 64 * 1024;

/** For routes that take one JSON document: puts it where the schema looks. */
export function readDocument(bodies: BodyReader) {
  return async (request: FastifyRequest): Promise<void> => {
    mediaTypeOf(request, [JSON_TYPE]);
    await bodies.withBody(request, (bytes) => {
      request.body = parseDocument(bytes);
    });
  };
}
