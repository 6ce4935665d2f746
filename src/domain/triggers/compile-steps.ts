/** What a trigger does: the steps of its `do`, and what their messages speak of. */
import { fault, isList, readEntry, readText, report, type Entry } from '../catalogue/entry.ts';
import type { Json } from '../event.ts';
import { nearestName } from '../nearest-name.ts';
import { readContent, variablesOf, type TemplateContent } from '../template.ts';
import { FACT_VARIABLES, propertyOfVariable } from './event-facts.ts';
import type { KnownToTriggers } from './known.ts';
import type { PlannedChannel, PlannedStep } from './plan.ts';

const STEPS_MAX = 8;
const FALLBACKS_MAX = 4;
const SEND_FIELDS = ['template', 'title', 'body', 'with'];

export interface CompiledSteps {
  readonly steps: readonly PlannedStep[];
  readonly tags: readonly string[];
  readonly properties: readonly string[];
}

interface Reading {
  readonly trigger: Entry;
  readonly known: KnownToTriggers;
  /** Coupons the trigger issues: `{{coupon}}` is the first one's code, `{{coupons.<name>}}` each. */
  readonly coupons: readonly string[];
  readonly tags: Set<string>;
  readonly properties: Set<string>;
}

export function compileSteps(trigger: Entry, known: KnownToTriggers): CompiledSteps {
  const list = trigger.fields.get('do');
  const tags = new Set<string>();
  const properties = new Set<string>();
  if (list === undefined || !isList(list) || list.length === 0 || list.length > STEPS_MAX) {
    const message = `'do' must be a list of 1 to ${STEPS_MAX} steps, such as - log: {}`;
    fault(trigger, list === undefined ? null : 'do', message);
    return { steps: [], tags: [], properties: [] };
  }
  const reading = { trigger, known, coupons: list.flatMap(couponIn), tags, properties };
  const steps = list.flatMap((value, index) => compileStep(value, index, reading) ?? []);
  return { steps, tags: [...tags], properties: [...properties] };
}

const couponIn = (step: Json): readonly string[] => {
  const coupon = typeof step === 'object' && step !== null && 'coupon' in step && step['coupon'];
  return typeof coupon === 'string' ? [coupon] : [];
};

function compileStep(value: Json, index: number, reading: Reading): PlannedStep | undefined {
  const path = [...reading.trigger.path, 'do', index];
  const { problems } = reading.trigger;
  const step = readEntry(value, { path, what: 'A step' }, problems);
  if (step === undefined) return undefined;
  const names = [...step.fields.keys()].filter((name) => name !== 'fallback');
  const [name] = names;
  if (name === undefined || names.length > 1) {
    return report(
      problems,
      path,
      'A step is a coupon or one channel: { coupon: name } or { log: {} }.',
    );
  }
  if (name === 'coupon') return compileCoupon(step, reading.known);
  const first = findChannel(step, name, name, reading.known);
  const fallbacks = compileFallbacks(step, reading.known);
  const content = compileContent(step, name, reading);
  if (first === undefined || content === undefined) return undefined;
  return { kind: 'send', channels: [first, ...fallbacks], ...content };
}

function compileCoupon(step: Entry, { coupons }: KnownToTriggers): PlannedStep | undefined {
  const coupon = readText(step, 'coupon');
  if (step.fields.has('fallback')) fault(step, 'fallback', 'A coupon has no fallback.');
  if (coupon === undefined) return undefined;
  if (coupons.has(coupon)) return { kind: 'coupon', coupon };
  return fault(
    step,
    'coupon',
    `There is no coupon '${coupon}'.`,
    nearestName(coupon, coupons.keys()),
  );
}

function findChannel(
  step: Entry,
  field: string,
  name: string,
  { channels }: KnownToTriggers,
): PlannedChannel | undefined {
  const channel = channels.get(name);
  if (channel !== undefined) return { name, consent: channel.consent };
  const near = nearestName(name, [...channels.keys(), 'coupon']);
  return fault(step, field, `There is no channel '${name}' in channels.yaml.`, near);
}

function compileFallbacks(step: Entry, known: KnownToTriggers): readonly PlannedChannel[] {
  const value = step.fields.get('fallback');
  if (value === undefined) return [];
  if (!isList(value) || value.length > FALLBACKS_MAX) {
    fault(step, 'fallback', `'fallback' must be a list of at most ${FALLBACKS_MAX} channels.`);
    return [];
  }
  return value.flatMap((one) =>
    typeof one === 'string'
      ? (findChannel(step, 'fallback', one, known) ?? [])
      : (fault(step, 'fallback', "'fallback' must be a list of channels.") ?? []),
  );
}

function compileContent(step: Entry, channel: string, reading: Reading) {
  const path = [...step.path, channel];
  const what = `'${channel}'`;
  const value = step.fields.get(channel) ?? Object.create(null);
  const entry = readEntry(value, { path, what, known: SEND_FIELDS }, step.problems);
  if (entry === undefined) return undefined;
  const template = readText(entry, 'template') ?? null;
  const content = readContent(entry);
  checkVariables(entry, content, reading);
  if (template === null) {
    return { template, content: Object.keys(content).length === 0 ? null : content };
  }
  if (content.title !== undefined || content.body !== undefined) {
    fault(entry, 'template', 'A step has a template, or a title and a body of its own, not both.');
  }
  const named = reading.known.templates?.get(template);
  if (named === undefined) {
    const near = nearestName(template, reading.known.templates?.keys() ?? []);
    return fault(entry, 'template', `There is no template '${template}' in templates.yaml.`, near);
  }
  checkVariables(entry, named, reading);
  return { template, content: content.data === undefined ? null : { data: content.data } };
}

/** A variable that can never have a value would refuse every message. */
function checkVariables(entry: Entry, content: TemplateContent, reading: Reading): void {
  const { known, coupons, tags, properties } = reading;
  for (const name of variablesOf(content)) {
    const tag = name.startsWith('tags.') ? name.slice('tags.'.length) : '';
    const property = propertyOfVariable(name);
    if (known.tags.has(tag)) tags.add(tag);
    else if (property !== undefined) properties.add(property);
    else if (!FACT_VARIABLES.has(name) && !couponVariables(coupons).includes(name)) {
      const isOfCoupon = /^coupons?(\.|$)/.test(name);
      const message = isOfCoupon
        ? `'{{${name}}}' needs a step that issues this coupon.`
        : `There is no variable '{{${name}}}'.`;
      fault(entry, null, message, nearestName(name, variables(reading)));
    }
  }
}

const couponVariables = (coupons: readonly string[]): readonly string[] =>
  coupons.length === 0 ? [] : ['coupon', ...coupons.map((name) => `coupons.${name}`)];

const variables = ({ known, coupons }: Reading): readonly string[] => [
  ...[...known.tags.keys()].map((tag) => `tags.${tag}`),
  ...FACT_VARIABLES,
  ...couponVariables(coupons),
];
