/**
 * The reference model: one thread, one event after another, everything kept. It says of every event
 * whose it is, of every profile which tags it has at any moment, and which decisions fall when. What
 * it is told besides the events is the order in which they were met and when the state of an absorbed
 * profile reached its survivor, as merges travel through the log (decisions.md Q2, Q9). Shares no code
 * with src/.
 */
import type { ModelEvent } from './event.ts';
import { IdentityModel, type ModelProfile } from './identity.ts';
import { tagAt, tagsAt, type Tags } from './tags.ts';
import { TriggerModel, WATCHED, type Decision, type Moved, type Shopper } from './triggers.ts';
import { DAY, HOUR, leavesAt } from './windows.ts';

/** Timers fire this long after they are due, so that what happened just before may arrive first. */
const SLACK = 300;
/** `active` is lost on the 31st day. */
const ACTIVE_FOR = 31 * DAY;
const LONGEST_WATCHED = 90 * DAY;

export interface Decided extends Decision {
  readonly profile: ModelProfile;
}

interface State {
  readonly profile: ModelProfile;
  readonly events: ModelEvent[];
  readonly held: Set<string>;
  readonly consents: Map<string, { at: number; granted: boolean }>;
  readonly triggers: TriggerModel;
  /** Watched tags that it has. */
  has: ReadonlySet<string>;
  /** Moments at which a watched tag may come or go by itself. */
  edges: number[];
  /** The latest moment it was looked at: its time never goes back. */
  clock: number;
}

export class Model {
  readonly identity = new IdentityModel();
  readonly decisions: Decided[] = [];
  /** Event id → whose it was when it came; null: nobody's. */
  readonly owners = new Map<string, ModelProfile | null>();
  readonly mergedInto = new Map<ModelProfile, ModelProfile>();
  /** Events told again when whose they are was no longer whose they had been. */
  readonly retold: string[] = [];
  readonly #states = new Map<ModelProfile, State>();
  readonly #onTheirWay = new Map<ModelProfile, State>();

  /** An event as it is met at `now`; undefined: dead. */
  take(event: ModelEvent, now: number): ModelProfile | null | undefined {
    const found = this.identity.attribute(event.identifiers);
    if (found.kind === 'dead') return undefined;
    const owner = found.kind === 'attributed' ? found.target : null;
    const isNew = !this.owners.has(event.id);
    if (isNew) this.owners.set(event.id, owner);
    else if (this.owners.get(event.id) !== owner) this.retold.push(event.id);
    if (found.kind !== 'attributed') return null;
    for (const absorbed of found.absorbed) this.#close(absorbed, found.target, now);
    for (const { key, from } of found.released) this.#states.get(from)?.held.delete(key);
    const state = this.#stateOf(found.target);
    this.#advance(state, now, false);
    // Told twice is told once.
    if (!isNew) return owner;
    for (const { key } of found.accepted) state.held.add(key);
    this.#apply(state, event, now);
    return owner;
  }

  /** The state of an absorbed profile reaches the profile that has it from now on. */
  handOver(absorbed: ModelProfile, survivor: ModelProfile, at: number): void {
    const from = this.#onTheirWay.get(absorbed);
    if (from === undefined) throw new Error('a profile was handed over that nobody absorbed');
    this.#onTheirWay.delete(absorbed);
    const state = this.#stateOf(survivor);
    this.#advance(state, at, false);
    const now = Math.max(at, state.clock, from.clock);
    state.events.push(...from.events);
    state.edges.push(...from.edges);
    for (const key of from.held) state.held.add(key);
    for (const [channel, said] of from.consents) noteConsent(state, channel, said);
    state.triggers.take(from.triggers);
    const moved = this.#look(state, now);
    const shopper = shopperOf(state, now);
    this.#record(state, state.triggers.settle(shopper));
    this.#record(state, state.triggers.reactToTags(moved, now, shopper));
  }

