/**
 * The ids of a profile's recent events, so that the same event counts once: everything of the last
 * 24 hours (by log time), and at least the last 128, at most 4,096. An id is kept as a hash of 48
 * bits; two different ids meet by chance once in 10¹⁴ comparisons. Packed by hour, oldest first:
 *
 *   hour (4 bytes) · count (2 bytes) · hashes (6 bytes each), to the end
 */
import { lengthened } from '../bytes.ts';
import { hash48 } from '../hash.ts';

export interface RecentIds {
  packed: Uint8Array;
}

const HOUR_MS = 3_600_000;
const HOURS_KEPT = 24;
const IDS_MIN = 128;
const IDS_MAX = 4_096;
const HEAD_BYTES = 6;
const HASH_BYTES = 6;
const NOTHING = new Uint8Array();

export const noRecentIds = (): RecentIds => ({ packed: NOTHING });

/** Answers false when the id is known already; otherwise remembers it. */
export function remember(recent: RecentIds, id: string, now: number): boolean {
  const hash = hash48(id);
  if (contains(recent, hash)) return false;
  const hour = Math.floor(now / HOUR_MS);
  insert(recent, hour, hash);
  forget(recent, hour);
  return true;
}

export const isKnown = (recent: RecentIds, id: string): boolean => contains(recent, hash48(id));

/** How many ids are remembered. */
export function countOf({ packed }: RecentIds): number {
  let count = 0;
  for (let at = 0; at < packed.length; at = endOf(packed, at)) count += countAt(packed, at);
  return count;
}

/** Set union; commutative. */
export function mergeRecentIds(into: RecentIds, { packed }: RecentIds): void {
  for (let group = 0; group < packed.length; group = endOf(packed, group)) {
    const hour = hourAt(packed, group);
    for (let at = group + HEAD_BYTES; at < endOf(packed, group); at += HASH_BYTES) {
      const hash = readHash(packed, at);
      if (!contains(into, hash)) insert(into, hour, hash);
    }
  }
  forget(into, newestHour(into));
}

function contains({ packed }: RecentIds, hash: number): boolean {
  // The last byte alone tells most of them apart.
  const last = (hash % 0x1_0000_0000) & 0xff;
  for (let group = 0; group < packed.length;) {
    const end = endOf(packed, group);
    for (let at = group + HEAD_BYTES; at < end; at += HASH_BYTES) {
      if (packed[at + HASH_BYTES - 1] === last && readHash(packed, at) === hash) return true;
    }
    group = end;
  }
  return false;
}

/** At the end of its hour, which mostly is the newest. */
function insert(recent: RecentIds, hour: number, hash: number): void {
  const { length } = recent.packed;
  let group = 0;
  let end = 0;
  while (end < length && hourAt(recent.packed, end) <= hour) {
    group = end;
    end = endOf(recent.packed, end);
  }
  const isThere = end > 0 && hourAt(recent.packed, group) === hour;
  const more = HASH_BYTES + (isThere ? 0 : HEAD_BYTES);
  const packed = lengthened(recent.packed, more);
  if (end < length) packed.copyWithin(end + more, end, length);
  if (isThere) setHead(packed, group, hour, countAt(packed, group) + 1);
  else setHead(packed, end, hour, 1);
  writeHash(packed, end + more - HASH_BYTES, hash);
  recent.packed = packed;
}

/** Old hours as a whole, while enough remain; beyond the bound the oldest ids of all. */
function forget(recent: RecentIds, nowHour: number): void {
  const { packed } = recent;
  let count = countOf(recent);
  let from = 0;
  while (from < packed.length) {
    const oldest = countAt(packed, from);
    const isOld = hourAt(packed, from) <= nowHour - HOURS_KEPT - 1;
    const isSpare = isOld && count - oldest >= IDS_MIN;
    const excess = count - IDS_MAX;
    if (!isSpare && excess <= 0) break;
    if (!isSpare && excess < oldest) {
      const hour = hourAt(packed, from);
      from += excess * HASH_BYTES;
      setHead(packed, from, hour, oldest - excess);
      break;
    }
    from = endOf(packed, from);
    count -= oldest;
  }
  if (from > 0) recent.packed = packed.slice(from);
}

function newestHour({ packed }: RecentIds): number {
  let hour = 0;
  for (let at = 0; at < packed.length; at = endOf(packed, at)) hour = hourAt(packed, at);
  return hour;
}

function setHead(bytes: Uint8Array, at: number, hour: number, count: number): void {
  bytes[at] = hour;
  bytes[at + 1] = hour >>> 8;
  bytes[at + 2] = hour >>> 16;
  bytes[at + 3] = hour >>> 24;
  bytes[at + 4] = count;
  bytes[at + 5] = count >>> 8;
}

const hourAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const countAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);

/** Where the next group begins. */
const endOf = (bytes: Uint8Array, at: number): number =>
  at + HEAD_BYTES + countAt(bytes, at) * HASH_BYTES;

function writeHash(bytes: Uint8Array, at: number, hash: number): void {
  const high = Math.floor(hash / 0x1_0000_0000);
  const low = hash % 0x1_0000_0000;
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  bytes[at + 2] = low >>> 24;
  bytes[at + 3] = low >>> 16;
  bytes[at + 4] = low >>> 8;
  bytes[at + 5] = low;
}

const readHash = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) * 256 + (bytes[at + 1] as number)) * 0x1_0000_0000 +
  ((((bytes[at + 2] as number) << 24) |
    ((bytes[at + 3] as number) << 16) |
    ((bytes[at + 4] as number) << 8) |
    (bytes[at + 5] as number)) >>>
    0);
