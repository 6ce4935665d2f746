/**
 * What triggers make of one profile's events, step by step, as the documents say it: the rules of
 * waits (`src/domain/triggers/waits.ts`), of patterns (`progress.ts`), of suppression (`decide.ts`).
 * Of memory only what shows within weeks is bounded here as it is there: the marks of patterns on their
 * way. Shares no code with src/.
 */
import { compare, type ModelEvent } from './event.ts';
import { RULES, type Rule, type RulePattern } from './rules.ts';
import { tagAt, type Asked } from './tags.ts';
import { HOUR } from './windows.ts';

export type Reason = 'anonymous' | 'suspected_bot' | 'no_consent' | 'profile_limit';

export interface Decision {
  readonly trigger: string;
  /** '' where none caused it. */
  readonly event: string;
  readonly anchor: string;
  readonly correlation: string | null;
  readonly dueAt: number | null;
  readonly decidedAt: number;
  readonly reason: Reason | null;
}

interface Wait {
  readonly rule: Rule;
  readonly pattern: Absence;
  readonly key: string;
  readonly armedBy: string;
  readonly armedAt: number;
  readonly dueAt: number;
}

/** An event that may end waits, or a wait that is over. */
interface Seen {
  readonly kind: string;
  readonly at: number;
  readonly id: string;
}

interface Mark {
  readonly at: number;
  readonly id: string;
  readonly second: boolean;
}

interface Progress {
  doneAt: number;
  marks: Mark[];
}

type Absence = Extract<RulePattern, { kind: 'absence' }>;
type Pattern = Extract<RulePattern, { kind: 'sequence' | 'count' }>;

export interface Shopper extends Asked {
  readonly anonymous: boolean;
  readonly least: string;
  readonly consents: ReadonlyMap<string, { readonly at: number; readonly granted: boolean }>;
}

const DUE_STEP = 100;
const QUIET = HOUR;
/** Marks kept of one sequence; of a count twice as many as it asks for. */
const SEQUENCE_MARKS = 16;
/** Patterns on their way, by trigger and key: those that moved last. */
const PATTERNS = 16;

export const BOT_TAG = 'suspected_bot';
/** Tags whose coming and going set something off. */
export const WATCHED: readonly string[] = RULES.flatMap(({ pattern }) =>
  pattern.kind === 'tag' ? [pattern.tag] : [],
);

export class TriggerModel {
  #waits: Wait[] = [];
  #seen: Seen[] = [];
  readonly #progress = new Map<string, Progress>();
  readonly #decided: { readonly rule: Rule; readonly at: number }[] = [];
  readonly #told = new Map<string, number>();

