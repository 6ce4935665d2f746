/**
 * What `catalogue/channels.yaml` says: which channels there are, whether they send, and what consent
 * they need. Nothing is sent by accident: a channel nobody speaks of is in `test`, and one that says
 * nothing of consent asks for it first. `log`, which reaches nobody, is `live` and needs none.
 */
import {
  fault,
  isList,
  readChoice,
  readEntry,
  readText,
  report,
  type CatalogueProblem,
  type Entry,
} from './catalogue/entry.ts';
import type { Json } from './event.ts';
import { IDENTIFIER_TYPES, type IdentifierType } from './identity/identifier.ts';
import { nearestName } from './nearest-name.ts';

const MODES = ['off', 'test', 'live'] as const;
/** `test`: only the listed shoppers; everything else is recorded as it would have been. */
type ChannelMode = (typeof MODES)[number];

const CONSENT_RULES = ['none', 'opt_out', 'opt_in'] as const;
/** `opt_out`: unless withdrawn; `opt_in`: only once granted. */
export type ConsentRule = (typeof CONSENT_RULES)[number];

const KINDS = ['log', 'webhook'] as const;
type ChannelKind = (typeof KINDS)[number];

export interface ChannelDefinition {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly mode: ChannelMode;
  readonly consent: ConsentRule;
  /** Where a webhook sends to. */
  readonly url: string | null;
  /** The setting that holds a webhook's signing secret. */
  readonly secretEnv: string | null;
}

interface TestShopper {
  readonly type: IdentifierType;
  readonly value: string;
}

export interface ChannelPlan {
  readonly channels: ReadonlyMap<string, ChannelDefinition>;
  readonly testShoppers: readonly TestShopper[];
}

export type CompiledChannels =
  | { readonly ok: true; readonly plan: ChannelPlan }
  | { readonly ok: false; readonly problems: readonly CatalogueProblem[] };

/** What a profile's consent says of one channel. */
export type ConsentState = 'granted' | 'withdrawn' | 'unknown';

const FIELDS = ['kind', 'mode', 'consent', 'url', 'secret_env'];
const NAME = /^[a-z][a-z0-9_]{0,30}$/;
const URL = /^https?:\/\/[^\s/?#@]+([/?#]\S*)?$/;
const SECRET_ENV = /^WEFT_[A-Z0-9_]{1,60}$/;
const TEST_SHOPPERS_MAX = 100;

export function compileChannels(content: Json): CompiledChannels {
  const problems: CatalogueProblem[] = [];
  const root = content === null ? {} : content;
  const file = readEntry(root, { path: [], what: 'The file' }, problems);
  const channels = new Map<string, ChannelDefinition>();
  for (const kind of KINDS) channels.set(kind, defaultOf(kind));
  for (const [name, value] of file?.fields ?? []) {
    if (name === 'test_shoppers') continue;
    const channel = readChannel(name, value, problems);
    if (channel !== undefined) channels.set(name, channel);
  }
  const shoppers = file?.fields.get('test_shoppers');
  const testShoppers = shoppers === undefined ? [] : readTestShoppers(shoppers, problems);
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, plan: { channels, testShoppers } };
}

export function isAllowed(rule: ConsentRule, consent: ConsentState): boolean {
  switch (rule) {
    case 'none':
      return true;
    case 'opt_out':
      return consent !== 'withdrawn';
    case 'opt_in':
      return consent === 'granted';
  }
}

const defaultOf = (kind: ChannelKind): ChannelDefinition => ({
  name: kind,
  kind,
  mode: kind === 'log' ? 'live' : 'test',
  consent: kind === 'log' ? 'none' : 'opt_in',
  url: null,
  secretEnv: null,
});

function readChannel(
  name: string,
  value: Json,
  problems: CatalogueProblem[],
): ChannelDefinition | undefined {
  const what = `Channel '${name}'`;
  const entry = readEntry(value, { path: [name], what, known: FIELDS }, problems);
  if (entry === undefined) return undefined;
  if (!NAME.test(name)) {
    return fault(entry, null, 'A channel is named with a-z, 0-9 and _, beginning with a letter.');
  }
  if (name === 'coupon') return fault(entry, null, "'coupon' is a step of its own, no channel.");
  const kind = readChoice(entry, 'kind', KINDS) ?? KINDS.find((one) => one === name);
  if (kind === undefined) {
    if (entry.fields.has('kind')) return undefined;
    const message = `${what} must say its kind, one of: ${KINDS.join(', ')}.`;
    return fault(entry, null, message, nearestName(name, KINDS));
  }
  const defaults = defaultOf(kind);
  const channel: ChannelDefinition = {
    name,
    kind,
    mode: readChoice(entry, 'mode', MODES) ?? defaults.mode,
    consent: readChoice(entry, 'consent', CONSENT_RULES) ?? defaults.consent,
    url: readPattern(entry, 'url', URL, 'an address such as https://crm.example/weft'),
    secretEnv: readPattern(entry, 'secret_env', SECRET_ENV, 'the name of a setting, WEFT_…'),
  };
  if (kind === 'webhook' && channel.mode === 'live' && channel.url === null) {
    return fault(entry, null, `${what} is live but has no url to send to.`, 'mode: test');
  }
  return channel;
}

function readPattern(entry: Entry, field: string, pattern: RegExp, what: string): string | null {
  const text = readText(entry, field);
  if (text === undefined) return null;
  if (!pattern.test(text)) fault(entry, field, `'${field}' must be ${what}.`);
  return text;
}

function readTestShoppers(value: Json, problems: CatalogueProblem[]): readonly TestShopper[] {
  const path = ['test_shoppers'];
  if (!isList(value) || value.length > TEST_SHOPPERS_MAX) {
    report(problems, path, `'test_shoppers' must be a list of at most ${TEST_SHOPPERS_MAX}.`);
    return [];
  }
  const known = ['type', 'value'];
  const shoppers: TestShopper[] = [];
  for (const [index, one] of value.entries()) {
    const at = { path: [...path, index], what: 'A test shopper', known };
    const entry = readEntry(one, at, problems);
    if (entry === undefined) continue;
    const type = readChoice(entry, 'type', IDENTIFIER_TYPES);
    const text = entry.fields.get('value');
    if (type !== undefined && (typeof text === 'string' || typeof text === 'number')) {
      shoppers.push({ type, value: String(text) });
    } else if (!entry.fields.has('type') || type !== undefined) {
      fault(
        entry,
        null,
        'A test shopper needs a type and a value: { type: phone, value: "138…" }.',
      );
    }
  }
  return shoppers;
}
