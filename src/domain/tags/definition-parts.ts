/** What the definitions of tags have in common: events, fields and spans, read with their problems. */
import { FIELD_NAMES, findField, type Field } from '../aggregates/fields.ts';
import type { Filter, SeriesKind } from '../aggregates/series.ts';
import { EVER, SPAN_MAX_MS, spanOf, tileMsOf, type Span } from '../aggregates/window.ts';
import { fault, readDuration, readText, readTexts, type Entry } from '../catalogue/entry.ts';
import { EVENT_TYPES } from '../event.ts';
import { EVENT_NAMES } from '../event-scope.ts';
import { compileExpression, type Expression } from '../expression.ts';
import { nearestName } from '../nearest-name.ts';
import type { Term } from './recipe.ts';

export interface DefinitionTools {
  /** Event types beyond `EVENT_TYPES` that sources send. */
  readonly eventTypes: readonly string[];
}

export interface Reading extends DefinitionTools {
  readonly entry: Entry;
}

const TYPES_MAX = 100;

/** Without `over`: everything ever. */
export function readSpan(entry: Entry, field = 'over'): Span | undefined {
  if (!entry.fields.has(field)) return EVER;
  const spanMs = readDuration(entry, field, SPAN_MAX_MS);
  if (spanMs === undefined) return undefined;
  const span = spanOf(spanMs);
  if (span !== undefined) return span;
  const tile = tileMsOf(spanMs);
  const length = tile === 300_000 ? '5 minutes' : tile === 3_600_000 ? 'hours' : 'days';
  return fault(entry, field, `A window of this length moves in whole ${length}: round '${field}'.`);
}

/** One type or a list, or `any`: null. */
export function readTypes(reading: Reading, field: string): readonly string[] | null | undefined {
  const { entry, eventTypes } = reading;
  const types = readTexts(entry, field);
  if (types === undefined) {
    return entry.fields.has(field)
      ? undefined
      : fault(entry, null, `Say which events are meant: '${field}: order_paid', or a list.`);
  }
  if (types.length > TYPES_MAX) {
    return fault(entry, field, `'${field}' may list ${TYPES_MAX} event types at most.`);
  }
  if (types.length === 1 && types[0] === 'any') return null;
  const known = new Set<string>([...EVENT_TYPES, ...eventTypes]);
  for (const type of types) {
    // Sources may send types of their own: only what looks like a slip of the finger is refused.
    const meant = known.has(type) ? undefined : nearestName(type, known, 2);
    if (meant !== undefined) fault(entry, field, `There is no event type '${type}'.`, meant);
  }
  return types;
}

export function readWhere(entry: Entry): Expression | null {
  const text = readText(entry, 'where');
  if (text === undefined) return null;
  const compiled = compileExpression(text, { names: EVENT_NAMES });
  if (!compiled.ok) {
    fault(entry, 'where', compiled.message, compiled.suggestion);
    return null;
  }
  const { expression } = compiled;
  if (expression.yields !== 'boolean' && expression.yields !== 'any') {
    fault(entry, 'where', `'where' must be true or false, not a ${expression.yields}.`);
  }
  return expression;
}

export function readFilter(reading: Reading, field: string): Filter | undefined {
  const types = readTypes(reading, field);
  const where = readWhere(reading.entry);
  return types === undefined ? undefined : { types, where };
}

export type FieldUse = 'number' | 'text';

/** The field named by the entry's `key`. */
export function readField(entry: Entry, key: string, use: FieldUse): Field | undefined {
  const name = readText(entry, key);
  if (name !== undefined) return checkField(entry, key, { name, use });
  return entry.fields.has(key) ? undefined : fault(entry, null, `'${key}' is missing.`);
}

export function checkField(
  entry: Entry,
  key: string,
  { name, use }: { readonly name: string; readonly use: FieldUse },
): Field | undefined {
  const field = findField(name);
  if (field === undefined) {
    const meant = nearestName(name, FIELD_NAMES);
    return fault(entry, key, `An event has no field '${name}'.`, meant);
  }
  if (use === 'number' ? field.kind !== 'text' : field.kind !== 'money') return field;
  return fault(entry, key, `'${name}' is ${field.kind}: a ${use} is needed here.`);
}

export const term = (kind: SeriesKind, filter: Filter, span: Span): Term => ({
  series: { kind, filter, resolution: span.resolution },
  tiles: span.tiles,
});

/** Sums of a field: `order.gross` is kept as its two parts, which other tags read too. */
export function sumTerms(field: Field, filter: Filter, span: Span): readonly Term[] {
  const parts = field.name === 'order.gross' ? ['order.total', 'order.discount'] : [field.name];
  return parts.flatMap((name) => {
    const part = findField(name);
    return part === undefined ? [] : [term({ kind: 'sum', field: part }, filter, span)];
  });
}