  get nextDueAt(): number {
    return Math.min(Infinity, ...this.#waits.map(({ dueAt }) => dueAt));
  }

  /** One event, after the profile took it in; `moved`: watched tags that came or went with it. */
  react(event: ModelEvent, shopper: Shopper, moved: Moved): readonly Decision[] {
    this.#endWaits(event);
    const cause = { event: event.id, anchor: event.id, correlation: null, dueAt: null };
    const decisions: (Decision | undefined)[] = [];
    for (const rule of RULES) {
      const { pattern } = rule;
      switch (pattern.kind) {
        case 'event':
          if (pattern.on.includes(event.type) && meets(rule, event)) {
            decisions.push(this.#decide(rule, shopper, cause));
          }
          break;
        case 'tag':
          if (moved[pattern.becomes].has(pattern.tag)) {
            decisions.push(this.#decide(rule, shopper, cause));
          }
          break;
        case 'absence':
          if (isServed(shopper)) this.#arm(rule, pattern, event);
          break;
        case 'sequence':
        case 'count': {
          const key = isServed(shopper) ? this.#advance(rule, pattern, event) : undefined;
          if (key === undefined) break;
          const correlation = pattern.isKeyed ? key : null;
          decisions.push(this.#decide(rule, shopper, { ...cause, correlation }));
        }
      }
    }
    return decisions.filter((one) => one !== undefined);
  }

  /** Watched tags that came or went with time or in a merge, at a moment. */
  reactToTags(moved: Moved, at: number, shopper: Shopper): readonly Decision[] {
    return RULES.flatMap((rule) => {
      const { pattern } = rule;
      if (pattern.kind !== 'tag' || !moved[pattern.becomes].has(pattern.tag)) return [];
      const anchor = `${shopper.least} ${pattern.tag} ${pattern.becomes}@${at}`;
      const cause = { event: '', anchor, correlation: null, dueAt: null };
      return this.#decide(rule, shopper, cause) ?? [];
    });
  }

  /** Waits that are due. */
  fire(until: number, shopper: Shopper): readonly Decision[] {
    const due = this.#waits.filter(({ dueAt }) => dueAt <= until);
    this.#waits = this.#waits.filter(({ dueAt }) => dueAt > until);
    return due.flatMap((wait) => {
      const { rule, key, armedBy, dueAt, pattern } = wait;
      this.#seen.push({ kind: overKind(wait), at: dueAt, id: '' });
      const correlation = pattern.isKeyed ? key : null;
      const cause = { event: armedBy, anchor: `${armedBy}@${dueAt}`, correlation, dueAt };
      return this.#decide(rule, shopper, cause) ?? [];
    });
  }

  /** Everything another profile remembers, as if it had been remembered here. */
  take(other: TriggerModel): void {
    this.#seen.push(...other.#seen);
    const live = [...this.#waits, ...other.#waits]
      .filter((wait) => !this.#isEnded(wait))
      .toSorted(byArming);
    // Of those for one key the last that restarts, or the first that is kept.
    const ranked = live.flatMap((wait, i) => {
      const isSame = ({ rule, key }: Wait): boolean => rule === wait.rule && key === wait.key;
      const others = wait.pattern.again === 'restart' ? live.slice(i + 1) : live.slice(0, i);
      return others.some(isSame) ? [] : [wait];
    });
    this.#waits = ranked;
    for (const [slot, { doneAt, marks }] of other.#progress) {
      const mine = this.#progress.get(slot);
      const joined = {
        doneAt: Math.max(doneAt, mine?.doneAt ?? 0),
        marks: [...(mine?.marks ?? []), ...marks].toSorted(byMoment),
      };
      joined.marks = joined.marks.filter(({ at }) => at > joined.doneAt);
      this.#progress.set(slot, joined);
    }
    this.#forgetPatterns();
    this.#decided.push(...other.#decided);
    for (const [what, at] of other.#told) {
      this.#told.set(what, Math.max(at, this.#told.get(what) ?? -Infinity));
    }
  }

  /** Patterns that are complete now that two profiles are one. */
  settle(shopper: Shopper): readonly Decision[] {
    return RULES.flatMap((rule) => {
      const { pattern } = rule;
      if (pattern.kind !== 'sequence' && pattern.kind !== 'count') return [];
      return [...this.#progress].flatMap(([slot, progress]) => {
        if (!slot.startsWith(`${rule.name} `)) return [];
        const key = slot.slice(rule.name.length + 1);
        const correlation = pattern.isKeyed ? key : null;
        const decisions: Decision[] = [];
        for (let last = complete(pattern, progress); last; last = complete(pattern, progress)) {
          const anchor = `${shopper.least} ${key}@${last.at}`;
          const cause = { event: '', anchor, correlation, dueAt: null };
          const decision = this.#decide(rule, shopper, cause);
          if (decision) decisions.push(decision);
        }
        return decisions;
      });
    });
  }

  #forgetPatterns(): void {
    const movedAt = ({ marks, doneAt }: Progress): number => marks.at(-1)?.at ?? doneAt;
    const latest = [...this.#progress].toSorted(([, a], [, b]) => movedAt(b) - movedAt(a));
    for (const [slot] of latest.slice(PATTERNS)) this.#progress.delete(slot);
  }

  #endWaits(event: ModelEvent): void {
    for (const { pattern } of RULES) {
      if (pattern.kind !== 'absence' || !pattern.unless.includes(event.type)) continue;
      const key = pattern.keyOf(event);
      if (key === undefined) continue;
      const kind = endingKind(event.type, pattern, key);
      this.#seen.push({ kind, at: event.at, id: event.id });
    }
    this.#waits = this.#waits.filter((wait) => !this.#isEndedBy(wait, event));
  }

  #isEndedBy({ pattern, key, armedAt, dueAt }: Wait, event: ModelEvent): boolean {
    const { type, at } = event;
    const isMeant = pattern.unless.includes(type) && pattern.keyOf(event) === key;
    return isMeant && at >= armedAt && at <= dueAt;
  }

  #isEnded(wait: Wait): boolean {
    const endings = wait.pattern.unless.map((type) => endingKind(type, wait.pattern, wait.key));
    return this.#seen.some(
      ({ kind, at, id }) =>
        at >= wait.armedAt &&
        (kind === overKind(wait) ||
          (endings.includes(kind) && at <= wait.dueAt && id !== wait.armedBy)),
    );
  }

  #arm(rule: Rule, pattern: Absence, event: ModelEvent): void {
    const key = pattern.on.includes(event.type) ? pattern.keyOf(event) : undefined;
    if (key === undefined || !meets(rule, event)) return;
    const dueAt = Math.ceil((event.at + pattern.within) / DUE_STEP) * DUE_STEP;
    const wait = { rule, pattern, key, armedBy: event.id, armedAt: event.at, dueAt };
    const standing = this.#waits.find((one) => one.rule === rule && one.key === key);
    if (standing && byArming(wait, standing) > 0 !== (pattern.again === 'restart')) return;
    if (this.#isEnded(wait)) return;
    this.#waits = [...this.#waits.filter((one) => one !== standing), wait];
  }

  #advance(rule: Rule, pattern: Pattern, event: ModelEvent): string | undefined {
    const key = pattern.keyOf(event);
    if (key === undefined) return undefined;
    const { at, id, type } = event;
    const marks: Mark[] = [];
    if (pattern.on.includes(type) && meets(rule, event)) marks.push({ at, id, second: false });
    if (pattern.kind === 'sequence' && pattern.then.includes(type)) {
      marks.push({ at, id, second: true });
    }
    if (marks.length === 0) return undefined;
    const slot = `${rule.name} ${key}`;
    const progress = this.#progress.get(slot) ?? { doneAt: 0, marks: [] };
    this.#progress.set(slot, progress);
    progress.marks.push(...marks.filter((mark) => mark.at > progress.doneAt));
    progress.marks.sort(byMoment);
    const isComplete = complete(pattern, progress) !== undefined;
    const kept = pattern.kind === 'count' ? 2 * pattern.atLeast : SEQUENCE_MARKS;
    progress.marks = progress.marks.slice(-kept);
    this.#forgetPatterns();
    return isComplete ? key : undefined;
  }

