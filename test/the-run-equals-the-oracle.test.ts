// A month and a half of simulated shoppers, with duplicates, disorder, late events, merges, shared devices, recycled
// numbers, robots and poison, through real processes; and the same events through the reference model of ./oracle,
// which shares no code with src/. Everything is compared, nothing by sample.
//
// What the model is told besides the file: the order in which events with one log time were met, and where in that
// order the state of an absorbed profile reached its survivor. Both are recorded in the log (decisions.md Q1, Q2): a
// merge is two messages (Q9), and until the second has come, the survivor decides by what it has. So of decisions and
// tags around merges nothing is left out.
//
// Left out, by the choice of the seed: an event told a second time after a merge has changed whose it is, as what the
// survivor then knows depends on when the state reaches it; `told-twice-counts-once.test.ts` has that case by itself.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createSimulation } from '../src/simulator/simulation.ts';
import { modelEventOf, type ModelEvent } from './oracle/event.ts';
import type { ModelProfile } from './oracle/identity.ts';
import { Model } from './oracle/model.ts';
import { COUNTS_DAYS, type Tags, type TagValue } from './oracle/tags.ts';
import { DAY, HOUR } from './oracle/windows.ts';
import { differences, NONE } from './support/differences.ts';
import { newDir } from './support/places.ts';
import { recordedOrder, type RecordedStep } from './support/recorded-order.ts';
import { pathOf, query, weftOk } from './support/weft.ts';

const FROM = Date.parse('2026-03-02T00:00:00+08:00');
const DAYS = 46;
const END = FROM + DAYS * DAY;
const SEED = 14;
/** Nobody does anything for five more weeks: everything that leaves by itself has left. */
const UNTIL = END + 35 * DAY + HOUR / 24;
/** Between the edges of tiles, so that 300 ms of slack make no difference. */
const MOMENTS = [5, 11, 17, 22, 26, 31, 37, 42, 46, 60].map(
  (days) => FROM + days * DAY + HOUR / 24,
);

const NOISE = {
  duplicates: 0.03,
  disorder: 0.04,
  late: 0.02,
  placeholders: 0.01,
  unresolved: 0.003,
  poison: 0.004,
  twoValues: 0.001,
};

interface Told {
  readonly model: Model;
  /** By pid. */
  readonly profiles: ReadonlyMap<string, ModelProfile>;
  readonly pids: ReadonlyMap<ModelProfile, string>;
  readonly misattributed: readonly string[];
  /** Moment → everybody's tags. */
  readonly tags: ReadonlyMap<number, ReadonlyMap<ModelProfile, Tags>>;
  readonly dead: number;
}

let dir: string;
let lines: readonly string[];
let told: Told;

beforeAll(async () => {
  lines = simulate();
  const file = join(newDir(), 'history.ndjson');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  const catalogue = newDir();
  cpSync(pathOf('test/oracle/catalogue'), catalogue, { recursive: true });
  cpSync(pathOf('catalogue/tags.yaml'), join(catalogue, 'tags.yaml'));
  dir = join(newDir(), 'data');
  const given = ['--format', 'canonical', '--triggers', 'on', '--catalogue', catalogue];
  const until = new Date(UNTIL).toISOString();
  await weftOk('ingest', file, ...given, '--until', until, '--data-dir', dir);
  told = walk(lines, await recordedOrder(dir));
}, 600_000);

function simulate(): readonly string[] {
  const simulation = createSimulation({
    seed: SEED,
    shoppers: 330,
    start: FROM,
    lifeMs: DAYS * DAY,
  });
  const stream = simulation.history({ from: FROM, to: END, noise: NOISE });
  return Array.from(stream, ({ body }) => JSON.stringify(body));
}

