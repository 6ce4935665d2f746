/**
 * A shopper for the tests of triggers: events and clock as lines of text, answers as lines of text.
 *
 *     cart_added:C1 @5m              an event of cart C1 at minute 5, named by its line number: e1
 *     order_paid:C1 #x @5m seen 12m  named x, met when the clock stood at minute 12
 *     clock @35m                     time passes: each timer fires 300 ms after it is due
 *     jump @35m                      the clock stood still, and now is there: timers fire late
 */
import type { ConsentState } from '../channels.ts';
import { parseDuration } from '../duration.ts';
import type { Json, JsonObject } from '../event.ts';
import type { NameType } from '../expression.ts';
import type { Action, StitchedEvent } from '../message.ts';
import { compileTriggers } from './compile.ts';
import type { EventContext, TagTransitions } from './context.ts';
import type { KnownToTriggers } from './known.ts';
import type { TriggerPlan } from './plan.ts';
import { react, reactToTags, settleMerged } from './react.ts';
import { emptyTriggerState, mergeTriggerStates, type TriggerState } from './state.ts';
import { fire, nextDueAt } from './waits.ts';

export const START = 1_760_000_000_000;
export const SLACK_MS = 300;
export const MINUTE_MS = 60_000;

export const KNOWN: KnownToTriggers = {
  tags: new Map<string, NameType>([
    ['orders_30d', 'number'],
    ['cart_value', 'money'],
    ['at_risk', 'boolean'],
    ['suspected_bot', 'boolean'],
    ['favourite_brand_90d', 'string'],
  ]),
  coupons: new Map([
    ['cart_saver_5', 1],
    ['welcome_10', 1],
  ]),
  channels: new Map([
    ['log', { consent: 'none' }],
    ['webhook', { consent: 'opt_out' }],
    ['push', { consent: 'opt_in' }],
  ]),
  templates: new Map([['cart_reminder', { title: 'Your cart', body: '{{tags.orders_30d}}' }]]),
  eventTypes: ['cart_added', 'order_paid', 'order_cancelled', 'product_viewed', 'app_opened'],
};

export function planOf(...triggers: readonly Json[]): TriggerPlan {
  const compiled = compileTriggers(triggers, KNOWN);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
}

/** `on` A, `then` B. */
export const sequenceOf = (trigger: JsonObject, then: JsonObject): JsonObject => ({
  ...trigger,
  // oxlint-disable-next-line unicorn/no-thenable -- it is a word of the catalogue, and no function
  then,
});

export const LOG: Json = [{ log: {} }];

export interface ShopperOptions {
  readonly anonymous: boolean;
  readonly bot: boolean;
  readonly history: boolean;
  readonly triggersAllowed: boolean;
  readonly quarantined: ReadonlySet<string>;
  readonly consents: Readonly<Record<string, ConsentState>>;
  /** Money in fen. */
  readonly tags: Readonly<Record<string, Json>>;
}

const DEFAULTS: ShopperOptions = {
  anonymous: false,
  bot: false,
  history: false,
  triggersAllowed: true,
  quarantined: new Set(),
  consents: {},
  tags: {},
};

export class Shopper {
  plan: TriggerPlan;
  state: TriggerState = emptyTriggerState();
  options: ShopperOptions;
  clock = START;
  readonly actions: Action[] = [];
  readonly notes: string[] = [];
  readonly errors: string[] = [];
  private events = 0;

  constructor(plan: TriggerPlan, options: Partial<ShopperOptions> = {}) {
    this.plan = plan;
    this.options = { ...DEFAULTS, ...options };
  }

  set(options: Partial<ShopperOptions>): this {
    this.options = { ...this.options, ...options };
    return this;
  }

  /** Plays the lines; answers what was decided during them. */
  play(...lines: readonly string[]): readonly string[] {
    const before = this.actions.length;
    for (const line of lines) this.step(line);
    return this.actions.slice(before).map(describe);
  }

  event(event: StitchedEvent, seenAt = event.at, transitions = NO_TRANSITIONS): readonly Action[] {
    this.fireUpTo(Math.max(this.clock, seenAt), false);
    const { triggersAllowed } = this.options;
    const context = { ...this.context(), transitions, triggersAllowed };
    return this.keep(react(this.plan, this.state, event, context));
  }

