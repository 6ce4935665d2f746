/** Tags as the HTTP edge shows them: money in currency units, moments in ISO 8601, no absent ones. */
import type { Json } from '../event.ts';
import { toUnits } from '../expression.ts';
import { formatMoment } from '../moment.ts';
import { daysSince, openTagValues, rawAt, tagValueOf } from './evaluate.ts';
import type { PlannedTag, TagPlan } from './plan.ts';
import { rawOf, type Raw, type TagValues } from './values.ts';

/** In the order of the plan; no prototype, as tags have names of a marketer's choosing. */
export function presentTags(plan: TagPlan, values: TagValues, now: number): Record<string, Json> {
  const shown = Object.create(null) as Record<string, Json>;
  openTagValues(plan, values);
  for (const tag of plan.tags) {
    const value = present(tag, rawAt(plan, tag.place), now);
    if (value !== undefined) shown[tag.name] = value;
  }
  return shown;
}

export function presentTag(
  { byName }: TagPlan,
  values: TagValues,
  { name, now }: { readonly name: string; readonly now: number },
): Json | undefined {
  const tag = byName.get(name);
  return tag && present(tag, rawOf(values, tag.id), now);
}

function present(tag: PlannedTag, raw: Raw, now: number): Json | undefined {
  const value = tagValueOf(tag, raw, now);
  if (typeof value !== 'number') return value ?? undefined;
  if (tag.unit === 'money') return toUnits(value);
  return tag.unit === 'moment' ? formatMoment(value) : value;
}

/** R in whole days (null: never ordered), F, and M in fen. */
export interface Rfm {
  readonly recencyDays: number | null;
  readonly frequency: number;
  readonly monetary: number;
}

export function rfmOf({ rfm }: TagPlan, values: TagValues, now: number): Rfm {
  const numberOf = (tag: PlannedTag | null): number | undefined => {
    const raw = tag === null ? undefined : rawOf(values, tag.id);
    return typeof raw === 'number' ? raw : undefined;
  };
  const anchor = numberOf(rfm.R);
  return {
    recencyDays: anchor === undefined ? null : daysSince(anchor, now),
    frequency: numberOf(rfm.F) ?? 0,
    monetary: numberOf(rfm.M) ?? 0,
  };
}
