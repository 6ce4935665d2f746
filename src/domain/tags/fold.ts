/**
 * Events and merges into a profile's windows, as the profile stage calls for them. `now` is the
 * partition clock, never the wall clock.
 */
import { foldEvent, mergeInto, pruneAggregates } from '../aggregates/aggregates.ts';
import type { Aggregates } from '../aggregates/state.ts';
import type { Event } from '../event.ts';
import type { TagPlan, Touched } from './plan.ts';
import { closeValues, openValues, type TagValues } from './values.ts';

/** Takes an event in; answers what `evaluate` is to look at. */
export function fold(plan: TagPlan, aggregates: Aggregates, event: Event, now: number): Touched {
  foldEvent(plan.aggregates, aggregates, event, now);
  return plan.touchedBy.get(event.type) ?? plan.touchedByAny;
}

/** Joins the windows of an absorbed profile; `from` is of no use afterwards. Evaluate 'all' next. */
export function mergeAggregates(
  plan: TagPlan,
  into: Aggregates,
  { from, now }: { readonly from: Aggregates; readonly now: number },
): void {
  mergeInto(plan.aggregates, into, { from, now });
}

/** Forgets what no window sees any more, and the values of tags that are gone. Changes no tag. */
export function prune(
  plan: TagPlan,
  { aggregates, values }: { readonly aggregates: Aggregates; readonly values: TagValues },
  now: number,
): void {
  pruneAggregates(plan.aggregates, aggregates, now);
  const { opened } = plan.scratch;
  openValues(opened, plan.values, values);
  if (opened.unknown.length === 0) return;
  opened.source = null;
  opened.unknown = [];
  opened.areTextsChanged = opened.areTextsFound;
  closeValues(opened, plan.values, values);
}
