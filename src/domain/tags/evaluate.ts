/**
 * Tags read and compared with what was last said of them. What it costs follows what was touched:
 * the tags that read the windows an event went into, and the conditions that read those.
 *
 * Values that nothing touched are taken as they are. That is exact as long as `now` has not reached
 * `nextChangeAt`; from then on, evaluate what `touchedByTime` says, or 'all'.
 */
import { openForReading } from '../aggregates/aggregates.ts';
import type { Aggregates } from '../aggregates/state.ts';
import type { TagChange, TagValue } from '../message.ts';
import { DAY_MS } from '../zone.ts';
import type { PlannedTag, TagPlan, Touched } from './plan.ts';
import { viewAt } from './reader.ts';
import { SCALES } from './recipe.ts';
import {
  closeValues,
  emptyValues,
  isSame,
  openValues,
  setRaw,
  textsAt,
  type Raw,
  type TagValues,
} from './values.ts';

export interface Moment {
  readonly now: number;
  readonly touched: Touched | 'all';
}

/** Brings `values` up to date; answers what changed, in the order of the plan. Money in fen. */
export function evaluate(
  plan: TagPlan,
  aggregates: Aggregates,
  values: TagValues,
  { now, touched }: Moment,
): TagChange[] {
  const view = viewAt(openForReading(plan.aggregates, aggregates), now, plan.aggregates.zone);
  const { moved, opened } = plan.scratch;
  openValues(opened, plan.values, values);
  moved.fill(0);
  const changes: TagChange[] = [];
  const places = touched === 'all' ? plan.all : touched.tags;
  const isWhole = touched === 'all' || touched.isByTime === true;
  for (let index = 0; index < places.length; index++) {
    const place = places[index] as number;
    const tag = plan.tags[place] as PlannedTag;
    if (!isWhole && tag.read === null && !hasMoved(tag.inputs, moved)) continue;
    const raw = tag.read === null ? judge(plan, tag, now) : tag.read(view);
    const old = rawAt(plan, place);
    if (isSame(old, raw)) continue;
    setRaw(opened, place, raw);
    if (!isSameDays(tag, { old, raw, now })) moved[place] = 1;
    changes.push(changeOf(tag, { old, raw, now }));
  }
  if (changes.length > 0) closeValues(opened, plan.values, values);
  return changes;
}

/** All values afresh, for who only looks. */
export function valuesAt(plan: TagPlan, aggregates: Aggregates, now: number): TagValues {
  const values = emptyValues();
  evaluate(plan, aggregates, values, { now, touched: 'all' });
  return values;
}

/**
 * A tag as a name in an expression: counts and sums that are absent are 0, truths false, anything
 * else is absent; money in fen, as expressions expect it.
 */
export function tagInScope(
  plan: TagPlan,
  values: TagValues,
  { name, now }: { readonly name: string; readonly now: number },
): TagValue | undefined {
  const tag = plan.byName.get(name);
  if (tag === undefined) return undefined;
  openTagValues(plan, values);
  return scopeValueOf(tag, rawAt(plan, tag.place), now);
}

/** For `rawAt`; good until another profile is opened. */
export function openTagValues(plan: TagPlan, values: TagValues): void {
  openValues(plan.scratch.opened, plan.values, values);
}

/** The value of the tag at a place, of those that are open. */
export function rawAt(plan: TagPlan, place: number): Raw {
  const { opened } = plan.scratch;
  const { unit } = plan.tags[place] as PlannedTag;
  if (unit === 'text' || unit === 'list') {
    return textsAt(opened, plan.values, place);
  }
  const number = opened.numbers[place] as number;
  return Number.isNaN(number) ? undefined : number;
}

/** As changes and the engine tell it: money in fen, clock tags in whole days at `now`. */
export function tagValueOf(tag: PlannedTag, raw: Raw, now: number): TagValue | null {
  if (raw === undefined) return null;
  switch (tag.unit) {
    case 'days':
      return typeof raw === 'number' ? daysSince(raw, now) : null;
    case 'boolean':
      return true;
    case 'text':
      return typeof raw === 'number' ? null : (raw[0] ?? null);
    case 'list':
      return typeof raw === 'number' ? null : raw;
    case 'share':
    case 'number':
      return typeof raw === 'number' ? raw / SCALES[tag.unit] : null;
    case 'money':
    case 'count':
    case 'moment':
      return typeof raw === 'number' ? raw : null;
  }
}

/** Whole days of 24 hours; an anchor ahead of the clock is today. */
export const daysSince = (anchor: number, now: number): number =>
  Math.max(0, Math.floor((now - anchor) / DAY_MS));

function hasMoved(inputs: readonly number[], moved: Uint8Array): boolean {
  for (let index = 0; index < inputs.length; index++) {
    if (moved[inputs[index] as number] === 1) return true;
  }
  return false;
}

/** Conditions see days, not moments: as long as the days are the same, so is what they say. */
const isSameDays = ({ unit }: PlannedTag, { old, raw, now }: Move): boolean =>
  unit === 'days' &&
  typeof old === 'number' &&
  typeof raw === 'number' &&
  daysSince(old, now) === daysSince(raw, now);

interface Move {
  readonly old: Raw;
  readonly raw: Raw;
  readonly now: number;
}

function changeOf(tag: PlannedTag, { old, raw, now }: Move): TagChange {
  return {
    name: tag.name,
    old: tagValueOf(tag, old, now),
    new: tagValueOf(tag, raw, now),
    anchor: tag.unit === 'days' && typeof raw === 'number' ? raw : null,
  };
}

function judge(plan: TagPlan, tag: PlannedTag, now: number): Raw {
  const { scope } = plan.scratch;
  for (const place of tag.inputs) {
    const input = plan.tags[place] as PlannedTag;
    scope[input.name] = scopeValueOf(input, rawAt(plan, place), now);
  }
  return toRaw(tag, tag.condition?.evaluate(scope));
}

function scopeValueOf(tag: PlannedTag, raw: Raw, now: number): TagValue | undefined {
  return raw === undefined ? tag.whenAbsent : (tagValueOf(tag, raw, now) ?? undefined);
}

/** What an expression yields, as the tag keeps it; of another type than the tag's: absent. */
function toRaw({ unit }: PlannedTag, value: TagValue | undefined): Raw {
  switch (unit) {
    case 'boolean':
      return value === true ? 1 : undefined;
    case 'text':
      return typeof value === 'string' ? [value] : undefined;
    case 'list':
      return typeof value === 'object' && value.length > 0 ? value : undefined;
    case 'money':
      return toInteger(value, 100);
    case 'share':
    case 'number':
    case 'count':
    case 'days':
    case 'moment':
      return toInteger(value, SCALES[unit]);
  }
}

function toInteger(value: TagValue | undefined, scale: number): number | undefined {
  if (typeof value !== 'number') return undefined;
  const integer = Math.floor(value * scale + 0.5);
  return Number.isSafeInteger(integer) ? integer : undefined;
}
