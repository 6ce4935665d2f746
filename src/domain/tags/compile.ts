/**
 * `catalogue/tags.yaml`, parsed, becomes a plan, or the list of everything that is wrong with it. No
 * tag is left out silently: one problem anywhere and there is no plan.
 */
import { readList, report, type CatalogueProblem } from '../catalogue/entry.ts';
import type { Json } from '../event.ts';
import { compileExpression, type Expression, type NameType } from '../expression.ts';
import type { Zone } from '../zone.ts';
import { readDefinition, type TagDefinition } from './definition.ts';
import { buildTagPlan, type CompiledTag, type TagPlan } from './plan.ts';
import { nameTypeOf, yieldsOf } from './recipe.ts';

export interface TagTools {
  /** The shop's: days begin at its midnight. */
  readonly zone: Zone;
  /** Event types beyond `EVENT_TYPES` that sources send. */
  readonly eventTypes?: readonly string[];
}

export type CompiledTags =
  | { readonly ok: true; readonly plan: TagPlan }
  | { readonly ok: false; readonly problems: readonly CatalogueProblem[] };

export const TAGS_MAX = 2_000;

export function compileTags(content: Json, { zone, eventTypes = [] }: TagTools): CompiledTags {
  const problems: CatalogueProblem[] = [];
  const list = readList(content, 'tags', problems);
  if (list.length > TAGS_MAX) report(problems, [], `There may be ${TAGS_MAX} tags at most.`);
  const definitions = list.slice(0, TAGS_MAX).flatMap((value, index) => {
    const context = { tools: { eventTypes }, problems };
    return readDefinition(value, [index], context) ?? [];
  });
  checkUnique(definitions, problems);
  const compiled = compileConditions(definitions, { list, problems });
  const ordered = order(compiled, problems);
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, plan: buildTagPlan(ordered, zone) };
}

function checkUnique(definitions: readonly TagDefinition[], problems: CatalogueProblem[]): void {
  const names = new Set<string>();
  const ids = new Map<number, string>();
  const roles = new Set<string>();
  for (const { name, id, path, rfm } of definitions) {
    const taken = ids.get(id);
    if (names.has(name)) report(problems, [...path, 'name'], `There is a tag '${name}' already.`);
    else if (taken !== undefined) {
      report(
        problems,
        [...path, 'name'],
        `'${name}' and '${taken}' cannot be told apart: rename one.`,
      );
    }
    if (rfm !== null && roles.has(rfm)) {
      report(problems, [...path, 'rfm'], `There is another tag with 'rfm: ${rfm}'.`);
    }
    names.add(name);
    ids.set(id, name);
    if (rfm !== null) roles.add(rfm);
  }
}

interface Surroundings {
  readonly list: readonly Json[];
  readonly problems: CatalogueProblem[];
}

function compileConditions(
  definitions: readonly TagDefinition[],
  { list, problems }: Surroundings,
): readonly CompiledTag[] {
  const names = new Map(definitions.map(({ name, unit }) => [name, nameTypeOf(unit)]));
  // A tag that could not be read is a problem of its own, not one of those that read it.
  const unread = new Set(list.flatMap(nameOf).filter((name) => !names.has(name)));
  return definitions.map((definition) => {
    const { recipe } = definition;
    if (recipe.kind !== 'when') return { definition, condition: null };
    const condition = compileCondition(recipe.text, { definition, names, unread, problems });
    return { definition, condition };
  });
}

interface ConditionContext {
  readonly definition: TagDefinition;
  readonly names: ReadonlyMap<string, NameType>;
  readonly unread: ReadonlySet<string>;
  readonly problems: CatalogueProblem[];
}

function compileCondition(text: string, context: ConditionContext): Expression | null {
  const { definition, names, unread, problems } = context;
  const path = [...definition.path, 'when'];
  const compiled = compileExpression(text, { names });
  if (!compiled.ok) {
    const words = text.match(/[a-z_][a-z0-9_]*/g) ?? [];
    if (words.some((word) => unread.has(word))) return null;
    report(problems, path, compiled.message, compiled.suggestion);
    return null;
  }
  const { expression } = compiled;
  const wanted = yieldsOf(definition.unit);
  if (expression.yields !== wanted && expression.yields !== 'any') {
    const message = `It yields a ${expression.yields}, the tag is a ${wanted}: say 'unit:'.`;
    report(problems, path, message, unitFor(expression.yields));
  }
  return expression;
}

const unitFor = (yields: Expression['yields']): string =>
  yields === 'string' ? 'unit: text' : `unit: ${yields}`;

const nameOf = (value: Json): readonly string[] =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
    ? [value.name]
    : [];

/** Each tag after those it reads; a circle is reported with its path. */
function order(
  compiled: readonly CompiledTag[],
  problems: CatalogueProblem[],
): readonly CompiledTag[] {
  const byName = new Map(compiled.map((tag) => [tag.definition.name, tag]));
  const ordered = new Set<CompiledTag>();
  const visit = (tag: CompiledTag, way: readonly string[]): void => {
    const { name, path } = tag.definition;
    if (ordered.has(tag)) return;
    if (way.includes(name)) {
      const circle = [...way.slice(way.indexOf(name)), name];
      report(problems, [...path, 'when'], `The tag depends on itself: ${circle.join(' → ')}.`);
      ordered.add(tag);
      return;
    }
    for (const input of tag.condition?.names ?? []) {
      const read = byName.get(input);
      if (read !== undefined) visit(read, [...way, name]);
    }
    ordered.add(tag);
  };
  for (const tag of compiled) visit(tag, []);
  return [...ordered];
}
