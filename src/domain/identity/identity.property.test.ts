// The invariants and properties of identity.md 4 and 12 that concern decisions taken one after
// another. What concerns several workers is tested with the stores.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute } from './attribute.ts';
import { createBatchView } from './batch-view.ts';
import type { BatchView } from './batch-view.ts';
import type { Digest, Identifier, Pid } from './identifier.ts';
import { checkInvariants, createWorld, partitionOf } from './identity-world.contract.ts';
import type { Spec, World } from './identity-world.contract.ts';
import { P0 } from './policy.ts';
import type { Policy } from './policy.ts';
import { createModel } from './reference-model.contract.ts';
import type { Decision, ProfileRecord } from './view.ts';

/** So small that every limit binds within a few events. */
const TIGHT: Policy = {
  ...P0,
  identifiersMax: 9,
  absorbedMax: 2,
  types: {
    ...P0.types,
    phone: { ...P0.types.phone, valuesMax: 2, ownersMax: 2 },
    email: { ...P0.types.email, ownersMax: 1 },
    device: { ...P0.types.device, valuesMax: 3, ownersMax: 2 },
  },
};

const ANYTHING =
  'member:1 member:2 member:3 member:4 uid:1 uid:2 unionid@a:1 unionid@a:2 unionid@b:1 ' +
  'phone:1 phone:2 phone:3 phone!:1 phone!:2 email:1 email:2 email!:2 buyer:1 ' +
  'openid:1 openid@mp:1 openid!:1 device:1 device:2 device:3 device:4 device!:1';

/** A few shoppers' worth of identifiers, thrown together without sense: conflicts everywhere. */
const anyEvent: fc.Arbitrary<Spec> = fc
  .uniqueArray(fc.constantFrom(...ANYTHING.split(' ')), {
    minLength: 1,
    maxLength: 4,
    selector: (name) => name.replace('!', ''),
  })
  .map((names) => {
    const spec: Record<string, string[]> = {};
    for (const name of names) {
      const [type = '', value = ''] = name.split(':');
      (spec[type] ??= []).push(value);
    }
    return spec;
  });

const anyLog = fc.array(anyEvent, { minLength: 1, maxLength: 50, size: 'max' });

const policies = fc.constantFrom(P0, TIGHT);

/**
 * Shoppers who never meet: each has one value of each strong type, and of the soft ones no more
 * than a profile may hold.
 */
const SHOPPERS = 3;
const peacefulEvent: fc.Arbitrary<Spec> = fc
  .tuple(
    fc.nat(SHOPPERS - 1),
    fc.subarray(['member', 'uid', 'unionid@a', 'unionid@b', 'phone', 'email', 'openid', 'device'], {
      minLength: 1,
      maxLength: 3,
    }),
    fc.nat(2),
  )
  .map(([shopper, types, index]) =>
    Object.fromEntries(
      types.map((type) => [
        type,
        type[0] === 'm' || type[0] === 'u' ? `s${shopper}` : `s${shopper}-${index}`,
      ]),
    ),
  );

const peacefulLog = fc.array(peacefulEvent, { minLength: 1, maxLength: 40 });

function run(log: readonly Spec[], policy: Policy = P0): World {
  const world = createWorld({ policy });
  for (const spec of log) world.send(spec);
  return world;
}

