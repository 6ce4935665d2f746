/**
 * Triggers, compiled: what `compile.ts` makes of `catalogue/triggers.yaml` and the engine runs.
 * Immutable. Indexed by what can set a trigger off, so that an event no trigger listens to costs one
 * look-up.
 */
import type { LocalText } from '../catalogue/entry.ts';
import type { ConsentRule } from '../channels.ts';
import type { Event } from '../event.ts';
import type { Expression } from '../expression.ts';
import type { ActionStep } from '../message.ts';
import type { TemplateContent } from '../template.ts';

/** The correlation key of an event; undefined: it has none, and takes no part. */
export type KeyOf = (event: Event) => string | undefined;

export interface Correlation {
  /** `cart.id`; '' where a trigger names none: then every event has the key ''. */
  readonly path: string;
  readonly keyOf: KeyOf;
}

export type Pattern =
  | { readonly kind: 'event'; readonly types: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string; readonly becomes: 'entered' | 'left' }
  | SequencePattern
  | AbsencePattern
  | CountPattern;

/** One of `types`, then one of `thenTypes` within the time, same key: decided at the second. */
export interface SequencePattern {
  readonly kind: 'sequence';
  readonly types: readonly string[];
  readonly thenTypes: readonly string[];
  readonly withinMs: number;
  readonly correlation: Correlation;
}

/** One of `types` and none of `unlessTypes` within the time, same key: decided when it is over. */
export interface AbsencePattern {
  readonly kind: 'absence';
  readonly types: readonly string[];
  readonly unlessTypes: readonly string[];
  readonly withinMs: number;
  readonly correlation: Correlation;
  readonly onAgain: 'restart' | 'keep_first';
}

/** `atLeast` of `types` within the time, same key: decided at the last of them. */
export interface CountPattern {
  readonly kind: 'count';
  readonly types: readonly string[];
  readonly withinMs: number;
  readonly atLeast: number;
  readonly correlation: Correlation;
}

export interface PlannedChannel {
  readonly name: string;
  readonly consent: ConsentRule;
}

export type PlannedStep =
  | { readonly kind: 'coupon'; readonly coupon: string }
  | {
      readonly kind: 'send';
      /** The channel, then its fallbacks, in order. Never empty. */
      readonly channels: readonly PlannedChannel[];
      readonly template: string | null;
      readonly content: TemplateContent | null;
    };

export interface Limit {
  readonly times: number;
  readonly overMs: number;
}

export interface CompiledTrigger {
  readonly name: string;
  /** `hash32(name)`: how profiles refer to it. */
  readonly hash: number;
  readonly title: LocalText;
  readonly pattern: Pattern;
  /** Asked of the event that sets it off, when it comes. */
  readonly where: Expression | null;
  /** Asked of the profile at the moment of the decision. */
  readonly condition: Expression | null;
  readonly steps: readonly PlannedStep[];
  /** All of `steps`, as actions tell them: made once, as most decisions use them whole. */
  readonly actionSteps: readonly ActionStep[];
  readonly perProfile: Limit | null;
  readonly maxEventAgeMs: number;
  readonly maxLatenessMs: number;
  /** Higher decides first. */
  readonly priority: number;
  readonly allowsAnonymous: boolean;
  /** Tags that the messages of its steps speak of. */
  readonly contextTags: readonly string[];
  /** Properties of the event that they speak of. */
  readonly contextProperties: readonly string[];
}

/** A trigger of one kind of pattern. */
export interface Of<P extends Pattern> {
  readonly trigger: CompiledTrigger;
  readonly pattern: P;
}

/** The waits an event type can end, by the correlation they ask for. */
export interface Ending {
  readonly correlation: Correlation;
  readonly triggers: ReadonlySet<number>;
}

/** What one event type means to the triggers. */
interface Listeners {
  readonly endings: readonly Ending[];
  /** In order of priority, then name. */
  readonly triggers: readonly CompiledTrigger[];
}

export interface TriggerPlan {
  /** In order of priority, then name. */
  readonly triggers: readonly CompiledTrigger[];
  readonly byHash: ReadonlyMap<number, CompiledTrigger>;
  readonly byEvent: ReadonlyMap<string, Listeners>;
  /** By `tagKey`. */
  readonly byTag: ReadonlyMap<string, readonly CompiledTrigger[]>;
  /** Those that `byTag` has: most tags that move set nothing off. */
  readonly tags: ReadonlySet<string>;
  /** How long an event that ends waits must be remembered, at most. */
  readonly recentHorizonMs: number;
}

export const tagKey = (tag: string, becomes: 'entered' | 'left'): string => `${becomes}:${tag}`;

export function buildPlan(unordered: readonly CompiledTrigger[]): TriggerPlan {
  const triggers = unordered.toSorted(
    (a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1),
  );
  const byEvent = new Map<string, { endings: Ending[]; triggers: CompiledTrigger[] }>();
  const listenersOf = (type: string) => {
    const found = byEvent.get(type) ?? { endings: [], triggers: [] };
    byEvent.set(type, found);
    return found;
  };
  const byTag = new Map<string, CompiledTrigger[]>();
  const tags = new Set<string>();
  for (const trigger of triggers) {
    const { pattern } = trigger;
    if (pattern.kind === 'tag') {
      const key = tagKey(pattern.tag, pattern.becomes);
      byTag.set(key, [...(byTag.get(key) ?? []), trigger]);
      tags.add(pattern.tag);
    }
    for (const type of startsOf(pattern)) listenersOf(type).triggers.push(trigger);
    for (const type of endsOf(pattern)) addEnding(listenersOf(type).endings, trigger);
  }
  return {
    triggers,
    byHash: new Map(triggers.map((trigger) => [trigger.hash, trigger])),
    byEvent,
    byTag,
    tags,
    recentHorizonMs: Math.max(0, ...triggers.map(horizonOf)),
  };
}

/** Event types that can set the pattern off or bring it on, each once. */
function startsOf(pattern: Pattern): ReadonlySet<string> {
  if (pattern.kind === 'tag') return new Set();
  return new Set(
    pattern.kind === 'sequence' ? [...pattern.types, ...pattern.thenTypes] : pattern.types,
  );
}

const endsOf = (pattern: Pattern): readonly string[] =>
  pattern.kind === 'absence' ? pattern.unlessTypes : [];

function addEnding(endings: Ending[], { hash, pattern }: CompiledTrigger): void {
  if (pattern.kind !== 'absence') return;
  const { correlation } = pattern;
  const index = endings.findIndex((one) => one.correlation.path === correlation.path);
  const triggers = new Set([...(endings[index]?.triggers ?? []), hash]);
  endings[index < 0 ? endings.length : index] = { correlation, triggers };
}

/** An arming event may be as old as `maxEventAge`, and its wait lasts `within`. */
const horizonOf = ({ pattern, maxEventAgeMs }: CompiledTrigger): number =>
  pattern.kind === 'absence' ? pattern.withinMs + maxEventAgeMs : 0;