  /** Tags that move with time. */
  move(transitions: Partial<TagTransitions>, at: number): readonly string[] {
    this.fireUpTo(at, true);
    const moved = { ...NO_TRANSITIONS, ...transitions, at };
    return this.keep(reactToTags(this.plan, this.state, moved, this.context())).map(describe);
  }

  absorb(other: Shopper): readonly string[] {
    this.clock = Math.max(this.clock, other.clock);
    this.state = mergeTriggerStates(this.state, structuredClone(other.state));
    return this.keep(settleMerged(this.plan, this.state, this.context())).map(describe);
  }

  context(): Omit<EventContext, 'transitions' | 'triggersAllowed'> {
    const { anonymous, bot, history, quarantined, consents, tags } = this.options;
    return {
      tenant: 'default',
      profile: 'p1',
      clock: this.clock,
      history,
      anonymous,
      bot,
      quarantined,
      consent: (channel) => consents[channel] ?? 'unknown',
      scope: (_, event) => ({ ...tags, event }),
      tag: (name) => tags[name],
      recipients: () => [{ type: 'uid', scope: '', value: 'u1' }],
      leastIdentifier: () => 'uid u1',
      actionId: (trigger, anchor) => `${trigger}/${anchor}`,
      onRuleError: (trigger, error) => this.errors.push(`${trigger}: ${String(error)}`),
      onNote: (note, trigger) => this.notes.push(`${note} ${trigger}`),
    };
  }

  private step(line: string): void {
    const [what = '', ...words] = line.split(' ');
    const [type = '', cart] = what.split(':');
    const at = START + spanIn(words, '@');
    const seen = words.indexOf('seen');
    const seenAt = seen < 0 ? at : START + spanIn([`@${words[seen + 1]}`], '@');
    if (type === 'clock' || type === 'jump') return this.fireUpTo(at, true, type === 'jump');
    this.events += 1;
    const id = words.find((word) => word.startsWith('#'))?.slice(1) ?? `e${this.events}`;
    this.event(eventOf(id, type, at, cart), seenAt);
  }

  private fireUpTo(to: number, inclusive: boolean, jumps = false): void {
    for (let due = nextDueAt(this.state); due !== null; due = nextDueAt(this.state)) {
      const at = due + SLACK_MS;
      if (inclusive ? at > to : at >= to) break;
      this.clock = Math.max(this.clock, jumps && !this.options.history ? to : at);
      this.keep(fire(this.plan, this.state, due, this.context()));
    }
    this.clock = Math.max(this.clock, to);
  }

  private keep(actions: readonly Action[]): readonly Action[] {
    this.actions.push(...actions);
    return actions;
  }
}

export const NO_TRANSITIONS: TagTransitions = { entered: [], left: [] };

export function eventOf(
  id: string,
  type: string,
  at: number,
  cart?: string,
  fields: Partial<StitchedEvent> = {},
): StitchedEvent {
  return {
    kind: 'event',
    tenant: 'default',
    id,
    source: 'app',
    type,
    at,
    receivedAt: at,
    items: [],
    properties: '{}',
    flags: [],
    profile: 'p1',
    anonymous: false,
    identifiers: [],
    origin: { topic: 'raw.app', partition: 0, offset: 0, index: 0 },
    logTime: at,
    history: false,
    triggers: true,
    wait: null,
    forwardedFrom: null,
    hops: 0,
    ...(cart === undefined ? {} : { cart }),
    ...fields,
  };
}

/** `cart e1 due 30m`, `cart e1 due 30m profile_limit`. */
function describe({ trigger, event, dueAt, reason }: Action): string {
  const due = dueAt === null ? '' : ` due ${spanOf(dueAt - START)}`;
  return `${trigger} ${event === '' ? '-' : event}${due}${reason === null ? '' : ` ${reason}`}`;
}

const spanOf = (ms: number): string =>
  ms % MINUTE_MS === 0 ? `${ms / MINUTE_MS}m` : `${ms / 1_000}s`;

function spanIn(words: readonly string[], mark: string): number {
  const word = words.find((one) => one.startsWith(mark))?.slice(1) ?? '0m';
  const ms = parseDuration(word);
  if (ms === undefined) throw new Error(`'${word}' is no span`);
  return ms;
}
