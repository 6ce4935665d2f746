/**
 * What a message says: a title, a body and data, with `{{variables}}`, in several languages. A
 * variable without a value refuses the whole message with a reason, so that nobody is ever greeted
 * "Hi undefined". Escaping is the channel's own business.
 */
import {
  fault,
  isList,
  readEntry,
  readList,
  readLocalText,
  readName,
  type CatalogueProblem,
  type Entry,
  type LocalText,
} from './catalogue/entry.ts';
import type { Json, JsonObject } from './event.ts';

export interface TemplateContent {
  readonly title?: LocalText;
  readonly body?: LocalText;
  /** For machines: JSON whose texts may hold variables. */
  readonly data?: JsonObject;
}

export type Rendered =
  | { readonly kind: 'rendered'; readonly content: JsonObject }
  | { readonly kind: 'refused'; readonly reason: string };

export type CompiledTemplates =
  | { readonly ok: true; readonly templates: ReadonlyMap<string, TemplateContent> }
  | { readonly ok: false; readonly problems: readonly CatalogueProblem[] };

const VARIABLE = /\{\{([^{}]*)\}\}/g;
const VARIABLE_ONLY = /^\{\{([^{}]*)\}\}$/;
const DEFAULT_LANGUAGE = 'en';
const TEXT_LENGTH_MAX = 4_000;
const DATA_DEPTH_MAX = 8;

/** `catalogue/templates.yaml`: messages that several triggers share. */
export function compileTemplates(content: Json): CompiledTemplates {
  const problems: CatalogueProblem[] = [];
  const templates = new Map<string, TemplateContent>();
  for (const [index, value] of readList(content, 'templates', problems).entries()) {
    const known = ['name', 'title', 'body', 'with'];
    const entry = readEntry(value, { path: [index], what: 'A template', known }, problems);
    const name = entry && readName(entry, 'A template');
    if (entry === undefined || name === undefined) continue;
    if (templates.has(name)) fault(entry, 'name', `There are two templates '${name}'.`);
    templates.set(name, readContent(entry));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, templates };
}

/** Reads `title`, `body` and `with` of an entry. */
export function readContent(entry: Entry): TemplateContent {
  const title = readLocalText(entry, 'title');
  const body = readLocalText(entry, 'body');
  const data = readData(entry);
  return {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { body }),
    ...(data === undefined ? {} : { data }),
  };
}

/**
 * What a step of an action says: its own title, body and data (`with`), over those of the template it
 * names; undefined: there is no such template any more.
 */
export function contentOfStep(
  step: { readonly template?: string; readonly with?: JsonObject },
  templates: ReadonlyMap<string, TemplateContent>,
): TemplateContent | undefined {
  const own = (step.with ?? NOTHING) as TemplateContent;
  if (step.template === undefined) return own;
  const named = templates.get(step.template);
  return named && (own === NOTHING ? named : { ...named, ...own });
}

const NOTHING: TemplateContent & JsonObject = {};

/** Every variable a message uses, in any language, each once. */
export function variablesOf(content: TemplateContent): readonly string[] {
  const found = new Set<string>();
  const visit = (value: Json): void => {
    if (typeof value === 'string') {
      for (const [, name = ''] of value.matchAll(VARIABLE)) found.add(name.trim());
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) visit(inner);
    }
  };
  for (const part of [content.title, content.body, content.data]) {
    if (part !== undefined) visit(part);
  }
  return [...found];
}

/** `context` is what variables are looked up in; `language` such as `zh` or `zh-CN`. */
export function renderContent(
  content: TemplateContent,
  context: JsonObject,
  language: string,
): Rendered {
  try {
    const { title, body, data } = content;
    const rendered: Record<string, Json> = {};
    if (title !== undefined) rendered['title'] = renderText(textIn(title, language), context);
    if (body !== undefined) rendered['body'] = renderText(textIn(body, language), context);
    if (data !== undefined) rendered['data'] = renderData(data, context);
    return { kind: 'rendered', content: rendered };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** The text in this language, else in its base language, English, or the first there is. */
export function textIn(text: LocalText, language: string): string {
  if (typeof text === 'string') return text;
  const dash = language.indexOf('-');
  const base = dash < 0 ? language : language.slice(0, dash);
  return (
    ownText(text, language) ??
    ownText(text, base) ??
    ownText(text, DEFAULT_LANGUAGE) ??
    Object.values(text)[0] ??
    ''
  );
}

const ownText = (text: Exclude<LocalText, string>, language: string): string | undefined =>
  Object.hasOwn(text, language) ? text[language] : undefined;

/** Leaves the rendering; a value outside of it. */
class Refusal extends Error {}

function renderText(text: string, context: JsonObject): string {
  const rendered = text.replaceAll(VARIABLE, (_, name: string) => print(name.trim(), context));
  if (rendered.length <= TEXT_LENGTH_MAX) return rendered;
  throw new Refusal(`the text is longer than ${TEXT_LENGTH_MAX} characters`);
}

/** A text that is one variable and nothing else keeps the variable's type. */
function renderData(value: Json, context: JsonObject): Json {
  if (typeof value === 'string') {
    const [, name] = VARIABLE_ONLY.exec(value) ?? [];
    return name === undefined ? renderText(value, context) : lookUp(name.trim(), context);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((one) => renderData(one, context));
  const rendered = Object.create(null) as Record<string, Json>;
  for (const [name, one] of Object.entries(value)) rendered[name] = renderData(one, context);
  return rendered;
}

function print(name: string, context: JsonObject): string {
  const value = lookUp(name, context);
  if (typeof value !== 'object') return String(value);
  const isFlat = isList(value) && value.every((one) => typeof one !== 'object');
  if (isFlat && value.length > 0) return value.join(', ');
  throw new Refusal(`variable '${name}' is nothing that can be printed`);
}

function lookUp(name: string, context: JsonObject): NonNullable<Json> {
  let value: Json | undefined = context;
  for (const part of name.split('.')) {
    value = fieldOf(value, part);
  }
  if (value === undefined || value === null || value === '') {
    throw new Refusal(`variable '${name}' has no value`);
  }
  return value;
}

function fieldOf(holder: Json | undefined, name: string): Json | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  return Object.hasOwn(holder, name) ? (holder as JsonObject)[name] : undefined;
}

function readData(entry: Entry): JsonObject | undefined {
  const value = entry.fields.get('with');
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || isList(value)) {
    return fault(entry, 'with', "'with' must be an object of fields.");
  }
  if (isDeeper(value, DATA_DEPTH_MAX)) {
    return fault(entry, 'with', `'with' lies deeper than ${DATA_DEPTH_MAX} levels.`);
  }
  return value;
}

function isDeeper(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((one: Json) => isDeeper(one, depth - 1));
}
