import { describe, expect, it } from 'vitest';
import { attribute } from './attribute.ts';
import { createBatchView } from './batch-view.ts';
import { HASH, createWorld } from './identity-world.contract.ts';
import type { Spec } from './identity-world.contract.ts';
import { P0 } from './policy.ts';
import type { Attribution, IndexEntry, ProfileRecord } from './view.ts';

const OPTIONS = { tenant: 't', policy: P0, hash: HASH };
const PLACE = { logTime: 7, partition: 0, offset: 7, index: 0 };

const identifiersOf = (spec: Spec) => createWorld().send(spec).identifiers;

const recordOf = (pid: string, changes: Partial<ProfileRecord> = {}): ProfileRecord => ({
  pid,
  createdAt: { logTime: 1, partition: 0, offset: 1, index: 0 },
  founder: 'f',
  epoch: 0,
  parent: null,
  identifiers: [],
  absorbed: [],
  fence: null,
  ...changes,
});

const entryOf = (digest: string, owner: string): IndexEntry => ({
  digest,
  owner,
  mark: 'none',
  owners: [],
  since: 0,
});

const NOTHING: Attribution = {
  kind: 'attributed',
  target: 'p',
  attach: [],
  merge: [],
  rebind: [],
  refused: [],
  nowShared: [],
  nowHub: [],
  ownersAdded: [],
  accepted: [],
};

describe('the view of a batch', () => {
  it('follows parents to the root', () => {
    const view = createBatchView();
    const chain = [recordOf('a'), recordOf('b', { parent: 'a' }), recordOf('c', { parent: 'b' })];
    view.load('d', { entry: entryOf('d', 'c'), records: chain });
    expect(view.entry('d')?.owner).toBe('c');
    expect(view.root('c').pid).toBe('a');
    expect(view.record('c')?.parent).toBe('b');
    expect(view.entry('e')).toBeUndefined();
    expect(view.record('e')).toBeUndefined();
  });

  it('lets nothing that was read before it decided undo what it decided', () => {
    const view = createBatchView();
    const [digest, target] = ['t|uid||u', 't/t|uid||u/0'];
    const decision = attribute(identifiersOf({ uid: 'u', device: 'd' }), view, OPTIONS);
    view.apply(decision as Attribution, PLACE);
    const stale = recordOf(target, { identifiers: [] });
    view.load(digest, { entry: entryOf(digest, 'elsewhere'), records: [stale] });
    view.loadRecord(stale);
    expect(view.entry(digest)?.owner).toBe(target);
    expect(view.root(target).identifiers).toHaveLength(2);
    expect(view.root(target).createdAt).toEqual(PLACE);
  });

  it('dates marks by the log, and says of a first claim that nothing has changed since', () => {
    const world = createWorld();
    world.send({ uid: '1', device: 'd' });
    world.send({ uid: '2', device: 'd' });
    expect(world.view.entry('t|uid||1')?.since).toBe(0);
    expect(world.view.entry('t|device||d')?.since).toBe(2);
  });

  it.each<[string, Partial<Attribution>, RegExp]>([
    ['no such target', { attach: identifiersOf({ uid: 'u' }) }, /no record/],
    ['no such absorbed', { merge: [{ pid: 'x', by: entryKey('x') }] }, /missing/],
    ['another founder', { create: { founder: 'g', epoch: 0 }, target: 'q' }, /collision/],
    [
      'a younger survivor',
      { target: 'young', merge: [{ pid: 'q', by: entryKey('x') }] },
      /refused/,
    ],
    ['a second strong value', { target: 'q', attach: identifiersOf({ member: '2' }) }, /conflict/],
    [
      'a rebind from another owner',
      {
        target: 'q',
        rebind: identifiersOf({ phone: 'p' }).map((identifier) => ({
          identifier,
          from: 'x',
          root: 'q',
        })),
      },
      /owner is another/,
    ],
    [
      'an owner of what nobody claimed',
      { target: 'q', ownersAdded: [{ identifier: entryKey('x'), owner: 'q', merged: [] }] },
      /nobody claimed/,
    ],
  ])('refuses what a store would refuse: %s', (_, changes, message) => {
    const view = createBatchView();
    const member = { type: 'member', scope: '', digest: 'm1' } as const;
    view.loadRecord(recordOf('q', { identifiers: [member] }));
    view.loadRecord(recordOf('young', { createdAt: PLACE }));
    expect(() => view.apply({ ...NOTHING, ...changes }, PLACE)).toThrow(message);
  });
});

function entryKey(digest: string) {
  return { type: 'phone', scope: '', digest } as const;
}
