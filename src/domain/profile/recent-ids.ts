/**
 * The ids of a profile's recent events, so that the same event counts once: everything of the last
 * 24 hours (by log time), and at least the last 128, at most 4,096. An id is kept as a hash of 48
 * bits, 6 bytes each, in groups by hour; two different ids meet by chance once in 10¹⁴ comparisons.
 */
import { hash48 } from '../hash.ts';

export interface RecentIds {
  /** Hours of log time, oldest first. */
  hours: number[];
  /** For each hour its hashes, 6 bytes each. */
  hashes: Uint8Array[];
}

const HOUR_MS = 3_600_000;
const HOURS_KEPT = 24;
const IDS_MIN = 128;
const IDS_MAX = 4_096;
const HASH_BYTES = 6;

export const noRecentIds = (): RecentIds => ({ hours: [], hashes: [] });

/** Answers false when the id is known already; otherwise remembers it. */
export function remember(recent: RecentIds, id: string, now: number): boolean {
  const hash = hash48(id);
  if (contains(recent, hash)) return false;
  insert(recent, Math.floor(now / HOUR_MS), hash);
  forget(recent, Math.floor(now / HOUR_MS));
  return true;
}

export const isKnown = (recent: RecentIds, id: string): boolean => contains(recent, hash48(id));

/** Set union; commutative. */
export function mergeRecentIds(into: RecentIds, from: RecentIds): void {
  from.hours.forEach((hour, i) => {
    const bytes = from.hashes[i] ?? new Uint8Array();
    for (let at = 0; at < bytes.length; at += HASH_BYTES) {
      const hash = readHash(bytes, at);
      if (!contains(into, hash)) insert(into, hour, hash);
    }
  });
  forget(into, into.hours.at(-1) ?? 0);
}

function contains(recent: RecentIds, hash: number): boolean {
  // The last byte alone tells most of them apart.
  const last = (hash % 0x1_0000_0000) & 0xff;
  for (const bytes of recent.hashes) {
    for (let at = 0; at < bytes.length; at += HASH_BYTES) {
      if (bytes[at + HASH_BYTES - 1] === last && readHash(bytes, at) === hash) return true;
    }
  }
  return false;
}

function insert(recent: RecentIds, hour: number, hash: number): void {
  let place = recent.hours.length;
  while (place > 0 && (recent.hours[place - 1] as number) > hour) place -= 1;
  if (place > 0 && recent.hours[place - 1] === hour) {
    recent.hashes[place - 1] = withHash(recent.hashes[place - 1] as Uint8Array, hash);
    return;
  }
  recent.hours.splice(place, 0, hour);
  recent.hashes.splice(place, 0, withHash(new Uint8Array(), hash));
}

/** Old hours as a whole, while enough remain; beyond the bound the oldest ids of all. */
function forget(recent: RecentIds, nowHour: number): void {
  let count = 0;
  for (const bytes of recent.hashes) count += bytes.length / HASH_BYTES;
  for (let first = recent.hashes[0]; first; first = recent.hashes[0]) {
    const oldest = first.length / HASH_BYTES;
    const isOld = (recent.hours[0] as number) <= nowHour - HOURS_KEPT - 1;
    const isSpare = isOld && count - oldest >= IDS_MIN;
    const excess = count - IDS_MAX;
    if (!isSpare && excess <= 0) return;
    if (!isSpare && excess < oldest) {
      recent.hashes[0] = first.slice(excess * HASH_BYTES);
      return;
    }
    recent.hours.shift();
    recent.hashes.shift();
    count -= oldest;
  }
}

function withHash(bytes: Uint8Array, hash: number): Uint8Array {
  const grown = new Uint8Array(bytes.length + HASH_BYTES);
  grown.set(bytes);
  const high = Math.floor(hash / 0x1_0000_0000);
  const low = hash % 0x1_0000_0000;
  grown[bytes.length] = high >>> 8;
  grown[bytes.length + 1] = high & 0xff;
  grown[bytes.length + 2] = low >>> 24;
  grown[bytes.length + 3] = (low >>> 16) & 0xff;
  grown[bytes.length + 4] = (low >>> 8) & 0xff;
  grown[bytes.length + 5] = low & 0xff;
  return grown;
}

const readHash = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) * 256 + (bytes[at + 1] as number)) * 0x1_0000_0000 +
  ((((bytes[at + 2] as number) << 24) |
    ((bytes[at + 3] as number) << 16) |
    ((bytes[at + 4] as number) << 8) |
    (bytes[at + 5] as number)) >>>
    0);