/** The model walks through the file in the recorded order. */
function walk(file: readonly string[], steps: readonly RecordedStep[]): Told {
  const model = new Model();
  const rows = rowsById(file);
  const profiles = new Map<string, ModelProfile>();
  const pids = new Map<ModelProfile, string>();
  const misattributed: string[] = [];
  const tags = new Map<number, ReadonlyMap<ModelProfile, Tags>>();
  const moments = [...MOMENTS];
  const see = (until: number): void => {
    for (let at = moments[0]; at !== undefined && at < until; at = moments[0]) {
      tags.set(at, model.tagsAt(at));
      moments.shift();
    }
  };
  const profileOf = (pid: string): ModelProfile => {
    const profile = profiles.get(pid);
    if (profile === undefined) throw new Error(`profile ${pid} has a state and no event`);
    return profile;
  };
  for (const step of steps) {
    see(step.logTime);
    if (step.kind === 'hand_over') {
      model.handOver(profileOf(step.absorbed), profileOf(step.survivor), step.logTime);
      continue;
    }
    const row = rows.get(step.id)?.shift();
    if (row === undefined) throw new Error(`event ${step.id} is met more often than it was sent`);
    if (row.now !== step.logTime) throw new Error(`event ${step.id} is met at another time`);
    const owner = model.take(row.event, row.now);
    if (!owner) {
      if (owner === undefined || step.profile !== '') misattributed.push(step.id);
      continue;
    }
    const isKnown = profiles.has(step.profile) || pids.has(owner);
    if (!isKnown) {
      profiles.set(step.profile, owner);
      pids.set(owner, step.profile);
    }
    if (profiles.get(step.profile) !== owner) misattributed.push(step.id);
  }
  see(Infinity);
  tags.set(UNTIL, model.tagsAt(UNTIL));
  const left = [...rows.values()].flat();
  for (const { event, now } of left) model.take(event, now);
  return {
    model,
    profiles,
    pids,
    misattributed,
    tags,
    dead: file.length - soundIn(file) + left.length,
  };
}

interface FileRow {
  readonly event: ModelEvent;
  /** The running maximum of `at` over the rows: the time there is. */
  readonly now: number;
}

function rowsById(file: readonly string[]): Map<string, FileRow[]> {
  const rows = new Map<string, FileRow[]>();
  let now = 0;
  for (const line of file) {
    const event = modelEventOf(line);
    now = Math.max(now, momentIn(line));
    if (event) rows.set(event.id, [...(rows.get(event.id) ?? []), { event, now }]);
  }
  return rows;
}

/** Dead or not: a row that says when it was moves the time. */
function momentIn(line: string): number {
  const body = JSON.parse(line) as { at?: string } | null;
  const at = Date.parse(String(body?.at));
  return Number.isNaN(at) ? 0 : at;
}

const soundIn = (file: readonly string[]): number =>
  file.filter((line) => modelEventOf(line) !== null).length;

