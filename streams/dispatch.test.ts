/**
 * Dispatch over adapters in memory: `quick` accepts at once, `slow` when the test says so. A slow
 * channel slows nobody. What is under way when the process is told to stop ends, and is recorded;
 * nothing new begins.
 */
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { createMemoryCouponStore } from '../src/adapters/memory/coupon-store.ts';
import { createMemoryDispatchLedger } from '../src/adapters/memory/dispatch-ledger.ts';
import { createMemoryEventLog } from '../src/adapters/memory/event-log.ts';
import { createMemorySchemaSource } from '../src/adapters/memory/schema-source.ts';
import { createManualClock } from '../src/adapters/system/clock.ts';
import type { ChannelDefinition } from '../src/domain/channels.ts';
import type { Action, Delivery, Message } from '../src/domain/message.ts';
import type { Channel, DeliveryAnswer, Outgoing } from '../src/ports/channel.ts';
import { openCodec, type Codec } from '../src/runtime/codec.ts';
import { SHAPES } from './shapes/shapes.ts';
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
    codecs.set(name, await openCodec<Message>(name, text, schemas, SHAPES));
  }
  const ledger = createMemoryDispatchLedger();
  const recorded: Delivery[] = [];
  const answers = new Map<string, (answer: DeliveryAnswer) => void>();
  const sent: string[] = [];
  let heard = (): void => undefined;
  const channelOf = (name: string): Channel => ({
    name,
    keyed: true,
    retryDelaysMs: [1_000],
    deliver({ id }: Outgoing) {
      sent.push(id);
      heard();
      if (name === 'quick') return Promise.resolve({ kind: 'accepted' });
      return new Promise((resolve) => answers.set(id, resolve));
    },
    close: async () => {},
  });
  const definitionOf = (name: string): ChannelDefinition => ({
    name,
    kind: 'log',
    mode: 'live',
    consent: 'none',
    url: null,
    secretEnv: null,
  });
  const names = ['slow', 'quick'];
  const start = () =>
    runStage(
      createDispatchStage({
        log,
        ledger,
        codecs,
        codec: codecs.get('actions') as Codec<Message>,
        coupons: createMemoryCouponStore(),
        channels: new Map(names.map((name) => [name, channelOf(name)])),
        channelPlan: () => ({
          channels: new Map(names.map((name) => [name, definitionOf(name)])),
          testShoppers: [],
        }),
        clock,
        issueOf: () => undefined,
        render: () => ({ ok: true, content: {} }),
        consentOf: async () => undefined,
        profilesOf: async (_, pid) => [pid],
        realTime: clock,
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
    clock,
    ledger,
    answer: (id: string, answer: DeliveryAnswer = { kind: 'accepted' }) =>
      answers.get(id)?.(answer),
    decide: (...actions: readonly Action[]) =>
      log.append([
        { topic: 'actions', partition: 0, ...encodeEnvelope(codecs, 'actions', actions) },
      ]),
    /** Resolves when the channel was called this often. */
    sentTimes: (times: number) =>
      new Promise<void>((resolve) => {
        heard = () => {
          if (sent.length >= times) resolve();
        };
        heard();
      }),
    /** Resolves when the loop has nothing to do but to wait. */
    async quiet() {
      for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const many = (count: number, prefix: string, channel: string) =>
  Array.from({ length: count }, (_, i) => action(`${prefix}${i}`, [channel]));

it('however many wait for a slow channel, everything is taken on and others are sent', async () => {
  const world = await openWorld();
  const loop = await world.start();
  for (let i = 0; i < 12; i += 1) await world.decide(...many(500, `s${i}-`, 'slow'));
  await world.decide(...many(10, 'q', 'quick'));
  await vi.waitFor(() => {
    expect(world.recorded.filter(({ channel }) => channel === 'quick')).toHaveLength(10);
  });
  await world.quiet();
  expect(loop.lag()).toEqual({ records: 0, caughtUp: true });
  expect(loop.stuckForMs()).toBe(0);
  // The slow channel has its own bound under way, each action once.
  const slow = world.sent.filter((id) => id.startsWith('s'));
  expect([slow.length, new Set(slow).size]).toEqual([64, 64]);
});

it('what found no room in memory is sent from the ledger, each once', async () => {
  const world = await openWorld();
  const loop = await world.start();
  for (let i = 0; i < 5; i += 1) await world.decide(...many(500, `q${i}-`, 'quick'));
  await loop.whenSettled();
  expect([world.sent.length, new Set(world.sent).size]).toEqual([2_500, 2_500]);
  expect(world.recorded).toHaveLength(2_500);
  await loop.stop();
});

it('a try that failed waits in the ledger until its moment', async () => {
  const world = await openWorld();
  const loop = await world.start();
  await world.decide(action('a', ['slow']));
  await world.sentTimes(1);
  world.answer('a:0', { kind: 'rejected', reason: 'http_500', permanent: false });
  await loop.whenSettled();
  await world.quiet();
  expect(world.sent).toEqual(['a:0']);
  world.clock.advance(1_200);
  await world.sentTimes(2);
  world.answer('a:0');
  await loop.whenSettled();
  expect(world.recorded.map(({ outcome }) => outcome)).toEqual(['failed', 'accepted']);
  await loop.stop();
});

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

it('what waits in line behind others begins with the next start, and only then', async () => {
  const world = await openWorld();
  const first = await world.start();
  const ids = Array.from({ length: 70 }, (_, i) => `a${String(i).padStart(2, '0')}`);
  await world.decide(...ids.map((id) => action(id, ['slow'])));
  await world.sentTimes(64);
  const stopped = first.stop();
  await world.quiet();
  for (const id of ids) world.answer(`${id}:0`);
  await stopped;
  expect([world.sent.length, world.recorded.length]).toEqual([64, 64]);
  const next = await world.start();
  await world.sentTimes(70);
  for (const id of ids) world.answer(`${id}:0`);
  await next.whenSettled();
  await next.stop();
  expect(world.sent.toSorted()).toEqual(ids.map((id) => `${id}:0`));
});

it('a channel that does not answer holds up no stop: the others are recorded, it is asked again', async () => {
  const world = await openWorld();
  const first = await world.start();
  await world.decide(action('a', ['slow']), action('b', ['slow']));
  await world.sentTimes(2);
  const stopped = first.stop();
  await world.quiet();
  world.answer('b:0');
  await world.quiet();
  world.clock.advance(5_000);
  await stopped;
  expect(world.recorded.map((delivery) => delivery.action)).toEqual(['b']);
  const next = await world.start();
  await world.sentTimes(3);
  world.answer('a:0');
  await next.whenSettled();
  await next.stop();
  expect(world.sent).toEqual(['a:0', 'b:0', 'a:0']);
});
