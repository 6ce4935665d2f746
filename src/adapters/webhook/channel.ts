/**
 * The channel `webhook`: one signed POST to one endpoint (edge.md, Outgoing webhooks). The id is the
 * same on every attempt, and so is the body. What the receiver answers is read up to a bound, judged
 * by its status alone, and followed nowhere.
 */
import { Pool } from 'undici';
import { WeftError } from '../../errors.ts';
import type { Channel, DeliveryAnswer, Outgoing } from '../../ports/channel.ts';
import { GATEWAY_TEXT_BYTES_MAX } from '../../ports/channel.ts';
import type { Egress } from './egress.ts';
import { EGRESS_REFUSED } from './egress.ts';
import type { Signer } from './signature.ts';
import { createSigner } from './signature.ts';

export interface WebhookOptions {
  /** The channel's name in the catalogue. */
  readonly name: string;
  readonly url: string;
  /** `whsec_…`, the newest first. Never logged. */
  readonly secrets: readonly string[];
  readonly egress: Egress;
  /** A signal that ends what takes longer than `ms`; `AbortSignal.timeout` unless told otherwise. */
  readonly deadline?: Deadline;
}

type Deadline = (ms: number) => AbortSignal;

const TIMEOUT_MS = 15_000;
/** Less than the whole: whoever could not connect has sent nothing, and can say so. */
const CONNECT_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;
const BODY_BYTES_MAX = 20 * 1024;
const ANSWER_BYTES_MAX = 64 * 1024;
const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Ten attempts over 75 h 35 min. */
const RETRY_DELAYS_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Failures before a byte of ours was sent. */
const NOT_SENT: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['UND_ERR_CONNECT_TIMEOUT', 'unreachable'],
  ['ENOTFOUND', 'name_not_found'],
  ['EAI_AGAIN', 'name_not_found'],
  ['UND_ERR_CLOSED', 'closed'],
  ['UND_ERR_DESTROYED', 'closed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate_refused'],
  [EGRESS_REFUSED, 'address_refused'],
]);
const CERTIFICATE_CODE = /(^|_)CERT(_|$)/;
const HANDSHAKE_CODE = /^(EPROTO$|ERR_SSL_|ERR_TLS_)/;

interface Endpoint {
  readonly url: URL;
  readonly pool: Pool;
  readonly sign: Signer;
  readonly deadline: Deadline;
}

export function createWebhookChannel(options: WebhookOptions): Channel {
  const { name, egress, deadline = (ms) => AbortSignal.timeout(ms) } = options;
  const url = parseUrl(name, options.url);
  const pool = new Pool(url.origin, {
    connections: CONNECTIONS_MAX,
    connect: { lookup: egress.lookupFor(url), timeout: CONNECT_TIMEOUT_MS },
  });
  const endpoint = { url, pool, sign: createSigner(options.secrets), deadline };
  return {
    name,
    keyed: true,
    retryDelaysMs: RETRY_DELAYS_MS,
    async deliver(outgoing) {
      const refusal = egress.refusalOf(url);
      if (refusal) return { kind: 'rejected', reason: `${refusal}_refused`, permanent: true };
      const body = bodyOf(outgoing);
      if (Buffer.byteLength(body) > BODY_BYTES_MAX) {
        return { kind: 'rejected', reason: 'body_too_large', permanent: true };
      }
      return post(endpoint, outgoing, body);
    },
    async close() {
      if (!pool.closed) await pool.close();
    },
  } satisfies Channel;
}

async function post(endpoint: Endpoint, outgoing: Outgoing, body: string): Promise<DeliveryAnswer> {
  const { url, pool, sign, deadline } = endpoint;
  const timestamp = Math.floor(outgoing.at / SECOND);
  try {
    const response = await pool.request({
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Weft',
        'webhook-id': outgoing.id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': sign(outgoing.id, timestamp, body),
      },
      body,
      signal: deadline(TIMEOUT_MS),
    });
    const gatewayText = await readStart(response.body);
    return { ...judge(response, outgoing.at), gatewayText };
  } catch (error) {
    return failed(error);
  }
}

/** The same on every attempt: nothing of this attempt is in it. */
function bodyOf({ id, tenant, trigger, profile, recipients, content }: Outgoing): string {
  const data = { id, tenant, trigger, profile, recipients, content };
  return JSON.stringify({ type: 'action.decided', data });
}

type Judged = Exclude<DeliveryAnswer, { kind: 'unknown' }>;

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function judge({ statusCode, headers }: Response, at: number): Judged {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'accepted' };
  if (statusCode === 410) return { kind: 'rejected', reason: 'gone', permanent: true };
  const retryAfterMs = readRetryAfter(headers, at);
  return {
    kind: 'rejected',
    reason: `http_${statusCode}`,
    permanent: false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Seconds, or a date: measured from the receiver's own clock where it tells it. */
function readRetryAfter(headers: Response['headers'], at: number): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  const date = typeof headers['date'] === 'string' ? Date.parse(headers['date']) : NaN;
  const waitMs = /^\d+$/.test(value)
    ? Number(value) * SECOND
    : Date.parse(value) - (Number.isNaN(date) ? at : date);
  if (Number.isNaN(waitMs) || waitMs < 0) return undefined;
  return Math.min(waitMs, RETRY_AFTER_MS_MAX);
}

/** Keeps the beginning, reads on to a bound so that the connection can be used again. */
async function readStart(body: AsyncIterable<Buffer>): Promise<string> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let readBytes = 0;
  try {
    for await (const chunk of body) {
      if (keptBytes < GATEWAY_TEXT_BYTES_MAX) {
        const piece = chunk.subarray(0, GATEWAY_TEXT_BYTES_MAX - keptBytes);
        kept.push(piece);
        keptBytes += piece.length;
      }
      readBytes += chunk.length;
      if (readBytes >= ANSWER_BYTES_MAX) break;
    }
  } catch {
    // The status has arrived; whatever happens to the rest does not change it.
  }
  return startOf(startOf(Buffer.concat(kept)));
}

/** Whole characters only. What is no text gets longer by being read: hence once more. */
function startOf(bytes: Buffer | string): string {
  const some = Buffer.from(bytes).subarray(0, GATEWAY_TEXT_BYTES_MAX);
  return new TextDecoder().decode(some, { stream: true });
}

function failed(error: unknown): DeliveryAnswer {
  const code = codeOf(error);
  const notSent = NOT_SENT.get(code) ?? handshakeReason(code);
  if (notSent !== undefined) return { kind: 'rejected', reason: notSent, permanent: false };
  if (code === 'UND_ERR_INVALID_ARG') {
    return { kind: 'rejected', reason: 'invalid_request', permanent: true };
  }
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return { kind: 'unknown', reason: isLate ? 'timeout' : 'connection_lost' };
}

function handshakeReason(code: string): string | undefined {
  if (CERTIFICATE_CODE.test(code)) return 'certificate_refused';
  return HANDSHAKE_CODE.test(code) ? 'handshake_failed' : undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function parseUrl(name: string, text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new WeftError('invalid_settings', `the channel ${name} has no valid URL to send to`);
  }
}