// Skipped: the oracle is written, but a whole run has not been held against it yet (docs/status.md).
describe('a run equals the oracle', () => {
  it('over 20,000 events of more than 300 shoppers, with merges of every kind', () => {
    expect(lines.length).toBeGreaterThan(20_000);
    expect(told.model.mergedInto.size).toBeGreaterThan(100);
    expect(told.model.onTheirWay).toBe(0);
    expect(told.model.retold).toEqual([]);
  });

  it('every sound event is stored once, and every other one is a dead letter', async () => {
    const stored = await query<{ id: string }>(
      dir,
      "SELECT id FROM weft.events WHERE type != 'coupon_issued' ORDER BY id",
    );
    expect(stored.map(({ id }) => id)).toEqual([...told.model.owners.keys()].toSorted());
    const [dead] = await query<{ letters: number }>(
      dir,
      'SELECT toInt32(count()) AS letters FROM weft.dead_letters',
    );
    expect(dead?.letters).toBe(told.dead);
    expect(told.dead).toBeGreaterThan(50);
  });

  it('every event belongs to the profile the policy says', () => {
    expect(told.misattributed).toEqual([]);
  });

  it('every identifier is listed with the profile the policy says', async () => {
    const dump = (await weftOk('dump', '--data-dir', dir)).split('\n');
    const found = dump
      .filter((line) => line.includes('"identifiers":['))
      .map((line) => identifiersIn(line))
      .filter((group) => group !== '');
    expect(differences(found, partitionOf(told.model))).toEqual(NONE);
  });

  it('at the end, weeks after the last event, every tag of every shopper has its value', async () => {
    const rows = await query<TagRow>(dir, 'SELECT profile, tag, value FROM weft.profile_tags');
    expect(differences(rows.map(tagLine), tagLines(UNTIL))).toEqual(NONE);
  });

  it.each(MOMENTS.map((at) => ({ at, day: new Date(at).toISOString().slice(0, 10) })))(
    'on $day every tag of every shopper had its value',
    async ({ at }) => {
      const found = (await changes()).filter((change) => change.at <= at);
      const lines = lastOfEach(found).flatMap(({ profile, tag, value }) =>
        value === null ? [] : [tagLine({ profile, tag, value })],
      );
      const expected = tagLines(at).filter((line) => !COUNTS_DAYS.has(line.split(' ')[1] ?? ''));
      expect(differences(lines, expected)).toEqual(NONE);
    },
  );

  it('every decision is the same: what set it off, when it was due, what came of it and why', async () => {
    const rows = await query<ActionRow>(dir, ACTIONS);
    expect(differences(rows.map(actionLine), told.model.decisions.map(decisionLine))).toEqual(NONE);
  });

  it('every decision has the anchor that the documents say', async () => {
    const dump = (await weftOk('dump', '--data-dir', dir)).split('\n');
    const found = dump.filter((line) => line.startsWith('{"action":'));
    const expected = told.model.decisions.map(({ trigger, anchor, reason }) =>
      JSON.stringify({
        action: trigger,
        anchor,
        outcome: reason === null ? 'decided' : 'suppressed',
        reason,
      }),
    );
    expect(differences(found, expected)).toEqual(NONE);
  });

  it('coupons: one an action, to the last of the stock, and to nobody more than allowed', async () => {
    const deliveries = await query<DeliveryRow>(dir, DELIVERIES);
    const profiles = await query<{ id: string; root: string }>(
      dir,
      'SELECT id, root FROM weft.profiles',
    );
    const rootOf = new Map(profiles.map(({ id, root }) => [id, root]));
    const issued = deliveries.filter(({ outcome }) => outcome === 'issued');
    const of = (coupon: string): DeliveryRow[] =>
      issued.filter(({ channel }) => channel === `coupon:${coupon}`);
    expect(new Set(issued.map(({ code }) => code)).size).toBe(issued.length);
    expect(new Set(issued.map(({ action }) => action)).size).toBe(issued.length);
    expect(decidedBy('cart_left').length).toBeGreaterThan(STOCK);
    expect(of('cart_coupon').length).toBe(STOCK);
    // Two for each shopper, whoever she was called then: a merge may be known before her coupon is issued, or after.
    const issuedTo = countsOf(of('dear_coupon').map(({ profile }) => profile));
    const asked = countsOf(decidedBy('dear_cart_left').map(nameOf));
    const shoppers = new Map<string, string[]>();
    for (const profile of asked.keys()) {
      const root = rootOf.get(profile) ?? profile;
      shoppers.set(root, [...(shoppers.get(root) ?? []), profile]);
    }
    const wrong = [...shoppers.values()].filter((names) => {
      const got = names.map((name) => issuedTo.get(name) ?? 0);
      const wanted = names.map((name) => asked.get(name) ?? 0);
      const isTooMuch = got.some((count, i) => count > Math.min(2, wanted[i] ?? 0));
      return isTooMuch || sum(got) < Math.min(2, sum(wanted));
    });
    expect(wrong).toEqual([]);
    expect(sum([...issuedTo.values()])).toBe(of('dear_coupon').length);
  });

  it('every decision is carried out or says why not; without its coupon nothing is said', async () => {
    const deliveries = await query<DeliveryRow>(dir, DELIVERIES);
    const decided = told.model.decisions.filter(({ reason }) => reason === null);
    expect(new Set(deliveries.map(({ action }) => action)).size).toBe(decided.length);
    const outcomes = countsOf(deliveries.map((one) => `${one.outcome} ${one.reason ?? ''}`));
    const noStock = decidedBy('cart_left').length - STOCK;
    const ofDear = deliveries.filter(({ channel }) => channel === 'coupon:dear_coupon');
    const dearIssued = ofDear.filter(({ outcome }) => outcome === 'issued').length;
    const overLimit = decidedBy('dear_cart_left').length - dearIssued;
    expect(Object.fromEntries(outcomes)).toEqual({
      'issued ': STOCK + dearIssued,
      'rejected out_of_stock': noStock,
      'rejected profile_limit': overLimit,
      'accepted ': decided.length - noStock - overLimit,
    });
  });

  it('all fifteen triggers decided something, and every reason to suppress was met', () => {
    const { decisions } = told.model;
    expect(new Set(decisions.map(({ trigger }) => trigger)).size).toBe(15);
    expect(new Set(decisions.map(({ reason }) => reason))).toEqual(
      new Set([null, 'anonymous', 'suspected_bot', 'no_consent', 'profile_limit']),
    );
  });
});

/** Of `cart_coupon`; `dear_coupon` has no end, and two for each. */
const STOCK = 200;

const DELIVERIES = 'SELECT action, profile, channel, outcome, reason, code FROM weft.deliveries';

interface DeliveryRow {
  readonly action: string;
  readonly profile: string;
  readonly channel: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly code: string | null;
}

