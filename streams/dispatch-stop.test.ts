/** What is under way when the process is told to stop ends, and is recorded; nothing new begins. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createMemoryCouponStore } from '../src/adapters/memory/coupon-store.ts';
import { createMemoryDispatchLedger } from '../src/adapters/memory/dispatch-ledger.ts';
import { createMemoryEventLog } from '../src/adapters/memory/event-log.ts';
import { createMemorySchemaSource } from '../src/adapters/memory/schema-source.ts';
import { createManualClock } from '../src/adapters/system/clock.ts';
import type { ChannelDefinition } from '../src/domain/channels.ts';
import type { Action, Delivery, Message } from '../src/domain/message.ts';
import type { Channel, DeliveryAnswer, Outgoing } from '../src/ports/channel.ts';
import { openCodec, type Codec } from '../src/runtime/codec.ts';
import { encodeEnvelope } from '../src/runtime/outputs.ts';
import { runStage } from '../src/runtime/stage-loop.ts';
import { createDispatchStage } from './dispatch.ts';

const TOPICS = ['events', 'actions', 'deliveries'];

const action = (id: string, channels: readonly string[]): Action => ({
  kind: 'action',
  tenant: 'default',
  id,
  trigger: 'welcome',
  profile: '00316680db3d0d1be59e',
  event: 'e1',
  anchor: 'e1',
  correlation: null,
  dueAt: null,
  decidedAt: 0,
  outcome: 'decided',
  reason: null,
  steps: channels.map((channel) => ({ channel })),
  recipients: [],
  context: '{}',
  history: false,
  receivedAt: null,
});

async function openWorld() {
  const clock = createManualClock(1_000);
  const log = createMemoryEventLog({
    clock,
    topics: TOPICS.map((name) => ({ name, partitions: 1 })),
  });
  const schemas = createMemorySchemaSource();
  const codecs = new Map<string, Codec<Message>>();
  for (const name of TOPICS) {
    const text = readFileSync(new URL(`../schemas/${name}.avsc`, import.meta.url), 'utf8');
    codecs.set(name, await openCodec<Message>(name, text, schemas));
  }
  const ledger = createMemoryDispatchLedger();
  const recorded: Delivery[] = [];
  const answers = new Map<string, (answer: DeliveryAnswer) => void>();
  const sent: string[] = [];
  let heard = (): void => undefined;
  const channel: Channel = {
    name: 'slow',
    keyed: true,
    retryDelaysMs: [1_000],
    deliver({ id }: Outgoing) {
      sent.push(id);
      heard();
      return new Promise((resolve) => answers.set(id, resolve));
    },
    close: async () => {},
  };
  const slow: ChannelDefinition = {
    name: 'slow',
    kind: 'log',
    mode: 'live',
    consent: 'none',
    url: null,
    secretEnv: null,
  };
  const start = () =>
    runStage(
      createDispatchStage({
        log,
        ledger,
        codecs,
        codec: codecs.get('actions') as Codec<Message>,
        coupons: createMemoryCouponStore(),
        channels: new Map([['slow', channel]]),
        channelPlan: () => ({ channels: new Map([['slow', slow]]), testShoppers: [] }),
        clock,
        issueOf: () => undefined,
        render: () => ({ ok: true, content: {} }),
        consentOf: async () => undefined,
        onDelivery: (delivery) => recorded.push(delivery),
      }),
      {
        log,
        clock,
        group: 'dispatch',
        onFatal(error) {
          throw error;
        },
        onRetry: () => undefined,
      },
    );
  return {
    log,
    recorded,
    sent,
    start,
    answer: (id: string) => answers.get(id)?.({ kind: 'accepted' }),
    decide: (one: Action) =>
      log.append([{ topic: 'actions', partition: 0, ...encodeEnvelope(codecs, 'actions', [one]) }]),
    /** Resolves when the channel was called this often. */
    sentTimes: (times: number) =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (sent.length >= times) resolve();
        };
        heard();
      }),
  };
}

it('a delivery under way when dispatch stops is recorded, and not sent again by the next start', async () => {
  const world = await openWorld();
  const first = await world.start();
  await world.decide(action('a', ['slow']));
  await world.sentTimes(1);
  const stopped = first.stop();
  // By now it waits for nothing but the channel.
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
  world.answer('a:0');
  await stopped;
  expect(world.recorded).toMatchObject([{ action: 'a', outcome: 'accepted' }]);
  const next = await world.start();
  await next.whenSettled();
  await next.stop();
  expect(world.sent).toEqual(['a:0']);
});

it('what would come after it waits for the next start', async () => {
  const world = await openWorld();
  const first = await world.start();
  await world.decide(action('a', ['slow', 'slow']));
  await world.sentTimes(1);
  const stopped = first.stop();
  // By now it waits for nothing but the channel.
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
  world.answer('a:0');
  await stopped;
  expect(world.sent).toEqual(['a:0']);
  const next = await world.start();
  await world.sentTimes(2);
  world.answer('a:1');
  await next.whenSettled();
  await next.stop();
  expect(world.sent).toEqual(['a:0', 'a:1']);
  expect(world.recorded).toHaveLength(2);
});
