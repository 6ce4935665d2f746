/**
 * The name somebody probably meant: the nearest of those that exist, by edit distance, or none if
 * even that one is too far off to be a slip of the finger: more than a third of the name, or than
 * `distanceMax`.
 */
export function nearestName(
  name: string,
  known: Iterable<string>,
  distanceMax = Infinity,
): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(distanceMax, Math.max(1, Math.floor(name.length / 3))) + 1;
  const letters = lettersOf(name);
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    // One step changes the set of letters by two at most. Names come from outside by the thousand.
    if (countBits(letters ^ lettersOf(candidate)) > 2 * (bestDistance - 1)) continue;
    const distance = editDistance(name, candidate);
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** The letters in it as bits; some share one, so sets differ at least as much as their bits. */
function lettersOf(name: string): number {
  let letters = 0;
  for (let i = 0; i < name.length; i++) letters |= 1 << (name.charCodeAt(i) & 31);
  return letters;
}

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above: number[] = [];
  let row: number[] = [];
  for (let j = 0; j <= to.length; j++) row[j] = j;
  for (let i = 1; i <= from.length; i++) {
    [before, above, row] = [above, row, before];
    row[0] = i;
    const unit = from.charCodeAt(i - 1);
    for (let j = 1; j <= to.length; j++) {
      const changed = unit === to.charCodeAt(j - 1) ? 0 : 1;
      const left = row[j - 1] ?? 0;
      let cost = Math.min((above[j] ?? 0) + 1, left + 1, (above[j - 1] ?? 0) + changed);
      const swapped =
        i > 1 &&
        j > 1 &&
        unit === to.charCodeAt(j - 2) &&
        from.charCodeAt(i - 2) === to.charCodeAt(j - 1);
      if (swapped) cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row[j] = cost;
    }
  }
  return row[to.length] ?? 0;
}