const decidedBy = (name: string): Model['decisions'] =>
  told.model.decisions.filter(({ trigger, reason }) => trigger === name && reason === null);

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

interface TagRow {
  readonly profile: string;
  readonly tag: string;
  readonly value: string;
}

const tagLine = ({ profile, tag, value }: TagRow): string => `${profile} ${tag} ${value}`;

/** The model's, under the names of the engine's profiles. */
function tagLines(at: number): readonly string[] {
  const tags = told.tags.get(at) ?? new Map<ModelProfile, Tags>();
  return [...told.profiles]
    .flatMap(([profile, one]) =>
      [...(tags.get(one) ?? [])].map(([tag, value]) => {
        return tagLine({ profile, tag, value: textOf(value) });
      }),
    )
    .toSorted();
}

const textOf = (value: TagValue): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

interface TagChange {
  readonly profile: string;
  readonly tag: string;
  readonly old: string | null;
  readonly value: string | null;
  readonly at: number;
  readonly offset: number;
}

let read: Promise<readonly TagChange[]> | undefined;
const changes = (): Promise<readonly TagChange[]> =>
  (read ??= query<TagChange>(
    dir,
    `SELECT profile, tag, old, new AS value, toFloat64(toUnixTimestamp64Milli(at)) AS at,
       toFloat64(offset) AS offset
     FROM weft.tag_changes WHERE tag NOT IN ('days_since_order', 'days_since_active')
     ORDER BY profile, tag, at, offset`,
  ));

/** Sorted by profile, tag and time. Several changes of one record go on from each other. */
function lastOfEach(sorted: readonly TagChange[]): readonly TagChange[] {
  const last = new Map<string, TagChange>();
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i] as TagChange;
    const isSameRecord = ({ profile, tag, at, offset }: TagChange): boolean =>
      profile === first.profile && tag === first.tag && at === first.at && offset === first.offset;
    const ties = [first];
    for (i += 1; sorted[i] && isSameRecord(sorted[i] as TagChange); i += 1) {
      ties.push(sorted[i] as TagChange);
    }
    const name = `${first.profile} ${first.tag}`;
    const before = last.get(name)?.value ?? null;
    const times = (value: string | null, side: 'old' | 'value'): number =>
      ties.filter((one) => one[side] === value).length;
    const isEnd = ({ value }: TagChange): boolean => times(value, 'value') > times(value, 'old');
    // Where they lead back to where they began, that is where they end.
    last.set(name, { ...first, value: (ties.find(isEnd) ?? { value: before }).value });
  }
  return [...last.values()];
}

/** A profile's line of the dump. */
function identifiersIn(line: string): string {
  const { identifiers } = JSON.parse(line) as {
    readonly identifiers: readonly { type: string; scope: string; value: string }[];
  };
  return identifiers
    .map(({ type, scope, value }) => `${type}/${scope}/${value}`)
    .toSorted()
    .join(' ');
}

function partitionOf({ owners }: Model): readonly string[] {
  const profiles = new Set([...owners.values()].filter((owner) => owner !== null));
  return [...profiles]
    .map(({ identifiers }) => [...identifiers.keys()].map((key) => key.replaceAll('\u001f', '/')))
    .filter((keys) => keys.length > 0)
    .map((keys) => keys.toSorted().join(' '));
}

const ACTIONS = `
  SELECT trigger, profile, event, correlation, toFloat64(toUnixTimestamp64Milli(due_at)) AS due,
    toFloat64(toUnixTimestamp64Milli(decided_at)) AS decided, outcome, reason
  FROM weft.actions`;

interface ActionRow {
  readonly trigger: string;
  readonly profile: string;
  readonly event: string;
  readonly correlation: string | null;
  readonly due: number | null;
  readonly decided: number;
  readonly outcome: string;
  readonly reason: string | null;
}

const actionLine = (row: ActionRow): string =>
  [
    row.trigger,
    row.profile,
    row.event,
    row.correlation ?? '',
    row.due ?? '',
    row.decided,
    row.outcome,
    row.reason ?? '',
  ].join(' | ');

function decisionLine(decided: Model['decisions'][number]): string {
  const { trigger, event, correlation, dueAt, decidedAt, reason } = decided;
  return actionLine({
    trigger,
    profile: nameOf(decided),
    event,
    correlation,
    due: dueAt,
    decided: decidedAt,
    outcome: reason === null ? 'decided' : 'suppressed',
    reason,
  });
}

/** What the engine calls the profile. */
const nameOf = ({ profile }: Model['decisions'][number]): string =>
  told.pids.get(profile) ?? 'nobody';
