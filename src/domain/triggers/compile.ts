/**
 * `catalogue/triggers.yaml` to a plan. Everything that is wrong is told at once, with its place and,
 * where something similar exists, what was probably meant; a file with a problem changes nothing.
 */
import {
  fault,
  readDuration,
  readEntry,
  readFlag,
  readList,
  readLocalText,
  readName,
  readText,
  readWhole,
  type CatalogueProblem,
  type Entry,
} from '../catalogue/entry.ts';
import { parseDuration } from '../duration.ts';
import type { Json } from '../event.ts';
import { EVENT_NAMES } from '../event-scope.ts';
import { compileExpression, type Expression, type NameType } from '../expression.ts';
import { hash32 } from '../hash.ts';
import { compilePattern } from './compile-pattern.ts';
import { toActionStep } from './action-step.ts';
import { compileSteps } from './compile-steps.ts';
import { FACT_NAMES } from './event-facts.ts';
import type { KnownToTriggers } from './known.ts';
import {
  buildPlan,
  type CompiledTrigger,
  type Limit,
  type Pattern,
  type TriggerPlan,
} from './plan.ts';
import { LIMIT_TIMES_MAX } from './state.ts';

export type CompiledTriggers =
  | { readonly ok: true; readonly plan: TriggerPlan }
  | { readonly ok: false; readonly problems: readonly CatalogueProblem[] };

const FIELDS = [
  'name',
  'title',
  'on',
  'where',
  'then',
  'unless',
  'count',
  'if',
  'on_again',
  'do',
  'limits',
  'priority',
  'anonymous',
];

const NOT_KEPT = /\bevent\.(items|properties)\b/;
const DAY_MS = 86_400_000;
const AGE_DEFAULT_MS = 600_000;
const AGE_MAX_MS = 30 * DAY_MS;
const LIMIT_MAX_MS = 400 * DAY_MS;
const PRIORITY_DEFAULT = 50;
const TRIGGERS_MAX = 1_000;

export function compileTriggers(content: Json, known: KnownToTriggers): CompiledTriggers {
  const problems: CatalogueProblem[] = [];
  const list = readList(content, 'triggers', problems);
  if (list.length > TRIGGERS_MAX) {
    problems.push({ path: [], message: `There are more than ${TRIGGERS_MAX} triggers.` });
  }
  const byName = new Map<string, CompiledTrigger>();
  for (const [index, value] of list.slice(0, TRIGGERS_MAX).entries()) {
    const what = describe(value);
    const entry = readEntry(value, { path: [index], what, known: FIELDS }, problems);
    if (entry === undefined) continue;
    const trigger = compileTrigger(entry, known);
    checkUnique(entry, trigger, byName);
    byName.set(trigger.name, trigger);
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, plan: buildPlan([...byName.values()]) };
}

function describe(value: Json): string {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value['name'] : '';
  return typeof name === 'string' && name !== '' ? `Trigger '${name}'` : 'A trigger';
}

/** With a problem noted it is never run, so gaps are filled with anything. */
function compileTrigger(entry: Entry, known: KnownToTriggers): CompiledTrigger {
  const name = readName(entry, 'A trigger') ?? '';
  const pattern = compilePattern(entry, known) ?? { kind: 'event', types: [] };
  const { steps, tags, properties } = compileSteps(entry, known);
  return {
    name,
    hash: hash32(name),
    title: readLocalText(entry, 'title') ?? name,
    pattern,
    where: compileWhere(entry, pattern),
    condition: compileCondition(entry, pattern, known),
    steps,
    actionSteps: steps.map(toActionStep),
    ...readLimits(entry),
    priority: readWhole(entry, 'priority', { min: 0, max: 100 }) ?? PRIORITY_DEFAULT,
    allowsAnonymous: readFlag(entry, 'anonymous', false),
    contextTags: tags,
    contextProperties: properties,
  };
}

