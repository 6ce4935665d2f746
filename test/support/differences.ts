/** Two bags of lines compared; a failure shows what differs and not the thousands that do not. */
interface Differences {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

const SHOWN_MAX = 20;

export const NONE: Differences = { missing: [], unexpected: [] };

export const differences = (
  found: readonly string[],
  expected: readonly string[],
): Differences => ({
  missing: without(expected, found).slice(0, SHOWN_MAX),
  unexpected: without(found, expected).slice(0, SHOWN_MAX),
});

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return all.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}
