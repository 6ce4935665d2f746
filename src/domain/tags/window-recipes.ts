/** Tags that read one window: counts, sums, extremes, the first and last, the most frequent. */
import { findField, type Field } from '../aggregates/fields.ts';
import type { Filter } from '../aggregates/series.ts';
import { EVER, type Span } from '../aggregates/window.ts';
import {
  fault,
  readChoice,
  readDuration,
  readEntry,
  readText,
  readWhole,
  type Entry,
} from '../catalogue/entry.ts';
import { DAY_MS, HOUR_MS } from '../zone.ts';
import {
  readField,
  readFilter,
  readSpan,
  sumTerms,
  term,
  type Reading,
} from './definition-parts.ts';
import type { Recipe, Term, Unit } from './recipe.ts';

const SESSION_GAP_MS = HOUR_MS / 2;
const TOP_MAX = 20;

export function readCount(reading: Reading): Recipe | undefined {
  const filter = readFilter(reading, 'count');
  const span = readSpan(reading.entry);
  const isNet = readNet(reading.entry, filter, true);
  if (filter === undefined || span === undefined) return undefined;
  const plus = [term({ kind: 'count' }, filter, span)];
  const minus = isNet ? [term({ kind: 'returned_count' }, RETURNS, span)] : [];
  return { kind: 'total', plus, minus, unit: 'count', factor: 1 };
}

export function readSum(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const field = readField(entry, 'sum', 'number');
  const filter = readFilter(reading, 'of');
  const span = readSpan(entry);
  const isNet = readNet(entry, filter, field?.name === 'order.total');
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  if (field.kind === 'moment') return fault(entry, 'sum', 'Moments cannot be summed.');
  const plus = sumTerms(field, filter, span);
  const minus = isNet ? [term({ kind: 'returned_money' }, RETURNS, span)] : [];
  return { kind: 'total', plus, minus, ...numberUnit(field) };
}

export function readExtreme(reading: Reading, which: 'min' | 'max'): Recipe | undefined {
  const field = readField(reading.entry, which, 'number');
  const filter = readFilter(reading, 'of');
  const span = readSpan(reading.entry);
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  return {
    kind: 'extreme',
    which,
    term: term({ kind: which, field }, filter, span),
    ...numberUnit(field),
  };
}

export function readDistinct(reading: Reading): Recipe | undefined {
  const field = readField(reading.entry, 'distinct', 'text');
  const filter = readFilter(reading, 'of');
  const span = readSpan(reading.entry);
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  return { kind: 'distinct', term: term({ kind: 'distinct', field }, filter, span) };
}

/** `first: channel`, `last: store`; `first: at` is the moment itself. */
export function readEdge(reading: Reading, which: 'first' | 'last'): Recipe | undefined {
  const { entry } = reading;
  const field = readField(entry, which, 'text');
  const filter = readFilter(reading, 'of');
  const span = readSpan(entry);
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  if (field.kind === 'number') return fault(entry, which, `'${field.name}' is a number, not text.`);
  if (field.kind !== 'moment') {
    return { kind: 'edge', which, term: term({ kind: which, field }, filter, span) };
  }
  const extreme = which === 'first' ? 'min' : 'max';
  return {
    kind: 'extreme',
    which: extreme,
    term: term({ kind: extreme, field }, filter, span),
    unit: 'moment',
    factor: 1,
  };
}

export function readTop(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const filter = readFilter(reading, 'of');
  const span = readSpan(entry);
  const path = [...entry.path, 'top'];
  const value = entry.fields.get('top') ?? null;
  const at = { path, what: "'top'", known: ['field', 'k', 'by'] };
  const asked = readEntry(value, at, entry.problems);
  if (asked === undefined) return undefined;
  const field = readField(asked, 'field', 'text');
  const k = readWhole(asked, 'k', { min: 1, max: TOP_MAX }) ?? 1;
  const by = readWeight(asked, field);
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  if (by === undefined) return undefined;
  return { kind: 'top', k, term: term({ kind: 'top', field, by }, filter, span) };
}

/** `by: count` (null), or the field that is summed. */
function readWeight(asked: Entry, field: Field | undefined): Field | null | undefined {
  const text = readText(asked, 'by');
  if (text === undefined || text === 'count')
    return asked.fields.get('by') === null ? undefined : null;
  const by = readField(asked, 'by', 'number');
  if (by?.ofItem === undefined || by.ofItem === null || field?.ofItem !== null) return by;
  return fault(
    asked,
    'by',
    `'${text}' is of items, '${field.name}' is not: name a field of the event.`,
  );
}

export function readPeak(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const which = readChoice(entry, 'peak', ['hour_of_day', 'weekday']);
  const filter = readFilter(reading, 'of');
  const span = readSpan(entry);
  if (which === undefined || filter === undefined || span === undefined) return undefined;
  if (which === 'hour_of_day') {
    return { kind: 'peak_hour', term: term({ kind: 'hours' }, filter, span) };
  }
  const days = daysTerm(entry, filter, span);
  return days && { kind: 'peak_weekday', term: days };
}

/** Counts by day, from which weekdays are told. */
export function daysTerm(entry: Entry, filter: Filter, span: Span): Term | undefined {
  if (span.resolution === '1d') return term({ kind: 'count' }, filter, span);
  return fault(entry, 'over', 'Weekdays need a window in days: more than 12d.');
}

export function readSessions(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const filter = readFilter(reading, 'sessions');
  const gapMs = readDuration(entry, 'gap', DAY_MS) ?? SESSION_GAP_MS;
  const span = readSpan(entry);
  if (filter === undefined || span === undefined) return undefined;
  if (span.resolution === '1d' || span.resolution === 'ever') {
    return fault(entry, 'over', 'Sessions are counted over 12d at most.');
  }
  return { kind: 'sessions', term: term({ kind: 'sessions', gapMs }, filter, span) };
}

export function readDaysSince(reading: Reading): Recipe | undefined {
  const filter = readFilter(reading, 'days_since');
  const at = findField('at');
  if (filter === undefined || at === undefined) return undefined;
  return { kind: 'clock', term: term({ kind: 'max', field: at }, filter, EVER) };
}

export function readCart({ entry }: Reading): Recipe | undefined {
  return readChoice(entry, 'cart', ['value']) && { kind: 'cart' };
}

/** What the order book takes away depends on these. */
const RETURNS: Filter = {
  types: ['order_paid', 'order_refunded', 'order_cancelled'],
  where: null,
};

/** Do refunds and cancellations subtract? They do unless told otherwise, where they can. */
function readNet(entry: Entry, filter: Filter | undefined, isPossible: boolean): boolean {
  const refunds = readChoice(entry, 'refunds', ['subtract', 'ignore']);
  if (filter === undefined) return false;
  const isOfOrders = filter.types?.length === 1 && filter.types[0] === 'order_paid';
  const can = isPossible && isOfOrders && filter.where === null;
  if (refunds === 'subtract' && !can) {
    fault(
      entry,
      'refunds',
      "Refunds subtract from the count and the order.total of 'order_paid' without 'where' only.",
      'ignore',
    );
  }
  return can && refunds !== 'ignore';
}

/** Inside, numbers that are no money are thousandths; their tags have four decimals. */
function numberUnit({ kind }: Field): { readonly unit: Unit; readonly factor: number } {
  if (kind === 'money') return { unit: 'money', factor: 1 };
  return kind === 'moment' ? { unit: 'moment', factor: 1 } : { unit: 'number', factor: 10 };
}