  /** Lets time pass for everybody; answers everybody's tags then. */
  tagsAt(now: number): ReadonlyMap<ModelProfile, Tags> {
    const tags = new Map<ModelProfile, Tags>();
    for (const state of this.#states.values()) {
      this.#advance(state, now, true);
      tags.set(state.profile, tagsAt({ events: state.events, now }));
    }
    return tags;
  }

  get onTheirWay(): number {
    return this.#onTheirWay.size;
  }

  #stateOf(profile: ModelProfile): State {
    let state = this.#states.get(profile);
    if (state === undefined) this.#states.set(profile, (state = newState(profile)));
    return state;
  }

  #close(absorbed: ModelProfile, survivor: ModelProfile, now: number): void {
    const state = this.#stateOf(absorbed);
    this.#advance(state, now, false);
    state.clock = Math.max(state.clock, now);
    this.mergedInto.set(absorbed, survivor);
    this.#states.delete(absorbed);
    this.#onTheirWay.set(absorbed, state);
  }

  #apply(state: State, event: ModelEvent, now: number): void {
    state.events.push(event);
    state.edges.push(...edgesOf(event));
    if (event.type === 'consent_changed') {
      const { channel, granted } = event.properties;
      noteConsent(state, String(channel), { at: event.at, granted: granted === true });
    }
    const moved = this.#look(state, now);
    this.#record(state, state.triggers.react(event, shopperOf(state, now), moved));
  }

  /** What is due before `until` happens in its order, each at its own time and the slack. */
  #advance(state: State, until: number, inclusive: boolean): void {
    for (;;) {
      const edge = Math.min(Infinity, ...state.edges);
      const dueAt = Math.min(edge, state.triggers.nextDueAt);
      const now = dueAt + SLACK;
      if (inclusive ? now > until : now >= until) return;
      const hasEdge = edge <= dueAt;
      const moved = hasEdge ? this.#look(state, now) : NOTHING_MOVED;
      const shopper = shopperOf(state, now);
      if (hasEdge) this.#record(state, state.triggers.reactToTags(moved, edge, shopper));
      this.#record(state, state.triggers.fire(dueAt, shopper));
    }
  }

  /** Which of the watched tags came and went since somebody looked. */
  #look(state: State, now: number): Moved {
    const before = state.has;
    const asked = { events: state.events, now };
    state.has = new Set(WATCHED.filter((tag) => tagAt(tag, asked) !== undefined));
    state.edges = state.edges.filter((edge) => edge > now);
    state.clock = Math.max(state.clock, now);
    return {
      entered: new Set([...state.has].filter((tag) => !before.has(tag))),
      left: new Set([...before].filter((tag) => !state.has.has(tag))),
    };
  }

  #record({ profile }: State, decisions: readonly Decision[]): void {
    for (const decision of decisions) this.decisions.push({ ...decision, profile });
  }
}

const NOTHING_MOVED: Moved = { entered: new Set(), left: new Set() };

const newState = (profile: ModelProfile): State => ({
  profile,
  events: [],
  held: new Set(),
  consents: new Map(),
  triggers: new TriggerModel(),
  has: new Set(),
  edges: [],
  clock: 0,
});

const shopperOf = ({ profile, events, held, consents }: State, now: number): Shopper => ({
  events,
  now,
  anonymous: profile.anonymous,
  least: [...held].toSorted()[0] ?? '',
  consents,
});

/** The latest word counts; of two at one moment the refusal. */
function noteConsent(
  { consents }: State,
  channel: string,
  said: { readonly at: number; readonly granted: boolean },
): void {
  const before = consents.get(channel);
  if (before && (before.at > said.at || (before.at === said.at && !before.granted))) return;
  consents.set(channel, said);
}

function edgesOf({ type, at }: ModelEvent): readonly number[] {
  const edges = [at + ACTIVE_FOR];
  if (type === 'product_searched') edges.push(leavesAt(at, HOUR));
  if (type.startsWith('order_')) edges.push(leavesAt(at, LONGEST_WATCHED));
  return edges;
}