describe('a log without clash or limit', () => {
  it('gives the components of its graph, whoever computes them (P1, I3, I4)', () => {
    fc.assert(
      fc.property(peacefulLog, (log) => {
        const world = run(log);
        checkInvariants(world);
        expect(partitionOf(world)).toEqual(componentsOf(world));
        expect(
          world.log.flatMap(({ decision }) => ('refused' in decision ? decision.refused : [])),
        ).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same partition in any order, and survivors were created by it (P2, I12, I13)', () => {
    const shuffled = peacefulLog.chain((log) =>
      fc.tuple(fc.constant(log), fc.shuffledSubarray([...log], { minLength: log.length })),
    );
    fc.assert(
      fc.property(shuffled, ([log, other]) => {
        const [one, two] = [run(log), run(other)];
        expect(partitionOf(two)).toEqual(partitionOf(one));
        expect(two.roots().every(({ pid }) => two.pids.has(pid))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('means the same under other names and beside strangers (P12)', () => {
    const renamed = (spec: Spec): Spec =>
      Object.fromEntries(Object.entries(spec).map(([type, value]) => [type, `zz${String(value)}`]));
    fc.assert(
      fc.property(peacefulLog, peacefulLog, (log, noise) => {
        const world = run(log);
        const strangers = noise.map(renamed);
        const beside = run(
          log.flatMap((spec, index) => [spec, ...strangers.slice(index, index + 1)]),
        );
        const own = new Set(world.digests);
        const groups = partitionOf(beside).filter((group) => own.has(group.split(' ')[0] ?? ''));
        expect(groups).toEqual(partitionOf(world));
        const sizes = (of: World) =>
          partitionOf(of)
            .map((group) => group.split(' ').length)
            .toSorted((a, b) => a - b);
        expect(sizes(run(log.map(renamed)))).toEqual(sizes(world));
      }),
      { numRuns: 100 },
    );
  });

  it('leaves state as it is when read again (I11)', () => {
    fc.assert(
      fc.property(peacefulLog, (log) => {
        const world = run(log);
        const before = JSON.stringify(world.roots());
        const again = log.map((spec) => world.send(spec).records);
        expect(JSON.stringify(world.roots())).toBe(before);
        expect(again.flat()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('any log, conflicts and limits included', () => {
  it('keeps the invariants after every event (I1, I2, I5, I6, I7, I9)', () => {
    fc.assert(
      fc.property(anyLog, policies, (log, policy) => {
        const world = createWorld({ policy });
        for (const spec of log) {
          world.send(spec);
          checkInvariants(world);
        }
        expect(world.log).toHaveLength(log.length);
      }),
      { numRuns: 100 },
    );
  });

  it('attributes each event to one root, and counts over roots are the events (I8)', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const world = run(log);
        const attributed = world.log.filter(
          ({ decision }) => decision.kind === 'attributed',
        ).length;
        const counted = world.roots().reduce((sum, { pid }) => sum + world.count(pid), 0);
        expect(counted).toBe(attributed);
      }),
      { numRuns: 100 },
    );
  });

  it('is decided as a plain reading of the policy decides it', () => {
    const seen = { merged: 0, refused: 0, rebound: 0, hub: 0, anonymous: 0 };
    fc.assert(
      fc.property(anyLog, policies, (log, policy) => {
        const world = createWorld({ policy });
        const model = createModel(policy);
        for (const spec of log) {
          const { identifiers, decision } = world.send(spec);
          const own =
            decision.kind === 'attributed'
              ? world.view.record(decision.target)?.founder
              : decision.kind;
          expect(own).toBe(model.take(identifiers));
          if (decision.kind !== 'attributed') continue;
          seen.merged += decision.merge.length;
          seen.refused += decision.refused.length;
          seen.rebound += decision.rebind.length;
          seen.hub += decision.nowHub.length;
          seen.anonymous += decision.anonymousOf === undefined ? 0 : 1;
        }
        expect(partitionOf(world)).toEqual(model.partition());
        const marked = [...world.digests].filter(
          (digest) => (world.view.entry(digest)?.mark ?? 'none') !== 'none',
        );
        expect(new Map(marked.map((digest) => [digest, world.view.entry(digest)?.mark]))).toEqual(
          model.marks(),
        );
      }),
      { numRuns: 250 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it('merges nothing by an identifier that is blocked, shared or a hub (I26)', () => {
    fc.assert(
      fc.property(anyLog, policies, (log, policy) => {
        const world = createWorld({ policy });
        for (const spec of log) {
          const marked = new Set(
            [...world.digests].filter(
              (digest) => (world.view.entry(digest)?.mark ?? 'none') !== 'none',
            ),
          );
          const { decision } = world.send(spec);
          if (decision.kind !== 'attributed') continue;
          const rebound = new Set(decision.rebind.map(({ identifier }) => identifier.digest));
          expect(decision.merge.filter(({ by }) => marked.has(by.digest))).toEqual([]);
          const joined = decision.accepted.filter(
            (digest) => marked.has(digest) && !rebound.has(digest),
          );
          expect(joined).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('changes nothing where everything sent was dropped (P11)', () => {
    fc.assert(
      fc.property(anyLog, fc.constantFrom('', 'null', '0', '\u200b', 'NaN'), (log, value) => {
        const world = run(log);
        const before = JSON.stringify(world.roots());
        const sent = world.sendRaw({ type: 'uid', value }, { type: 'phone', value: '138****8000' });
        expect(sent.decision).toEqual({ kind: 'unresolved' });
        expect(JSON.stringify(world.roots())).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  it('is decided alike in batches of any size, each with a fresh view (P2)', () => {
    fc.assert(
      fc.property(anyLog, policies, fc.integer({ min: 1, max: 12 }), (log, policy, size) => {
        const world = createWorld({ policy });
        for (let start = 0; start < log.length; start += size) {
          const [alone, batched] = decideInBatch(world, log.slice(start, start + size));
          expect(batched).toEqual(alone);
        }
        checkInvariants(world);
      }),
      { numRuns: 100 },
    );
  });
});

/** By a union-find over the identifiers of each event. */
function componentsOf(world: World): readonly string[] {
  const parents = new Map<Digest, Digest>();
  const find = (digest: Digest): Digest => {
    const parent = parents.get(digest) ?? digest;
    return parent === digest ? digest : find(parent);
  };
  for (const { identifiers } of world.log) {
    for (const { digest } of identifiers) {
      parents.set(find(digest), find(identifiers[0]?.digest ?? digest));
    }
  }
  const groups = new Map<Digest, Digest[]>();
  for (const digest of parents.keys()) {
    groups.set(find(digest), [...(groups.get(find(digest)) ?? []), digest]);
  }
  return [...groups.values()].map((group) => group.toSorted().join(' ')).toSorted();
}

/**
 * As the stitch stage does it: load what the batch may ask for, then decide and apply one by one.
 * Answers the decisions of the whole plane and those of the batch.
 */
function decideInBatch(world: World, batch: readonly Spec[]) {
  const view = createBatchView(world.policy);
  const events = batch.map((spec) => identifiersOf(world.policy, spec));
  for (const { digest } of events.flat()) view.load(digest, resolve(world, digest));
  const alone: Decision[] = [];
  const batched: Decision[] = [];
  for (const identifiers of events) {
    const decision = decideWith(view, world, identifiers);
    const number = world.log.length + 1;
    if (decision.kind === 'attributed') {
      view.apply(decision, { logTime: number, partition: 0, offset: number, index: 0 });
    }
    batched.push(decision);
    alone.push(world.take(identifiers, 0).decision);
  }
  return [alone, batched] as const;
}

/** A decision to create is final once the record under that pid was looked for. */
function decideWith(view: BatchView, world: World, identifiers: readonly Identifier[]): Decision {
  const decision = attribute(identifiers, view, world.options);
  const isCreation = decision.kind === 'attributed' && decision.create !== undefined;
  const there = isCreation ? world.view.record(decision.target) : undefined;
  if (there === undefined) return decision;
  view.loadRecord(there);
  return attribute(identifiers, view, world.options);
}

const identifiersOf = (policy: Policy, spec: Spec): readonly Identifier[] =>
  createWorld({ policy }).send(spec).identifiers;

/** An entry, and the records its pids lead to. */
function resolve({ view }: World, digest: Digest) {
  const entry = view.entry(digest);
  const records = new Map<Pid, ProfileRecord>();
  for (const named of entry ? [entry.owner, ...entry.owners] : []) {
    let record = view.record(named);
    while (record !== undefined) {
      records.set(record.pid, record);
      record = record.parent === null ? undefined : view.record(record.parent);
    }
  }
  return { entry, records: [...records.values()] };
}
