/** Signatures of Standard Webhooks 1.0, scheme v1: HMAC-SHA256 over `id.timestamp.body`. */
import { createHmac } from 'node:crypto';
import { WeftError } from '../../errors.ts';

/** `timestamp` in seconds. Answers the header: one signature for each secret, the newest first. */
export type Signer = (id: string, timestamp: number, body: string) => string;

const PREFIX = 'whsec_';
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;
const SECRETS_MAX = 5;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Several secrets while one is being replaced: the receiver takes any signature it can verify. */
export function createSigner(secrets: readonly string[]): Signer {
  if (secrets.length === 0 || secrets.length > SECRETS_MAX) {
    throw invalid(`${secrets.length} secrets given; 1 to ${SECRETS_MAX} are needed`);
  }
  const keys = secrets.map(decodeSecret);
  return (id, timestamp, body) =>
    keys
      .map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64'))
      .map((signature) => `v1,${signature}`)
      .join(' ');
}

function decodeSecret(secret: string, index: number): Buffer {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (!BASE64.test(encoded) || key.length < SECRET_BYTES_MIN || key.length > SECRET_BYTES_MAX) {
    throw invalid(
      `secret ${index + 1} is not ${PREFIX} and ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes in base64`,
    );
  }
  return key;
}

const invalid = (fact: string): WeftError =>
  new WeftError('invalid_settings', `reading the signing secrets of a webhook: ${fact}`);
