/**
 * Shoppers who know the truth. One simulation is one world and its people; it tells months of their
 * life (`history`) or a dense stretch of it (`live`), each event with what is true of it. The same
 * options give the same bytes on every machine.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, hourShare, timeOfDay } from './calendar.ts';
import { LATENCY_MAX_MS, LIFELIKE_NOISE, type NoiseRates } from './noise.ts';
import { createSpacing } from './spacing.ts';
import { createStream, type SimulatedStream } from './stream.ts';
import type { Random } from './random.ts';
import type { Pace } from './visit.ts';
import { createWorld, type World } from './world.ts';

export interface SimulationOptions {
  /** A safe integer, not negative. */
  readonly seed: number;
  readonly shoppers: number;
  /** When their life begins, ms UTC: cards, new phones and other turns spread from here … */
  readonly start: number;
  /** … over this time; 120 days unless told otherwise. */
  readonly lifeMs?: number;
  /** 20 to 500 by the number of shoppers, unless told otherwise. */
  readonly stores?: number;
}

interface StretchOptions {
  readonly from: number;
  /** Merged into what is lifelike. */
  readonly noise?: Partial<NoiseRates>;
  /** Whether the truth remembers every cart; live streams do, histories unless asked do not. */
  readonly keepCarts?: boolean;
}

export interface HistoryOptions extends StretchOptions {
  readonly to: number;
  /** On average; 1.5 unless told otherwise. Noise and robots come on top. */
  readonly eventsPerShopperDay?: number;
  /**
   * The live stretch that will follow. At its time of day nothing happens on any day before, so that
   * nothing that is counted in days from an event can fall into it.
   */
  readonly before?: LiveOptions;
}

export interface LiveOptions extends StretchOptions {
  readonly minutes: number;
  /**
   * On average; one for seven shoppers unless told otherwise. Noise comes on top. Beyond 20,000 people
   * hurry, so that no more has to be planned ahead.
   */
  readonly eventsPerMinute?: number;
  /** Waits (ms) of rules that must come out the same each time; see `spacing.ts`. */
  readonly clearOf?: readonly number[];
  /** 90 s unless told otherwise; without `clearOf` there is none. */
  readonly marginMs?: number;
  /** 2 s unless told otherwise. */
  readonly laneGapMs?: number;
  /** Where the clock will be stopped; unless told otherwise, when the last wait is over. */
  readonly until?: number;
}

export interface Simulation {
  readonly world: World;
  history(options: HistoryOptions): SimulatedStream;
  live(options: LiveOptions): SimulatedStream;
}

const LIFE_MS = 120 * DAY_MS;
const MARGIN_MS = 90 * SECOND_MS;
const LANE_GAP_MS = 2 * SECOND_MS;
const SLOT_EVENTS = 200;
const SLOT_MIN_MS = 50;
/** Visits last minutes, and are planned whole: where more happens, people hurry in proportion. */
const UNHURRIED_PER_MINUTE = 20_000;
const LATE_MAX_MS = 3 * DAY_MS;
const LIVE_MINUTES_MAX = 12 * 60;
/** The shortest windows hold an hour in tiles of five minutes. */
const SHORT_WINDOW_MS = HOUR_MS + 5 * MINUTE_MS;

export function createSimulation(options: SimulationOptions): Simulation {
  const { seed, shoppers, start, stores, lifeMs = LIFE_MS } = options;
  requireThat(Number.isSafeInteger(seed) && seed >= 0, 'seed must be a safe integer, at least 0');
  requireThat(Number.isSafeInteger(shoppers) && shoppers >= 1, 'shoppers must be at least 1');
  requireThat(shoppers <= 50_000_000, 'shoppers must be at most 50 million');
  const world = createWorld({ seed, shoppers, start, lifeMs, stores });
  return {
    world,
    history: (history) => createHistory(world, history),
    live: (live) => createLive(world, live),
  };
}

function createHistory(world: World, options: HistoryOptions): SimulatedStream {
  const { from, to, before, eventsPerShopperDay = 1.5 } = options;
  requireThat(to > from, 'history must end after it begins');
  const perDay = world.population.size * eventsPerShopperDay;
  const slotMs = slotFor(perDay / 24);
  return createStream({
    world,
    from,
    end: to,
    slotMs,
    eventsIn: (slotAt) => (perDay * hourShare(slotAt) * slotMs) / HOUR_MS,
    leadMs: undefined,
    pace: lifelikePace(1),
    noise: { ...LIFELIKE_NOISE, ...options.noise },
    earliest: from,
    isClosed: before === undefined ? () => false : closedBefore(before, to),
    spacing: undefined,
    keepsCarts: options.keepCarts ?? false,
    asksToJoin: false,
  });
}

