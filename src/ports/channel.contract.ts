/**
 * What every channel must honour, one sentence a test. A harness says what its gateway can be made to
 * do; each of these ends in an answer, never in an error.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel, DeliveryAnswer, Outgoing } from './channel.ts';
import { GATEWAY_TEXT_BYTES_MAX } from './channel.ts';

/** What a gateway may do, and what a channel must make of it. */
const BEHAVIOURS = {
  accepts: { kind: 'accepted' },
  'fails for a while': { kind: 'rejected', permanent: false },
  'is busy for 7 seconds': { kind: 'rejected', permanent: false, retryAfterMs: 7_000 },
  'never wants to be called again': { kind: 'rejected', permanent: true, reason: 'gone' },
  'sends elsewhere': { kind: 'rejected', permanent: false },
  'never answers': { kind: 'unknown' },
  'drops the connection': { kind: 'unknown' },
  'accepts, and never stops talking': { kind: 'accepted' },
  'accepts, and stops in the middle of a word': { kind: 'accepted' },
  'is not there': { kind: 'rejected', permanent: false },
} as const satisfies Record<string, Partial<DeliveryAnswer>>;

export type GatewayBehaviour = keyof typeof BEHAVIOURS;

export interface Gateway {
  behave(behaviour: GatewayBehaviour): Promise<void>;
  /** The ids that arrived, in order; with repeats. */
  received(): readonly string[];
}

export interface OpenedChannel {
  readonly channel: Channel;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export interface ChannelHarness {
  /** `accepts` is among them. */
  readonly behaviours: readonly GatewayBehaviour[];
  open(): Promise<OpenedChannel>;
}

const PHONE = '+8613800138000';
const outgoing = (id: string, attempt = 1): Outgoing => ({
  id,
  attempt,
  tenant: 'default',
  trigger: 'abandoned_cart',
  profile: '0019acb79e0236e9dca2',
  at: 1_700_000_000_000 + attempt,
  recipients: [{ type: 'phone', scope: '', value: PHONE }],
  content: { title: '您的购物车', coupon: 'X1' },
});

export function channelContract(harness: ChannelHarness): void {
  const open = async (behaviour: GatewayBehaviour): Promise<OpenedChannel> => {
    const opened = await harness.open();
    onTestFinished(() => opened.close());
    await opened.gateway.behave(behaviour);
    return opened;
  };

  describe.each(harness.behaviours)('when the gateway %s', (behaviour) => {
    it('answers so, in a short code of its own, with nobody’s identifier', async () => {
      const { channel } = await open(behaviour);
      const answer = await channel.deliver(outgoing('a'));
      expect(answer).toMatchObject(BEHAVIOURS[behaviour]);
      expect('reason' in answer ? answer.reason : 'none').toMatch(/^[a-z0-9_]{1,40}$/);
      expect(JSON.stringify(answer)).not.toContain(PHONE.slice(1));
      const text = 'gatewayText' in answer ? answer.gatewayText : '';
      expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(GATEWAY_TEXT_BYTES_MAX);
    });

    it('goes on to deliver once the gateway accepts', async () => {
      const { channel, gateway } = await open(behaviour);
      await channel.deliver(outgoing('a'));
      await gateway.behave('accepts');
      expect(await channel.deliver(outgoing('b'))).toMatchObject({ kind: 'accepted' });
      expect(gateway.received()).toContain('b');
    });
  });

  it('carries the same id on every attempt', async () => {
    const { channel, gateway } = await open('accepts');
    await channel.deliver(outgoing('a', 1));
    await channel.deliver(outgoing('a', 2));
    expect(gateway.received()).toEqual(['a', 'a']);
  });

  it('answers each of many deliveries under way at once', async () => {
    const { channel, gateway } = await open('accepts');
    const ids = Array.from({ length: 50 }, (_, index) => `id-${index}`);
    const answers = await Promise.all(ids.map((id) => channel.deliver(outgoing(id))));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['accepted']));
    expect(gateway.received().toSorted()).toEqual(ids.toSorted());
  });

  it('says after which waits it may be tried again, the shortest first', async () => {
    const { retryDelaysMs } = (await open('accepts')).channel;
    expect(retryDelaysMs.length).toBeGreaterThan(0);
    expect(retryDelaysMs.every((ms) => Number.isFinite(ms) && ms > 0)).toBe(true);
    expect([...retryDelaysMs].toSorted((a, b) => a - b)).toEqual(retryDelaysMs);
  });

  it('closes twice, and answers after that as well', async () => {
    const { channel } = await open('accepts');
    await channel.close();
    await channel.close();
    expect(await channel.deliver(outgoing('a'))).toHaveProperty('kind');
  });
}
