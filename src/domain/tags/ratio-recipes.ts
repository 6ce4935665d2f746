/** Tags that are one window divided by another: averages, shares, conversions. */
import type { Field } from '../aggregates/fields.ts';
import type { Filter } from '../aggregates/series.ts';
import type { Span } from '../aggregates/window.ts';
import { fault, isList, readEntry, type Entry } from '../catalogue/entry.ts';
import type { Json } from '../event.ts';
import {
  checkField,
  readField,
  readFilter,
  readSpan,
  readTypes,
  readWhere,
  sumTerms,
  term,
  type Reading,
} from './definition-parts.ts';
import { SCALES, type Recipe, type Term } from './recipe.ts';
import { daysTerm } from './window-recipes.ts';

const THOUSANDTHS = 1_000;

/** Per event; of a property: per event that has it. */
export function readAverage(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const field = readField(entry, 'average', 'number');
  const filter = readFilter(reading, 'of');
  const span = readSpan(entry);
  if (field === undefined || filter === undefined || span === undefined) return undefined;
  if (field.kind === 'moment') return fault(entry, 'average', 'Moments have no average.');
  const above = sumTerms(field, filter, span);
  const counted = field.kind === 'any' ? ({ kind: 'count_of', field } as const) : COUNT;
  const below = [term(counted, filter, span)];
  if (field.kind === 'money') return { kind: 'ratio', above, below, unit: 'money', factor: 1 };
  const factor = SCALES.number / THOUSANDTHS;
  return { kind: 'ratio', above, below, unit: 'number', factor };
}

/** How many `to` there are for one `from`. */
export function readConversion(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const span = readSpan(entry);
  const where = readWhere(entry);
  const asked = readPart(entry, 'conversion', ['from', 'to']);
  if (asked === undefined) return undefined;
  const from = readTypes({ ...reading, entry: asked }, 'from');
  const to = readTypes({ ...reading, entry: asked }, 'to');
  if (from === undefined || to === undefined || span === undefined) return undefined;
  const count = (types: Filter['types']) => [term(COUNT, { types, where }, span)];
  const factor = SCALES.share;
  return { kind: 'ratio', above: count(to), below: count(from), unit: 'share', factor };
}

/** `share: weekend`, or `{ of, in }`, each a field, a `count` or a `sum`. */
export function readShare(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const span = readSpan(entry);
  if (entry.fields.get('share') === 'weekend') return readWeekend(reading, span);
  const asked = readPart(entry, 'share', ['of', 'in']);
  if (asked === undefined) return undefined;
  const isOuterRead = ['of', 'in'].some((key) => typeof asked.fields.get(key) === 'string');
  for (const key of isOuterRead ? [] : ['of', 'where']) {
    if (entry.fields.has(key)) fault(entry, key, `Write '${key}' into the sides of the share.`);
  }
  const above = readQuantity({ reading, asked, key: 'of', span });
  const below = readQuantity({ reading, asked, key: 'in', span });
  return above && below && divide(asked, above, below);
}

function readWeekend(reading: Reading, span: Span | undefined): Recipe | undefined {
  const filter = readFilter(reading, 'of');
  if (filter === undefined || span === undefined) return undefined;
  const days = daysTerm(reading.entry, filter, span);
  return days && { kind: 'weekend', term: days };
}

const COUNT = { kind: 'count' } as const;

/** One side of a division. Null: a count. */
interface Quantity {
  readonly terms: readonly Term[];
  readonly field: Field | null;
}

interface Side {
  readonly reading: Reading;
  readonly asked: Entry;
  readonly key: 'of' | 'in';
  readonly span: Span | undefined;
}

function readQuantity({ reading, asked, key, span }: Side): Quantity | undefined {
  const value = asked.fields.get(key);
  if (typeof value === 'string') {
    const field = checkField(asked, key, { name: value, use: 'number' });
    const filter = readOuterFilter(reading, value);
    return field && filter && span && { terms: sumTerms(field, filter, span), field };
  }
  const part = readPart(asked, key, ['count', 'sum', 'of', 'where']);
  if (part === undefined) return undefined;
  const isCount = part.fields.has('count');
  const field = isCount ? null : readField(part, 'sum', 'number');
  const filter = readFilter({ ...reading, entry: part }, isCount ? 'count' : 'of');
  if (filter === undefined || field === undefined || span === undefined) return undefined;
  const terms = field === null ? [term(COUNT, filter, span)] : sumTerms(field, filter, span);
  return { terms, field };
}

/** Fields of orders are those of `order_paid` unless the tag says otherwise. */
function readOuterFilter(reading: Reading, fieldName: string): Filter | undefined {
  const isOrders = !reading.entry.fields.has('of') && fieldName.startsWith('order.');
  if (!isOrders) return readFilter(reading, 'of');
  return { types: ['order_paid'], where: readWhere(reading.entry) };
}

function divide(asked: Entry, above: Quantity, below: Quantity): Recipe | undefined {
  const parts = { above: above.terms, below: below.terms };
  const isMoney = (quantity: Quantity) => quantity.field?.kind === 'money';
  const scaleOf = ({ field }: Quantity) =>
    field === null || field.kind === 'money' ? 1 : THOUSANDTHS;
  const scale = scaleOf(below) / scaleOf(above);
  if (isMoney(above) === isMoney(below)) {
    return { kind: 'ratio', ...parts, unit: 'share', factor: SCALES.share * scale };
  }
  if (isMoney(above)) return { kind: 'ratio', ...parts, unit: 'money', factor: scale };
  return fault(asked, 'in', 'What is no money cannot be divided by money.');
}

function readPart(entry: Entry, key: string, known: readonly string[]): Entry | undefined {
  const value: Json = entry.fields.get(key) ?? null;
  const what = `'${key}'`;
  if (value === null || isList(value) || typeof value !== 'object') {
    return fault(entry, key, `${what} must be an object with ${known.join(', ')}.`);
  }
  return readEntry(value, { path: [...entry.path, key], what, known }, entry.problems);
}
