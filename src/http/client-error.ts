/**
 * Answers what Node could not even parse as a request: too large a head, a broken one, a body that
 * does not come. Here is no request and no reply, only the socket. An answer that is still owed for
 * an earlier, whole request goes first: its sender must not take the refusal for it.
 */
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import { PROBLEM_TYPE, Refusal, toProblem } from './problem.ts';

const FAULTS: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', ['headers_too_large', 'Address and headers are too long: shorten them.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['request_timeout', 'The request did not arrive whole in time.']],
]);

/** How long a sender may go on sending before it is cut off, so that it sees the answer first. */
const LINGER_MS = 1_000;

export interface ClientErrors {
  /** For `clientError` of the server. */
  answer(error: Error, socket: Socket): void;
  /** Learns which answers are owed. */
  watch(server: Server): void;
}

export function createClientErrors(newId: () => string): ClientErrors {
  const latest = new WeakMap<Socket, { request: IncomingMessage; response: ServerResponse }>();
  const answered = new WeakSet<Socket>();

  function answer(error: Error, socket: Socket): void {
    // The rest of a broken request is one more fault a chunk; the first counts.
    if (answered.has(socket)) return;
    answered.add(socket);
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const refuse = (): void => refuseAndClose(socket, code, newId());
    const owed = latest.get(socket);
    if (owed?.request.complete !== true || owed.response.writableFinished) return refuse();
    owed.response.once('finish', refuse);
  }

  return {
    answer,
    watch(server) {
      server.on('request', (request, response) => {
        latest.set(request.socket, { request, response });
      });
    },
  };
}

function refuseAndClose(socket: Socket, fault: string, requestId: string): void {
  const [code, message] = FAULTS.get(fault) ?? [
    'malformed_request',
    'This is no HTTP request that can be read.',
  ];
  const problem = toProblem(new Refusal(code, message), requestId);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
