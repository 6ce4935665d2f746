/**
 * The offsets of an IANA time zone, from the platform's own tables. All changes of the clocks between
 * 1985 and 2055 are found once; after that a look-up is a binary search over a handful of moments.
 */
import type { Zone } from '../../domain/zone.ts';
import { WeftError } from '../../errors.ts';

const FROM = Date.UTC(1985, 0, 1);
const TO = Date.UTC(2055, 0, 1);
/** No zone changes its clocks twice within this time. */
const STEP_MS = 28 * 86_400_000;
const zones = new Map<string, Zone>();

export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const zone = createZone(name);
  zones.set(name, zone);
  return zone;
}

function createZone(name: string): Zone {
  const offsetOf = reader(name);
  const starts: number[] = [-Infinity];
  const offsets: number[] = [offsetOf(FROM)];
  for (let at = FROM; at < TO; at += STEP_MS) {
    const next = offsetOf(at + STEP_MS);
    if (next === offsets.at(-1)) continue;
    starts.push(changeBetween(at, at + STEP_MS, offsetOf));
    offsets.push(next);
  }
  // Most moments lie between the same two changes as the one asked for before.
  let [from, to, offset] = [Infinity, Infinity, 0];
  return {
    offsetAt(at) {
      if (at >= from && at < to) return offset;
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] as number) <= at) low = middle;
        else high = middle - 1;
      }
      from = starts[low] as number;
      to = starts[low + 1] ?? Infinity;
      offset = offsets[low] as number;
      return offset;
    },
  };
}

/** The first moment of the new offset. */
function changeBetween(from: number, to: number, offsetOf: (at: number) => number): number {
  const before = offsetOf(from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetOf(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function reader(name: string): (at: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch (error) {
    throw new WeftError('invalid_settings', `there is no time zone ${name}`, { cause: error });
  }
  return (at) => {
    const text = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value;
    const [, sign, hours, minutes = '0', seconds = '0'] =
      /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text ?? '') ?? [];
    if (hours === undefined) return 0;
    const total = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    return (sign === '-' ? -total : total) * 1_000;
  };
}
