/**
 * Reading what a marketer wrote, one object of the catalogue at a time. Problems are collected, never
 * thrown, so that all of a file are told at once; each has the path to its value (the caller knows
 * the line) and, where something similar exists, what was probably meant.
 */
import { parseDuration } from '../duration.ts';
import type { Json } from '../event.ts';
import { nearestName } from '../nearest-name.ts';

export type CataloguePath = readonly (string | number)[];

export interface CatalogueProblem {
  /** Keys and positions from the top of the file. */
  readonly path: CataloguePath;
  readonly message: string;
  readonly suggestion?: string;
}

export interface Entry {
  readonly path: CataloguePath;
  readonly fields: ReadonlyMap<string, Json>;
  readonly problems: CatalogueProblem[];
}

/** A text, or one by language: `{ en: "Hello", zh: "你好" }`. */
export type LocalText = string | Readonly<Record<string, string>>;

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z]{2,4})?$/;

export function report(
  problems: CatalogueProblem[],
  path: CataloguePath,
  message: string,
  suggestion?: string,
): undefined {
  problems.push(suggestion === undefined ? { path, message } : { path, message, suggestion });
  return undefined;
}

/** The list a file holds; a missing or empty file (null) is an empty one. */
export function readList(
  content: Json,
  what: string,
  problems: CatalogueProblem[],
): readonly Json[] {
  if (content === null) return [];
  if (isList(content)) return content;
  report(problems, [], `The file must be a list of ${what}, each beginning with \`- name:\`.`);
  return [];
}

/** An object that has none but the fields `known`; undefined, and a problem, if it is no object. */
export function readEntry(
  value: Json,
  at: { readonly path: CataloguePath; readonly what: string; readonly known?: readonly string[] },
  problems: CatalogueProblem[],
): Entry | undefined {
  const { path, what, known } = at;
  if (typeof value !== 'object' || value === null || isList(value)) {
    return report(problems, path, `${what} must be an object with fields.`);
  }
  const fields = new Map(Object.entries(value));
  for (const name of known === undefined ? [] : fields.keys()) {
    if (known?.includes(name) === true) continue;
    report(
      problems,
      [...path, name],
      `${what} has no field '${name}'.`,
      nearestName(name, known ?? []),
    );
  }
  return { path, fields, problems };
}

/** Adds a problem with a field (null: with the entry itself). */
export function fault(
  entry: Entry,
  field: string | null,
  message: string,
  suggestion?: string,
): undefined {
  const path = field === null ? entry.path : [...entry.path, field];
  return report(entry.problems, path, message, suggestion);
}

/** The name of a trigger, tag, coupon: snake_case, so that it can stand in an expression. */
export function readName(entry: Entry, what: string): string | undefined {
  const name = entry.fields.get('name');
  if (name === undefined) return fault(entry, null, `${what} needs a name.`);
  if (typeof name === 'string' && NAME.test(name)) return name;
  return fault(entry, 'name', 'A name is 1 to 63 of a-z, 0-9 and _, beginning with a letter.');
}

export function readText(entry: Entry, field: string): string | undefined {
  const value = entry.fields.get(field);
  if (value === undefined || typeof value === 'string') return value;
  return fault(entry, field, `'${field}' must be text.`);
}

export function readFlag(entry: Entry, field: string, otherwise: boolean): boolean {
  const value = entry.fields.get(field);
  if (value === undefined) return otherwise;
  if (typeof value === 'boolean') return value;
  fault(entry, field, `'${field}' must be true or false.`);
  return otherwise;
}

export function readWhole(
  entry: Entry,
  field: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const { min, max } = bounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  return fault(entry, field, `'${field}' must be a whole number from ${min} to ${max}.`);
}

export function readChoice<T extends string>(
  entry: Entry,
  field: string,
  choices: readonly T[],
): T | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice !== undefined) return choice;
  const near = typeof value === 'string' ? nearestName(value, choices) : undefined;
  return fault(entry, field, `'${field}' must be one of: ${choices.join(', ')}.`, near);
}

/** Milliseconds. */
export function readDuration(entry: Entry, field: string, maxMs: number): number | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined) {
    return fault(entry, field, `'${field}' must be a duration such as 30m, 12h or 3d.`);
  }
  if (ms > 0 && ms <= maxMs) return ms;
  return fault(entry, field, `'${field}' must be more than 0 and at most ${describeMs(maxMs)}.`);
}

export function readLocalText(entry: Entry, field: string): LocalText | undefined {
  const value = entry.fields.get(field);
  if (value === undefined || typeof value === 'string') return value;
  const texts = value === null || typeof value !== 'object' ? [] : Object.entries(value);
  const isByLanguage = texts.every(
    ([language, text]) => LANGUAGE.test(language) && typeof text === 'string',
  );
  if (texts.length > 0 && isByLanguage) return Object.fromEntries(texts) as Record<string, string>;
  return fault(entry, field, `'${field}' must be text, or texts by language: { en: …, zh: … }.`);
}

/** One text or a list of them, as `on: a` and `on: [a, b]`. */
export function readTexts(entry: Entry, field: string): readonly string[] | undefined {
  const value = entry.fields.get(field);
  if (value === undefined) return undefined;
  const list = isList(value) ? value : [value];
  if (list.length > 0 && list.every((one) => typeof one === 'string')) return [...new Set(list)];
  return fault(entry, field, `'${field}' must be a name or a list of names.`);
}

export const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function describeMs(ms: number): string {
  const days = ms / 86_400_000;
  return days >= 1 ? `${days}d` : `${ms / 3_600_000}h`;
}
