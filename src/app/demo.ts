/**
 * The demo's story: months of shoppers' history at full speed, then half an hour of shop life over
 * HTTP at sixty times the speed of ours, then the hour in which the last waits are over. The same seed
 * tells the same story, and its totals are the same to the last coupon.
 */
import { createSystemClock } from '../adapters/system/clock.ts';
import { sendPaced } from './paced-sender.ts';
import type { Config } from '../config.ts';
import { firstIdentifierKey } from '../domain/identity/first-key.ts';
import { parseEvent } from '../domain/parse-event.ts';
import type { KeyedRawEvent } from '../ports/intake.ts';
import type { SimulatedEvent } from '../simulator/event.ts';
import { createSimulation } from '../simulator/simulation.ts';
import type { SimulatedStream } from '../simulator/stream.ts';
import { STAGE_NAMES } from '../../streams/pipeline.ts';
import { appendMarkers } from '../../streams/markers.ts';
import { serve, TENANT, type Served } from '../app.ts';
import { createDemoClock, type DemoClock } from './demo-clock.ts';
import { openEngine, type Engine } from './engine.ts';
import type { Logger } from './logger.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const SEED = 20_261_111;
const SHOPPERS = 300;
const HISTORY_DAYS = 45;
const LIVE_MINUTES = 30;
const LIVE_FACTOR = 60;
/** When nobody shops any more, only waits run out. */
const CLOSED_FACTOR = 1_800;
/** Waits of the shipped triggers. */
const WAITS_MS = [30 * MINUTE_MS, 60 * MINUTE_MS];
const BATCH = 500;
/** Half of the margin that the simulated shoppers keep from every deadline. */
const LEASH_MS = 45_000;
/** A Wednesday, a quarter past ten in Shanghai: no full hour falls into what follows. */
const LIVE_FROM = Date.UTC(2026, 10, 11, 2, 15);
const LIVE_UNTIL = LIVE_FROM + (LIVE_MINUTES + 64) * MINUTE_MS;

export interface Demo {
  readonly engine: Engine;
  readonly served: Served;
  readonly history: SimulatedStream['truth'];
  readonly live: SimulatedStream['truth'];
  /** Real ms from sending an event to reading the action it caused, one each. */
  readonly eventToActionMs: readonly number[];
}

export interface DemoOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
  /** What is going on, and how far it is, 0 to 1. */
  readonly onStep: (step: string, share: number) => void;
}

export async function playDemo(options: DemoOptions): Promise<Demo> {
  const clock = createDemoClock(createSystemClock());
  const engine = await openEngine({
    config: options.config,
    clock,
    marksTime: () => clock.isRunning(),
    stages: STAGE_NAMES,
    logger: options.logger,
    onLogLine: () => undefined,
    onFatal: options.onFatal,
  });
  const simulation = createSimulation({
    seed: SEED,
    shoppers: SHOPPERS,
    start: LIVE_FROM - (HISTORY_DAYS + 45) * DAY_MS,
  });
  const liveOptions = {
    from: LIVE_FROM,
    minutes: LIVE_MINUTES,
    clearOf: WAITS_MS,
    until: LIVE_UNTIL,
  };
  const history = simulation.history({
    from: LIVE_FROM - HISTORY_DAYS * DAY_MS,
    to: LIVE_FROM - 2 * 60 * MINUTE_MS,
    before: liveOptions,
  });
  await playHistory(engine, clock, history, options);
  const served = await serve(
    engine,
    { host: '127.0.0.1', port: options.config.port },
    options.logger,
  );
  const live = simulation.live(liveOptions);
  const eventToActionMs = await playLive({ engine, clock, served, live, options });
  return { engine, served, history: history.truth, live: live.truth, eventToActionMs };
}

async function playHistory(
  engine: Engine,
  clock: DemoClock,
  history: SimulatedStream,
  { onStep }: DemoOptions,
): Promise<void> {
  const from = LIVE_FROM - HISTORY_DAYS * DAY_MS;
  let batch: KeyedRawEvent[] = [];
  for (const event of history) {
    clock.reach(Math.min(event.at, event.arriveAt));
    batch.push(historicEvent(event, clock.now()));
    if (batch.length < BATCH) continue;
    await engine.intake.append(batch, clock.now());
    batch = [];
    onStep(`${HISTORY_DAYS} days of history`, (clock.now() - from) / (LIVE_FROM - from));
  }
  await engine.intake.append(batch, clock.now());
  await letTimePass(engine, clock, LIVE_FROM);
  onStep(`${HISTORY_DAYS} days of history`, 1);
}

function historicEvent(event: SimulatedEvent, now: number): KeyedRawEvent {
  const parsed = parseEvent(event.body, {
    tenant: TENANT,
    receivedAt: now,
    fallbackId: event.id,
    history: true,
  });
  return {
    key: parsed.ok ? firstIdentifierKey(parsed.event) : event.id,
    event: {
      kind: 'raw',
      tenant: TENANT,
      source: event.source,
      receivedAt: now,
      body: JSON.stringify(event.body),
      id: event.id,
      history: true,
      triggers: false,
      wait: null,
      unreadable: null,
    },
  };
}

interface LivePart {
  readonly engine: Engine;
  readonly clock: DemoClock;
  readonly served: Served;
  readonly live: SimulatedStream;
  readonly options: DemoOptions;
}

async function playLive(part: LivePart): Promise<readonly number[]> {
  const { engine, clock, served, live, options } = part;
  const sentAt = new Map<string, number>();
  const eventToActionMs: number[] = [];
  const codec = engine.codecs.of('actions');
  const tail = await engine.log.tail('actions', 'now', (record) => {
    for (const message of codec.decode(record.schema, record.value)) {
      const at =
        message.kind === 'action' && message.dueAt === null ? sentAt.get(message.event) : undefined;
      if (at !== undefined) eventToActionMs.push(performance.now() - at);
    }
  });
  const liveTo = LIVE_FROM + LIVE_MINUTES * MINUTE_MS;
  clock.run({ from: LIVE_FROM, factor: LIVE_FACTOR, until: LIVE_UNTIL });
  await sendPaced({
    url: served.url,
    events: live,
    clock,
    laneOf: (event) => event.truth.cluster,
    onLook: () => clock.leash(LEASH_MS),
    onSent(events) {
      for (const event of events) sentAt.set(event.id, performance.now());
      options.onStep(
        `${LIVE_MINUTES} minutes of shop life`,
        (clock.now() - LIVE_FROM) / (liveTo - LIVE_FROM),
      );
    },
  });
  clock.run({ factor: LIVE_FACTOR, until: LIVE_UNTIL });
  await clock.whenAt(liveTo + MINUTE_MS);
  options.onStep(`${LIVE_MINUTES} minutes of shop life`, 1);
  clock.run({ factor: CLOSED_FACTOR, until: LIVE_UNTIL });
  await clock.whenAt(LIVE_UNTIL);
  await letTimePass(engine, clock, LIVE_UNTIL);
  tail.close();
  return eventToActionMs;
}

/** Everything applied, the clock of every partition at this moment, and what then was due done. */
async function letTimePass(engine: Engine, clock: DemoClock, to: number): Promise<void> {
  await engine.settled();
  const history = !clock.isRunning();
  if (history) clock.reach(to);
  await appendMarkers(
    { log: engine.log, codecs: engine.codecs.byTopic, partitions: engine.config.partitions },
    { kind: 'marker', clock: to, partitions: [], history },
  );
  await engine.settled();
}
