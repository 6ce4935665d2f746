/**
 * One entry of `catalogue/tags.yaml`, read: its name, its texts, and the recipe that the one key of
 * `KINDS` it has asks for. Everything wrong with it is reported at once.
 */
import {
  fault,
  readChoice,
  readEntry,
  readLocalText,
  readName,
  readText,
  type CataloguePath,
  type CatalogueProblem,
  type LocalText,
} from '../catalogue/entry.ts';
import type { Json } from '../event.ts';
import { hash32 } from '../hash.ts';
import type { DefinitionTools, Reading } from './definition-parts.ts';
import { readAverage, readConversion, readShare } from './ratio-recipes.ts';
import { unitOf, type Recipe, type Unit } from './recipe.ts';
import {
  readCart,
  readCount,
  readDaysSince,
  readDistinct,
  readEdge,
  readExtreme,
  readPeak,
  readSessions,
  readSum,
  readTop,
} from './window-recipes.ts';

export type RfmRole = 'R' | 'F' | 'M';

export interface TagDefinition {
  readonly path: CataloguePath;
  readonly name: string;
  /** `hash32` of the name: how profiles refer to the tag. */
  readonly id: number;
  readonly title: LocalText;
  readonly about: LocalText | null;
  readonly rfm: RfmRole | null;
  readonly recipe: Recipe;
  readonly unit: Unit;
}

interface Kind {
  /** What may stand beside the key. */
  readonly fields: readonly string[];
  readonly read: (reading: Reading) => Recipe | undefined;
}

const WINDOW = ['over', 'where'];

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['count', { fields: [...WINDOW, 'refunds'], read: readCount }],
  ['sum', { fields: [...WINDOW, 'of', 'refunds'], read: readSum }],
  ['average', { fields: [...WINDOW, 'of'], read: readAverage }],
  ['min', { fields: [...WINDOW, 'of'], read: (reading) => readExtreme(reading, 'min') }],
  ['max', { fields: [...WINDOW, 'of'], read: (reading) => readExtreme(reading, 'max') }],
  ['share', { fields: [...WINDOW, 'of'], read: readShare }],
  ['conversion', { fields: WINDOW, read: readConversion }],
  ['distinct', { fields: [...WINDOW, 'of'], read: readDistinct }],
  ['top', { fields: [...WINDOW, 'of'], read: readTop }],
  ['peak', { fields: [...WINDOW, 'of'], read: readPeak }],
  ['sessions', { fields: [...WINDOW, 'gap'], read: readSessions }],
  ['first', { fields: [...WINDOW, 'of'], read: (reading) => readEdge(reading, 'first') }],
  ['last', { fields: [...WINDOW, 'of'], read: (reading) => readEdge(reading, 'last') }],
  ['days_since', { fields: ['where'], read: readDaysSince }],
  ['cart', { fields: [], read: readCart }],
  ['when', { fields: ['unit'], read: readWhen }],
]);

const COMMON = ['name', 'title', 'about', 'rfm'];
const ALL_FIELDS = [
  ...new Set([...COMMON, ...KINDS.keys(), ...[...KINDS.values()].flatMap(({ fields }) => fields)]),
];

const UNITS: readonly Unit[] = ['boolean', 'count', 'number', 'share', 'money', 'text', 'list'];

export function readDefinition(
  value: Json,
  path: CataloguePath,
  { tools, problems }: { readonly tools: DefinitionTools; readonly problems: CatalogueProblem[] },
): TagDefinition | undefined {
  const entry = readEntry(value, { path, what: 'A tag', known: ALL_FIELDS }, problems);
  if (entry === undefined) return undefined;
  const name = readName(entry, 'A tag');
  const title = readLocalText(entry, 'title') ?? name ?? '';
  const about = readLocalText(entry, 'about') ?? null;
  const rfm = readChoice<RfmRole>(entry, 'rfm', ['R', 'F', 'M']) ?? null;
  const recipe = readRecipe({ entry, ...tools });
  if (name === undefined || recipe === undefined) return undefined;
  const unit = unitOf(recipe);
  if (rfm !== null && !fitsRole(rfm, recipe)) {
    fault(entry, 'rfm', 'R is a days_since, F a count, M a sum of money.');
  }
  return { path, name, id: hash32(name), title, about, rfm, recipe, unit };
}

function readRecipe(reading: Reading): Recipe | undefined {
  const { entry } = reading;
  const kinds = [...KINDS.keys()].filter((key) => entry.fields.has(key));
  const [key = ''] = kinds;
  const kind = KINDS.get(key);
  if (kind === undefined) {
    return fault(entry, null, `A tag needs one of: ${[...KINDS.keys()].join(', ')}.`);
  }
  if (kinds.length > 1) {
    return fault(entry, kinds[1] ?? key, `A tag is one of them only: ${kinds.join(' or ')}.`);
  }
  for (const field of entry.fields.keys()) {
    if (!ALL_FIELDS.includes(field) || [...COMMON, key, ...kind.fields].includes(field)) continue;
    fault(entry, field, `'${field}' means nothing beside '${key}': leave it out.`);
  }
  return kind.read(reading);
}

/** An expression over other tags; without `unit` it is true or absent. */
function readWhen({ entry }: Reading): Recipe | undefined {
  const text = readText(entry, 'when');
  const unit = readChoice(entry, 'unit', UNITS) ?? 'boolean';
  return text === undefined ? undefined : { kind: 'when', text, unit };
}

export function fitsRole(role: RfmRole, recipe: Recipe): boolean {
  switch (role) {
    case 'R':
      return recipe.kind === 'clock';
    case 'F':
      return recipe.kind === 'total' && recipe.unit === 'count';
    case 'M':
      return recipe.kind === 'total' && recipe.unit === 'money';
  }
}
