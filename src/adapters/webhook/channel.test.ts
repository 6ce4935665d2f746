import { createHmac } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GatewayBehaviour } from '../../ports/channel.contract.ts';
import { channelContract } from '../../ports/channel.contract.ts';
import type { Outgoing } from '../../ports/channel.ts';
import type { WebhookOptions } from './channel.ts';
import { createWebhookChannel } from './channel.ts';
import { createEgress } from './egress.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const LOOPBACK = createEgress({ allow: ['127.0.0.1'] });
const AT = 1_700_000_000_999;

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

interface Receiver {
  readonly url: string;
  readonly received: Received[];
  answer: Answer;
  /** Stops listening, or listens again on the same port. */
  listen(on: boolean): Promise<void>;
  close(): Promise<void>;
}

/** A real server on loopback. */
async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      receiver.answer(response, request);
    });
  });
  let port = 0;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const start = () =>
    new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  await start();
  ({ port } = server.address() as AddressInfo);
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks?shop=1`,
    received,
    answer: (response) => response.end('ok'),
    async listen(on) {
      if (on !== server.listening) await (on ? start() : stop());
    },
    close: async () => receiver.listen(false),
  };
  return receiver;
}

const ANSWERS: Readonly<Partial<Record<GatewayBehaviour, Answer>>> = {
  'fails for a while': (response) => response.writeHead(500).end('out of order'),
  'is busy for 7 seconds': (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
  'never wants to be called again': (response) => response.writeHead(410).end(),
  'sends elsewhere': (response) => response.writeHead(301, { location: '/elsewhere' }).end(),
  'drops the connection': (_, request) => request.socket.resetAndDestroy(),
  'accepts, and never stops talking': (response) => {
    const talk = (): void => {
      while (!response.destroyed && response.write('你好'.repeat(1_000)));
    };
    response.on('drain', talk);
    talk();
  },
  'accepts, and stops in the middle of a word': (response, request) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('acce', () => request.socket.destroy());
  },
};

/** A deadline that passes when the test says so. */
function manualDeadline() {
  const waiting: AbortController[] = [];
  const asked: number[] = [];
  return {
    asked,
    deadline(ms: number) {
      const controller = new AbortController();
      waiting.push(controller);
      asked.push(ms);
      return controller.signal;
    },
    pass() {
      for (const one of waiting.splice(0)) one.abort(new DOMException('late', 'TimeoutError'));
    },
  };
}

const channelTo = (url: string, more: Partial<WebhookOptions> = {}) =>
  createWebhookChannel({ name: 'webhook', url, secrets: [SECRET], egress: LOOPBACK, ...more });

const outgoing = (more: Partial<Outgoing> = {}): Outgoing => ({
  id: 'action-1:0',
  attempt: 1,
  tenant: 'default',
  trigger: 'abandoned_cart',
  profile: '0019acb79e0236e9dca2',
  at: AT,
  recipients: [{ type: 'openid', scope: 'wx1', value: 'o-1' }],
  content: { title: '您的购物车' },
  ...more,
});

async function open(answer: Answer, more: Partial<WebhookOptions> = {}) {
  const receiver = await openReceiver();
  const channel = channelTo(more.url ?? receiver.url, more);
  onTestFinished(async () => {
    await receiver.close();
    await channel.close();
  });
  receiver.answer = answer;
  return { receiver, channel };
}

describe('the channel webhook', () => {
  channelContract({
    behaviours: [
      'accepts',
      'never answers',
      'is not there',
      ...(Object.keys(ANSWERS) as GatewayBehaviour[]),
    ],
    async open() {
      const receiver = await openReceiver();
      const { deadline, pass } = manualDeadline();
      const channel = channelTo(receiver.url, { deadline });
      return {
        channel,
        gateway: {
          async behave(behaviour) {
            receiver.answer = ANSWERS[behaviour] ?? ((response) => response.end('ok'));
            if (behaviour === 'never answers') receiver.answer = pass;
            await receiver.listen(behaviour !== 'is not there');
          },
          received: () => receiver.received.map(({ headers }) => String(headers['webhook-id'])),
        },
        async close() {
          await receiver.close();
          await channel.close();
        },
      };
    },
  });

  it('signs id, time of the attempt and body, as Standard Webhooks says', async () => {
    const { receiver, channel } = await open((response) => response.writeHead(204).end());
    await channel.deliver(outgoing());
    const [{ method, path, headers, body } = receiver.received[0]!] = receiver.received;
    expect([method, path]).toEqual(['POST', '/hooks?shop=1']);
    expect(headers['content-type']).toBe('application/json');
    expect(headers['webhook-id']).toBe('action-1:0');
    expect(headers['webhook-timestamp']).toBe('1700000000');
    const signed = createHmac('sha256', Buffer.alloc(32, 7)).update(
      `action-1:0.1700000000.${body}`,
    );
    expect(headers['webhook-signature']).toBe(`v1,${signed.digest('base64')}`);
    expect(JSON.parse(body)).toEqual({
      type: 'action.decided',
      data: {
        id: 'action-1:0',
        tenant: 'default',
        trigger: 'abandoned_cart',
        profile: '0019acb79e0236e9dca2',
        recipients: [{ type: 'openid', scope: 'wx1', value: 'o-1' }],
        content: { title: '您的购物车' },
      },
    });
  });

  it('sends the same body on every attempt, with a time of its own', async () => {
    const { receiver, channel } = await open((response) => response.end());
    await channel.deliver(outgoing());
    await channel.deliver(outgoing({ attempt: 2, at: AT + 5_000 }));
    const [first, second] = receiver.received;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers['webhook-timestamp']).toBe('1700000005');
  });

  it('gives the receiver fifteen seconds, and then does not know', async () => {
    const { asked, deadline, pass } = manualDeadline();
    const { channel } = await open(pass, { deadline });
    expect(await channel.deliver(outgoing())).toEqual({ kind: 'unknown', reason: 'timeout' });
    expect(asked).toEqual([15_000]);
  });

  it('takes a 2xx for accepted, though the rest of the answer only drips', async () => {
    const { deadline, pass } = manualDeadline();
    const { channel } = await open((response) => response.writeHead(200).write('o'), { deadline });
    const passSoon = (): void => void setImmediate(pass);
    subscribe('undici:request:headers', passSoon);
    onTestFinished(() => void unsubscribe('undici:request:headers', passSoon));
    expect(await channel.deliver(outgoing())).toMatchObject({ kind: 'accepted' });
  });

  it('follows a redirect nowhere', async () => {
    const { receiver, channel } = await open(ANSWERS['sends elsewhere'] ?? (() => {}));
    expect(await channel.deliver(outgoing())).toMatchObject({
      kind: 'rejected',
      reason: 'http_301',
    });
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hooks?shop=1']);
  });

  it.each([
    ['500', 500, {}, { reason: 'http_500', permanent: false }],
    ['400', 400, {}, { reason: 'http_400', permanent: false }],
    [
      '502 with seconds',
      502,
      { 'retry-after': '30' },
      { reason: 'http_502', retryAfterMs: 30_000 },
    ],
    ['504 with years', 504, { 'retry-after': '99999999' }, { retryAfterMs: 86_400_000 }],
    [
      '429 with a date, by the receiver’s clock',
      429,
      { date: 'Wed, 11 Nov 2026 10:00:00 GMT', 'retry-after': 'Wed, 11 Nov 2026 10:02:00 GMT' },
      { retryAfterMs: 120_000 },
    ],
  ])('takes %s for what it says', async (_, status, headers, expected) => {
    const { channel } = await open((response) => response.writeHead(status, headers).end());
    expect(await channel.deliver(outgoing())).toMatchObject({ kind: 'rejected', ...expected });
  });

  it.each([['soon'], ['-5'], ['1.5'], ['']])('makes nothing of Retry-After %j', async (value) => {
    const { channel } = await open((response) =>
      response.writeHead(503, { 'retry-after': value }).end(),
    );
    expect(await channel.deliver(outgoing())).not.toHaveProperty('retryAfterMs');
  });

  it('keeps the first kilobyte of what the receiver says', async () => {
    const { channel } = await open((response) => response.writeHead(500).end('x'.repeat(70_000)));
    expect(await channel.deliver(outgoing())).toMatchObject({ gatewayText: 'x'.repeat(1_024) });
  });

  it('keeps a kilobyte also of what is no text', async () => {
    const { channel } = await open((response) => response.end(Buffer.alloc(5_000, 0xff)));
    const answer = await channel.deliver(outgoing());
    expect(answer).toEqual({ kind: 'accepted', gatewayText: '\uFFFD'.repeat(341) });
  });

  it('sends nothing that is longer than twenty kilobytes', async () => {
    const { receiver, channel } = await open((response) => response.end());
    const answer = await channel.deliver(outgoing({ content: { text: '字'.repeat(7_000) } }));
    expect(answer).toEqual({ kind: 'rejected', reason: 'body_too_large', permanent: true });
    expect(receiver.received).toEqual([]);
  });

  it('sends nothing to an address that is not public, for good', async () => {
    const { receiver, channel } = await open((response) => response.end(), {
      egress: createEgress({ allow: [] }),
    });
    const answer = await channel.deliver(outgoing());
    expect(answer).toEqual({ kind: 'rejected', reason: 'address_refused', permanent: true });
    expect(receiver.received).toEqual([]);
  });

  it('connects by name to the address that was checked, and stops when the name moves', async () => {
    const receiver = await openReceiver();
    let address = '127.0.0.1';
    const egress = createEgress({
      allow: ['127.0.0.1'],
      resolve: (_, done) => done(null, [{ address, family: 4 }]),
    });
    const url = receiver.url.replace('127.0.0.1', 'hooks.example');
    const channel = channelTo(url, { egress });
    onTestFinished(async () => {
      await receiver.close();
      await channel.close();
    });
    receiver.answer = (response) => response.writeHead(200, { connection: 'close' }).end();
    expect(await channel.deliver(outgoing())).toMatchObject({ kind: 'accepted' });
    address = '169.254.169.254';
    expect(await channel.deliver(outgoing())).toEqual({
      kind: 'rejected',
      reason: 'address_refused',
      permanent: false,
    });
  });

  it('says that a handshake failed, so nothing was sent', async () => {
    const receiver = await openReceiver();
    const channel = channelTo(receiver.url.replace('http:', 'https:'));
    onTestFinished(async () => {
      await receiver.close();
      await channel.close();
    });
    const answer = await channel.deliver(outgoing());
    expect(answer).toEqual({ kind: 'rejected', reason: 'handshake_failed', permanent: false });
  });

  it('makes ten attempts over 75 hours and 35 minutes', () => {
    const { retryDelaysMs } = channelTo('https://example.com/');
    expect(retryDelaysMs).toHaveLength(9);
    const totalMs = retryDelaysMs.reduce((sum, ms) => sum + ms, 0);
    expect(totalMs).toBe((75 * 60 + 35) * 60_000 + 5_000);
  });

  it('is not made for an address that is none, nor with a secret that is none', () => {
    expect(() => channelTo('not a url')).toThrow(/channel webhook has no valid URL/);
    expect(() => channelTo('https://example.com/', { secrets: ['hunter2'] })).toThrow(/secret 1/);
  });
});
