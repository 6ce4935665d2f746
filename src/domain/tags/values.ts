/**
 * The values a profile's tags have: what was last said of them, so that a change is told from a
 * repetition. Exactly what `schemas/tag-values.avsc` writes. Absent tags are not there; `false` is
 * absent. Both lists are sorted by the tag's id, `hash32` of its name.
 */
export interface TagTexts {
  readonly id: number;
  readonly values: readonly string[];
}

export interface TagValues {
  /** id, number, id, number … Numbers are integers: see `SCALES`. */
  readonly numbers: number[];
  /** A text is a list of one. */
  readonly texts: TagTexts[];
}

/** A tag's value inside: an integer, texts, or absent. */
export type Raw = number | readonly string[] | undefined;

export const emptyValues = (): TagValues => ({ numbers: [], texts: [] });

export function rawOf(values: TagValues, id: number): Raw {
  const index = findNumber(values.numbers, id);
  if (index >= 0) return values.numbers[index + 1];
  return values.texts.length === 0 ? undefined : values.texts.find((one) => one.id === id)?.values;
}

/** Answers whether that is a change. */
export function setRaw(values: TagValues, id: number, raw: Raw): boolean {
  const old = rawOf(values, id);
  if (isSame(old, raw)) return false;
  if (typeof old === 'number' && typeof raw !== 'number') {
    values.numbers.splice(findNumber(values.numbers, id), 2);
  }
  if (typeof raw === 'number') setNumber(values.numbers, id, raw);
  if (typeof old === 'object' || typeof raw === 'object') setTexts(values.texts, id, raw);
  return true;
}

export function isSame(one: Raw, other: Raw): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** Ids of all values, for what is no tag any more. */
export function idsOf({ numbers, texts }: TagValues): number[] {
  return [...numbers.filter((_, index) => index % 2 === 0), ...texts.map(({ id }) => id)];
}

function setNumber(numbers: number[], id: number, number: number): void {
  const index = findNumber(numbers, id);
  if (index >= 0) numbers[index + 1] = number;
  else numbers.splice(~index, 0, id, number);
}

function setTexts(texts: TagTexts[], id: number, raw: Raw): void {
  const found = texts.findIndex((one) => one.id >= id);
  const index = found < 0 ? texts.length : found;
  const isKnown = texts[index]?.id === id;
  const added = typeof raw === 'object' ? [{ id, values: raw }] : [];
  texts.splice(index, isKnown ? 1 : 0, ...added);
}

/** The index of a pair, or the complement of where it goes. */
function findNumber(numbers: readonly number[], id: number): number {
  let low = 0;
  let high = numbers.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = numbers[2 * middle] as number;
    if (found === id) return 2 * middle;
    if (found < id) low = middle + 1;
    else high = middle - 1;
  }
  return ~(2 * low);
}