/** Short where much happens: what is held at once are the events of one slot. */
function slotFor(eventsPerHour: number): number {
  let slotMs = HOUR_MS;
  while (slotMs > SLOT_MIN_MS && (eventsPerHour * slotMs) / HOUR_MS > SLOT_EVENTS) slotMs /= 2;
  return Math.ceil(slotMs);
}

function closedBefore(live: LiveOptions, to: number): (at: number) => boolean {
  const marginMs = (live.marginMs ?? MARGIN_MS) + 2 * LATENCY_MAX_MS;
  const restMs = Math.max(SHORT_WINDOW_MS, ...(live.clearOf ?? [])) + marginMs;
  requireThat(
    to + restMs <= live.from,
    `history must end ${Math.ceil(restMs / MINUTE_MS)} minutes before the live stretch begins`,
  );
  const opens = timeOfDay(live.from - marginMs);
  const lengthMs = live.minutes * MINUTE_MS + 2 * marginMs;
  return (at) => (timeOfDay(at) - opens + DAY_MS) % DAY_MS < lengthMs;
}

function createLive(world: World, options: LiveOptions): SimulatedStream {
  const { from, minutes, clearOf, marginMs = MARGIN_MS, laneGapMs = LANE_GAP_MS } = options;
  const { eventsPerMinute = world.population.size / 7 } = options;
  const end = from + minutes * MINUTE_MS;
  const until = options.until ?? end + Math.max(0, ...(clearOf ?? [])) + 2 * marginMs;
  requireThat(
    minutes > 0 && until >= end,
    'a live stretch must have a length, and end before until',
  );
  requireThat(
    clearOf === undefined || minutes <= LIVE_MINUTES_MAX,
    `a live stretch that keeps clear of waits lasts at most ${LIVE_MINUTES_MAX} minutes`,
  );
  requireThat(
    (clearOf ?? []).every((waitMs) => waitMs >= 3 * marginMs),
    'a wait must be at least three margins long, or no visit finds room',
  );
  const isSpaced = clearOf !== undefined;
  const hurry = Math.max(1, eventsPerMinute / UNHURRIED_PER_MINUTE);
  const slotMs = Math.min(MINUTE_MS, slotFor(eventsPerMinute * 60));
  return createStream({
    world,
    from,
    end,
    slotMs,
    eventsIn: () => (eventsPerMinute * slotMs) / MINUTE_MS,
    leadMs: isSpaced ? undefined : Math.round((10 * MINUTE_MS) / hurry),
    pace: isSpaced ? spacedPace(marginMs) : lifelikePace(hurry),
    noise: { ...LIFELIKE_NOISE, ...options.noise },
    earliest: from - LATE_MAX_MS,
    isClosed: () => false,
    spacing: isSpaced ? createSpacing({ clearOf, marginMs, laneGapMs, until }) : undefined,
    keepsCarts: options.keepCarts ?? true,
    asksToJoin: true,
  });
}

const lifelikePace = (hurry: number): Pace => {
  const draw = (random: Random, low: number, high: number) =>
    Math.round(random.between(low, high) / hurry);
  return {
    step: (random) => draw(random, 4 * SECOND_MS, 45 * SECOND_MS),
    change: (random) => draw(random, 4 * SECOND_MS, 90 * SECOND_MS),
    comeBack: (random) =>
      random.chance(0.6)
        ? draw(random, 5 * MINUTE_MS, 55 * MINUTE_MS)
        : draw(random, HOUR_MS, 26 * HOUR_MS),
  };
};

/** Quick enough for a visit to be over before its first wait is. */
const spacedPace = (marginMs: number): Pace => ({
  step: (random) => random.between(4 * SECOND_MS, 28 * SECOND_MS),
  change: (random) => marginMs + random.between(4 * SECOND_MS, 30 * SECOND_MS),
  comeBack: (random) => {
    // At once, or well after ten or twenty minutes; what does not fit the waits is given up.
    const from = random.pick([2, 2, 12, 12, 12, 22, 22]);
    return random.between(from * MINUTE_MS, (from + 2) * MINUTE_MS);
  },
});

function requireThat(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new RangeError(`simulation: ${rule}`);
}