function checkUnique(
  entry: Entry,
  { name, hash }: CompiledTrigger,
  byName: ReadonlyMap<string, CompiledTrigger>,
): void {
  if (byName.has(name)) fault(entry, 'name', `There are two triggers '${name}'.`);
  for (const other of byName.values()) {
    if (other.hash !== hash || other.name === name) continue;
    const message = `'${name}' and '${other.name}' cannot be told apart by their hash.`;
    fault(entry, 'name', message, `${name}_2`);
  }
}

function compileWhere(entry: Entry, pattern: Pattern): Expression | null {
  if (pattern.kind === 'tag' && entry.fields.has('where')) {
    fault(entry, 'where', "'where' asks the event, and a tag needs none.", "'if'");
    return null;
  }
  return readCondition(entry, 'where', EVENT_NAMES);
}

/** A wait keeps only a few facts of the event that began it. */
function compileCondition(
  entry: Entry,
  { kind }: Pattern,
  { tags, profile }: KnownToTriggers,
): Expression | null {
  const text = entry.fields.get('if');
  if (kind === 'absence' && typeof text === 'string' && NOT_KEPT.test(text)) {
    const message =
      "The 'if' of a wait is asked when the wait is over, and items and properties are not kept so long.";
    fault(entry, 'if', message, "ask them in 'where'");
    return null;
  }
  const ofEvent = kind === 'absence' ? FACT_NAMES : EVENT_NAMES;
  return readCondition(entry, 'if', new Map([...tags, ...(profile ?? []), ...ofEvent]));
}

function readCondition(
  entry: Entry,
  field: string,
  names: ReadonlyMap<string, NameType>,
): Expression | null {
  const text = readText(entry, field);
  if (text === undefined) return null;
  const compiled = compileExpression(text, { names });
  if (!compiled.ok) return fault(entry, field, compiled.message, compiled.suggestion) ?? null;
  const { yields } = compiled.expression;
  if (yields !== 'boolean' && yields !== 'any') {
    fault(entry, field, `'${field}' must be a condition, and this yields a ${yields}.`);
  }
  return compiled.expression;
}

type Limits = Pick<CompiledTrigger, 'perProfile' | 'maxEventAgeMs' | 'maxLatenessMs'>;

function readLimits(entry: Entry): Limits {
  const value = entry.fields.get('limits');
  const defaults = {
    perProfile: null,
    maxEventAgeMs: AGE_DEFAULT_MS,
    maxLatenessMs: AGE_DEFAULT_MS,
  };
  if (value === undefined) return defaults;
  const known = ['per_profile', 'max_event_age', 'max_lateness'];
  const at = { path: [...entry.path, 'limits'], what: "'limits'", known };
  const limits = readEntry(value, at, entry.problems);
  if (limits === undefined) return defaults;
  return {
    perProfile: readPerProfile(limits),
    maxEventAgeMs: readDuration(limits, 'max_event_age', AGE_MAX_MS) ?? AGE_DEFAULT_MS,
    maxLatenessMs: readDuration(limits, 'max_lateness', AGE_MAX_MS) ?? AGE_DEFAULT_MS,
  };
}

function readPerProfile(limits: Entry): Limit | null {
  const text = limits.fields.get('per_profile');
  if (text === undefined) return null;
  const [, times, span] = /^(\d{1,3}) per (.+)$/.exec(typeof text === 'string' ? text : '') ?? [];
  const limit = { times: Number(times), overMs: parseDuration(span ?? '') ?? 0 };
  const isSound =
    limit.times > 0 &&
    limit.times <= LIMIT_TIMES_MAX &&
    limit.overMs > 0 &&
    limit.overMs <= LIMIT_MAX_MS;
  if (isSound) return limit;
  const message = `'per_profile' must say how often in what time, at most ${LIMIT_TIMES_MAX} times in 400d.`;
  fault(limits, 'per_profile', message, '1 per 3d');
  return null;
}