  #decide(
    rule: Rule,
    shopper: Shopper,
    cause: Pick<Decision, 'event' | 'anchor' | 'correlation' | 'dueAt'>,
  ): Decision | undefined {
    if (rule.if?.(shopper) === false) return undefined;
    const { now } = shopper;
    const reason = this.#reasonAgainst(rule, shopper);
    if (reason === 'anonymous' || reason === 'suspected_bot') {
      const what = `${rule.name} ${reason}`;
      if ((this.#told.get(what) ?? -Infinity) > now - QUIET) return undefined;
      this.#told.set(what, now);
    }
    if (reason === null) this.#decided.push({ rule, at: now });
    return { trigger: rule.name, ...cause, decidedAt: now, reason };
  }

  /** The first that holds. */
  #reasonAgainst(rule: Rule, shopper: Shopper): Reason | null {
    if (shopper.anonymous) return 'anonymous';
    if (tagAt(BOT_TAG, shopper) !== undefined) return 'suspected_bot';
    const mayUse = rule.channels.some(({ name, consent }) => {
      const said = shopper.consents.get(name)?.granted;
      return consent === 'none' || (consent === 'opt_out' ? said !== false : said === true);
    });
    if (!mayUse) return 'no_consent';
    const { limit } = rule;
    if (limit === undefined) return null;
    const since = shopper.now - limit.over;
    const before = this.#decided.filter((one) => one.rule === rule && one.at > since);
    return before.length >= limit.times ? 'profile_limit' : null;
  }
}

export interface Moved {
  readonly entered: ReadonlySet<string>;
  readonly left: ReadonlySet<string>;
}

const isServed = (shopper: Shopper): boolean =>
  !shopper.anonymous && tagAt(BOT_TAG, shopper) === undefined;

const meets = ({ where }: Rule, event: ModelEvent): boolean => where?.(event) ?? true;

/** An event ends the waits of every rule that asks for its type and matches by the same field. */
const endingKind = (type: string, { isKeyed }: Absence, key: string): string =>
  `${type} ${isKeyed ? 'cart' : ''} ${key}`;
const overKind = ({ rule, key }: Wait): string => `over ${rule.name} ${key}`;

const byArming = (a: Wait, b: Wait): number =>
  a.armedAt - b.armedAt || compare(a.armedBy, b.armedBy);
const byMoment = (a: Mark, b: Mark): number => a.at - b.at || compare(a.id, b.id);

/** Uses up every mark up to the one that completes the pattern. */
function complete(pattern: Pattern, progress: Progress): Mark | undefined {
  const { marks } = progress;
  const last = marks.find((mark, i) => {
    if (pattern.kind === 'count') {
      const first = marks[i - pattern.atLeast + 1];
      return first !== undefined && mark.at - first.at <= pattern.within;
    }
    return (
      mark.second &&
      marks.some(
        (first) =>
          !first.second &&
          first.id !== mark.id &&
          first.at <= mark.at &&
          mark.at - first.at <= pattern.within,
      )
    );
  });
  if (last === undefined) return undefined;
  progress.doneAt = last.at;
  progress.marks = marks.filter(({ at }) => at > last.at);
  return last;
}
