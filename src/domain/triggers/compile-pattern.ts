/** What a trigger waits for: its `on`, and one of `then`, `unless` and `count`. */
import {
  fault,
  readChoice,
  readDuration,
  readEntry,
  readText,
  readTexts,
  readWhole,
  type Entry,
} from '../catalogue/entry.ts';
import { nearestName } from '../nearest-name.ts';
import { compileCorrelation, CORRELATION_PATHS, WHOLE_PROFILE } from './correlation.ts';
import type { KnownToTriggers } from './known.ts';
import type { Correlation, Pattern } from './plan.ts';
import { MARKS_MAX } from './state.ts';

const WITHIN_MAX_MS = 90 * 86_400_000;
const AT_LEAST_MAX = MARKS_MAX / 2;
/** An unknown event type this near to a known one is a slip of the finger, else a retailer's own. */
const SLIP_MAX = 2;
const EVENT_TYPE = /^[a-z][a-z0-9_]{0,63}$/;

/** undefined: a problem was noted. */
export function compilePattern(entry: Entry, known: KnownToTriggers): Pattern | undefined {
  const kinds = ['then', 'unless', 'count'].filter((kind) => entry.fields.has(kind));
  if (kinds.length > 1) {
    const names = kinds.map((kind) => `'${kind}'`).join(' and ');
    return fault(entry, kinds[1] ?? null, `A trigger has one of ${names}, not both.`);
  }
  if (entry.fields.has('on_again') && !entry.fields.has('unless')) {
    fault(entry, 'on_again', "'on_again' is for triggers with 'unless'.");
  }
  if (isTag(entry)) return compileTag(entry, known);
  switch (kinds[0]) {
    case 'then':
      return compileSequence(entry, known);
    case 'unless':
      return compileAbsence(entry, known);
    case 'count':
      return compileCount(entry, known);
    default: {
      const types = readTypes(entry, 'on', known);
      return types && { kind: 'event', types };
    }
  }
}

function isTag({ fields }: Entry): boolean {
  const on = fields.get('on');
  return typeof on === 'object' && on !== null && !Array.isArray(on);
}

function compileTag(entry: Entry, known: KnownToTriggers): Pattern | undefined {
  const on = readPart(entry, 'on', ['tag', 'becomes']);
  if (on === undefined) return undefined;
  for (const kind of ['then', 'unless', 'count']) {
    if (entry.fields.has(kind)) fault(entry, kind, `'${kind}' needs an event in 'on', not a tag.`);
  }
  const tag = readText(on, 'tag');
  if (tag === undefined)
    return fault(on, null, "'on' must name an event, or a tag: { tag: at_risk }.");
  if (!known.tags.has(tag)) {
    return fault(on, 'tag', `There is no tag '${tag}'.`, nearestName(tag, known.tags.keys()));
  }
  return { kind: 'tag', tag, becomes: readChoice(on, 'becomes', ['entered', 'left']) ?? 'entered' };
}

function compileSequence(entry: Entry, known: KnownToTriggers): Pattern | undefined {
  const types = readTypes(entry, 'on', known);
  const then = readPart(entry, 'then', ['event', 'within', 'matching']);
  const thenTypes = then && readTypes(then, 'event', known);
  const withinMs = then && readWithin(then);
  if (!types || !then || !thenTypes || !withinMs) return undefined;
  return { kind: 'sequence', types, thenTypes, withinMs, correlation: readCorrelation(then) };
}

function compileAbsence(entry: Entry, known: KnownToTriggers): Pattern | undefined {
  const types = readTypes(entry, 'on', known);
  const unless = readPart(entry, 'unless', ['event', 'within', 'matching']);
  const unlessTypes = unless && readTypes(unless, 'event', known);
  const withinMs = unless && readWithin(unless);
  const onAgain = readChoice(entry, 'on_again', ['restart', 'keep_first']) ?? 'restart';
  if (!types || !unless || !unlessTypes || !withinMs) return undefined;
  const correlation = readCorrelation(unless);
  return { kind: 'absence', types, unlessTypes, withinMs, correlation, onAgain };
}

function compileCount(entry: Entry, known: KnownToTriggers): Pattern | undefined {
  if (entry.fields.has('on')) {
    fault(entry, 'on', "With 'count', the event is named inside it.", 'count: { of: … }');
  }
  const count = readPart(entry, 'count', ['of', 'within', 'at_least', 'matching']);
  const types = count && readTypes(count, 'of', known);
  const withinMs = count && readWithin(count);
  const atLeast = count && readWhole(count, 'at_least', { min: 2, max: AT_LEAST_MAX });
  if (count && !count.fields.has('at_least')) fault(count, null, "'count' needs 'at_least'.");
  if (!count || !types || !withinMs || !atLeast) return undefined;
  return { kind: 'count', types, withinMs, atLeast, correlation: readCorrelation(count) };
}

function readPart(entry: Entry, field: string, known: readonly string[]): Entry | undefined {
  const at = { path: [...entry.path, field], what: `'${field}'`, known };
  return readEntry(entry.fields.get(field) ?? null, at, entry.problems);
}

/** Any event type is allowed, but one that looks like a slip is told. */
function readTypes(
  entry: Entry,
  field: string,
  { eventTypes }: KnownToTriggers,
): readonly string[] | undefined {
  if (!entry.fields.has(field)) {
    return fault(entry, null, `'${field}' is missing: which event is it about?`);
  }
  const types = readTexts(entry, field);
  if (types === undefined) return undefined;
  const known = new Set(eventTypes);
  for (const type of types) {
    if (known.has(type)) continue;
    if (!EVENT_TYPE.test(type)) {
      const message = `'${type}' is no event type: use a-z, 0-9 and _.`;
      fault(entry, field, message, nearestName(type, known));
      continue;
    }
    const meant = nearestName(type, known, SLIP_MAX);
    if (meant !== undefined) fault(entry, field, `There is no event type '${type}'.`, meant);
  }
  return types;
}

function readWithin(entry: Entry): number | undefined {
  if (!entry.fields.has('within')) return fault(entry, null, "'within' is missing: how long?");
  return readDuration(entry, 'within', WITHIN_MAX_MS);
}

function readCorrelation(entry: Entry): Correlation {
  const path = readText(entry, 'matching');
  if (path === undefined) return WHOLE_PROFILE;
  const correlation = compileCorrelation(path);
  if (correlation !== undefined) return correlation;
  const message = `Events cannot be matched by '${path}', only by ${CORRELATION_PATHS.join(', ')}.`;
  fault(entry, 'matching', message, nearestName(path, CORRELATION_PATHS));
  return WHOLE_PROFILE;
}
