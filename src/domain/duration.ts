/**
 * Spans of time as the catalogue writes them: a whole number and a unit, `90s 30m 1h 3d 2w`. Days are
 * 24 hours: what follows the shop's calendar says so itself.
 */
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

const DURATION = /^(\d{1,6})\s?([smhdw])$/;

/** Milliseconds; undefined if it is no duration. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION.exec(text.trim());
  const unitMs = UNIT_MS.get(parts?.[2] ?? '');
  return parts === null || unitMs === undefined ? undefined : Number(parts[1]) * unitMs;
}
