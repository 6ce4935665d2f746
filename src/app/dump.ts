/**
 * The canonical dump: what an installation knows, in a form that does not depend on when, in how many
 * processes or under which key it came to know it. One line of JSON a root profile, named by its
 * bytewise least identifier, then one an action; sorted; SHA-256 of it all at the end. It holds
 * identifiers in plain text: it is for whoever may read the stores.
 */
import { createHash } from 'node:crypto';
import type { Catalogue } from '../domain/catalogue/catalogue.ts';
import type { Action } from '../domain/message.ts';
import { identifiersOf, leastIdentifier } from '../domain/profile/held-identifiers.ts';
import type { ProfileState } from '../domain/profile/profile-state.ts';
import { openTagValues, rawAt, tagValueOf } from '../domain/tags/evaluate.ts';
import { prune } from '../domain/tags/fold.ts';
import type { TagPlan } from '../domain/tags/plan.ts';
import { openTriggers } from '../domain/triggers/packed-triggers.ts';
import { catalogueOfText } from './catalogue.ts';
import type { Projections } from './projections.ts';

export interface Dump {
  /** Sorted, without their ends. */
  readonly lines: readonly string[];
  readonly profiles: number;
  readonly actions: number;
  /** Hex. */
  readonly sha256: string;
}

type DumpSource = Pick<Projections, 'log' | 'profiles' | 'codecs'>;

export async function dumpOf(source: DumpSource): Promise<Dump> {
  const profiles = await profileLines(source);
  const actions = await actionLines(source);
  const lines = [...profiles.toSorted(compare), ...actions.toSorted(compare)];
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return {
    lines,
    profiles: profiles.length,
    actions: actions.length,
    sha256: hash.digest('hex'),
  };
}

async function profileLines({ profiles, codecs }: DumpSource): Promise<string[]> {
  const compile = catalogueOfText();
  const lines: string[] = [];
  for (let partition = 0; partition < profiles.partitions; partition += 1) {
    const standing = await profiles.peek(partition);
    if (!standing?.notes) continue;
    const catalogue = compile(new TextDecoder().decode(standing.notes));
    for await (const [, bytes] of profiles.scan(partition)) {
      await codecs.state.learnOf(bytes);
      const state = codecs.state.decode(bytes);
      if (state.forward) continue;
      // What no window sees any more is forgotten now and then: here it is forgotten everywhere.
      const { aggregates, tags: values } = state;
      prune(catalogue.tags, { aggregates, values }, standing.clock);
      lines.push(JSON.stringify(canonical(state, catalogue)));
    }
  }
  return lines;
}

/** Windows and waits as they are; what names a process, a pid or a wall clock is left out. */
function canonical(state: ProfileState, { tags }: Catalogue): unknown {
  return sorted({
    profile: leastIdentifier(state.identifiers),
    anonymous: state.anonymous,
    identifiers: identifiersOf(state.identifiers)
      .map(({ type, scope, value, firstSeen, lastSeen }) => ({
        type,
        scope,
        value,
        firstSeen,
        lastSeen,
      }))
      .toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b))),
    tags: valuesOf(tags, state),
    windows: Buffer.from(state.aggregates.packed).toString('base64'),
    attributes: state.attributes.toSorted((a, b) => compare(a.name, b.name)),
    consents: state.consents.toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b))),
    waits: openTriggers(state.triggers).pending.map(
      ({ trigger, key, armedBy, armedAt, dueAt, facts }) => ({
        trigger,
        key,
        armedBy,
        armedAt,
        dueAt,
        facts,
      }),
    ),
  });
}

/** Those it has. Of days the moment they are counted from, which is the same whenever one looks. */
function valuesOf(plan: TagPlan, state: ProfileState): unknown {
  openTagValues(plan, state.tags);
  const values = plan.tags.flatMap((tag) => {
    const raw = rawAt(plan, tag.place);
    const value = tag.unit === 'days' ? raw : tagValueOf(tag, raw, state.clock);
    return value === null || value === undefined ? [] : [[tag.name, value] as const];
  });
  return Object.fromEntries(values);
}

async function actionLines({ log, codecs }: DumpSource): Promise<string[]> {
  const codec = codecs.of('actions');
  const lines = new Set<string>();
  for (const [partition, { first, next }] of (await log.bounds('actions')).entries()) {
    for (let at = first; at < next;) {
      const limits = { recordsMax: 1_000, bytesMax: 8 * 1024 * 1024 };
      const records = await log.read({ topic: 'actions', partition }, at, limits);
      if (records.length === 0) break;
      for (const record of records) {
        await codec.learn(record.schema);
        for (const message of codec.decode(record.schema, record.value)) {
          if (message.kind === 'action') lines.add(actionLine(message));
        }
      }
      at = (records.at(-1)?.offset ?? at) + 1;
    }
  }
  return [...lines];
}

const actionLine = ({ trigger, anchor, outcome, reason }: Action): string =>
  JSON.stringify({ action: trigger, anchor, outcome, reason });

/** The same value with the names of all objects in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
