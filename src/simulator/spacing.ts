/**
 * Room around everything whose order could matter, for streams that pass through a real clock. Who
 * sends over HTTP in batches shifts an event by some simulated seconds. So that the outcome is the
 * same each time, of any two events of shoppers who share an identifier:
 *
 *  1  one source and first identifier (one raw partition, whose log keeps order): `laneGapMs` apart;
 *  2  different ones (they may overtake each other): `marginMs` apart;
 *  3  neither lies within `marginMs` of the end of a wait that began with the other, and no two waits
 *     end together, whether time is that of the event or that of its arrival;
 *  4  neither lies near the moment at which the other leaves an hour's window of 5-minute tiles, nor
 *     near a whole number of days after it.
 *
 * No event lies near a full hour (the edge of tiles of an hour and of a day), and no wait ends near
 * `until`, where the clock is stopped.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS } from './calendar.ts';
import { LATENCY_MAX_MS } from './noise.ts';
import type { Draft } from './visit.ts';

export interface Clearance {
  /** Waits of rules: an event, then so many ms later something is due. */
  readonly clearOf: readonly number[];
  readonly marginMs: number;
  readonly laneGapMs: number;
  /** Where the clock will be stopped. */
  readonly until: number;
}

export interface Spacing {
  /** Nothing in it is in the way of anything else in it, whenever it begins. */
  isSound(drafts: readonly Draft[]): boolean;
  /** Nothing in it is in the way of what was kept. */
  fits(cluster: number, drafts: readonly Draft[]): boolean;
  keep(cluster: number, drafts: readonly Draft[]): void;
}

type Moment = Pick<Draft, 'at' | 'arriveAt' | 'lane' | 'kind'>;

const TILE_MS = 5 * MINUTE_MS;
const TILED_SPAN_MS = HOUR_MS;
/** Beyond this, two events of one stretch have nothing to do with each other; late ones have. */
const FORGET_AFTER_MS = 2 * HOUR_MS;

export function createSpacing(clearance: Clearance): Spacing {
  const areFree = pairRule(clearance);
  const isFree = singleRule(clearance);
  // Shoppers by cluster; kiosks, which are nobody's, by numbers below zero.
  const kept = new Map<number, Moment[]>();

  const isFreeOf = (one: Moment, others: readonly Moment[] | undefined): boolean =>
    others === undefined || others.every((other) => areFree(one, other));

  const remember = (key: number, moment: Moment): void => {
    const moments = kept.get(key);
    if (moments === undefined) {
      kept.set(key, [moment]);
      return;
    }
    const oldest = moment.arriveAt - FORGET_AFTER_MS;
    const [first] = moments;
    if (first !== undefined && first.kind !== 'late' && first.arriveAt < oldest) {
      const recent = moments.filter((one) => one.kind === 'late' || one.arriveAt >= oldest);
      kept.set(key, [...recent, moment]);
    } else {
      moments.push(moment);
    }
  };

  return {
    isSound(drafts) {
      return drafts.every((draft, index) => {
        for (let n = 0; n < index; n++) if (!areFree(drafts[n] as Draft, draft)) return false;
        return true;
      });
    },
    fits(cluster, drafts) {
      const known = kept.get(cluster);
      return drafts.every((draft) => {
        if (!isFree(draft) || !isFreeOf(draft, known)) return false;
        const kiosk = kioskKey(draft);
        return kiosk === undefined || isFreeOf(draft, kept.get(kiosk));
      });
    },
    keep(cluster, drafts) {
      for (const draft of drafts) {
        const { at, arriveAt, lane, kind } = draft;
        remember(cluster, { at, arriveAt, lane, kind });
        const kiosk = kioskKey(draft);
        if (kiosk !== undefined) remember(kiosk, { at, arriveAt, lane, kind });
      }
    },
  };
}

/** An event may be taken to happen when it says so, or when it arrives. */
const wideMargin = ({ marginMs }: Clearance): number => marginMs + 2 * LATENCY_MAX_MS;

function singleRule(clearance: Clearance): (one: Moment) => boolean {
  const { clearOf, until } = clearance;
  const marginMs = wideMargin(clearance);
  const areApart = distanceRule(clearance);
  return ({ at, arriveAt, kind }) => {
    if (isNearMultiple(arriveAt, HOUR_MS, marginMs)) return false;
    for (const waitMs of clearOf) {
      if (Math.abs(arriveAt + waitMs - until) < marginMs) return false;
      if (kind === 'disordered' && Math.abs(at + waitMs - until) < marginMs) return false;
    }
    return areApart(at, arriveAt);
  };
}

function pairRule(clearance: Clearance): (a: Moment, b: Moment) => boolean {
  const { laneGapMs } = clearance;
  const marginMs = wideMargin(clearance);
  const areApart = distanceRule(clearance);
  return (a, b) => {
    const gapMs = Math.abs(a.arriveAt - b.arriveAt);
    if (gapMs < (a.lane === b.lane ? laneGapMs : marginMs)) return false;
    if (!areApart(a.arriveAt, b.arriveAt)) return false;
    // Ordinary events arrive when they happen, but for what the margin holds already.
    if (a.kind !== 'ordinary' && !areApart(a.at, b.arriveAt)) return false;
    if (b.kind !== 'ordinary' && !areApart(a.arriveAt, b.at)) return false;
    return a.kind === 'ordinary' || b.kind === 'ordinary' || areApart(a.at, b.at);
  };
}

/** May two events of one cluster happen at these two moments? */
function distanceRule(clearance: Clearance): (a: number, b: number) => boolean {
  const marginMs = wideMargin(clearance);
  const forbidden = distancesOf(clearance.clearOf);
  return (a, b) => {
    const distanceMs = Math.abs(a - b);
    for (const one of forbidden) if (Math.abs(distanceMs - one) < marginMs) return false;
    if (distanceMs < TILED_SPAN_MS - marginMs) return true;
    if (distanceMs > DAY_MS / 2) return !isNearMultiple(distanceMs, DAY_MS, marginMs);
    const first = Math.min(a, b);
    const leavesAt = first - (first % TILE_MS) + TILE_MS + TILED_SPAN_MS;
    return Math.abs(Math.max(a, b) - leavesAt) >= marginMs;
  };
}

function isNearMultiple(at: number, periodMs: number, marginMs: number): boolean {
  const past = at % periodMs;
  return past < marginMs || past > periodMs - marginMs;
}

/** How far apart two events may not be: a wait, or what two waits differ by. */
function distancesOf(waits: readonly number[]): readonly number[] {
  const distances = new Set(waits);
  for (const longer of waits) {
    for (const shorter of waits) if (longer > shorter) distances.add(longer - shorter);
  }
  return [...distances];
}

const kioskKey = ({ who }: Draft): number | undefined =>
  who.shared?.kind === 'kiosk' ? -1 - who.shared.kiosk : undefined;
