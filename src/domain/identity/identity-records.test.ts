import { describe, expect, it } from 'vitest';
import { recordsOf } from './identity-records.ts';
import type { RecordCause } from './identity-records.ts';
import { createWorld } from './identity-world.contract.ts';
import type { Sent, World } from './identity-world.contract.ts';

const CAUSE: RecordCause = {
  tenant: 't',
  eventId: 'e9',
  source: 'pos',
  at: 5,
  place: { logTime: 9, partition: 1, offset: 2, index: 3 },
  policy: 0,
  history: true,
  wait: { instance: 'i', token: 'w' },
  created: true,
};

const records = (world: World, { decision }: Sent, changes: Partial<RecordCause> = {}) =>
  decision.kind === 'attributed'
    ? recordsOf(decision, world.view, { ...CAUSE, ...changes })
    : expect.fail('was not attributed');

describe('identity records', () => {
  it('name their cause: event, source, both times and the version of the policy', () => {
    const world = createWorld();
    const [created] = records(world, world.send({ 'openid@mp': 'o' }));
    expect(created).toEqual({
      kind: 'identity',
      change: 'created',
      recordId: 'e9/created/t/t|openid|mp|o/0',
      tenant: 't',
      eventId: 'e9',
      source: 'pos',
      effectiveAt: 5,
      changedAt: 9,
      policy: 0,
      pid: 't/t|openid|mp|o/0',
      epoch: 0,
      founder: 't|openid|mp|o',
      createdBy: 'openid',
      createdByScope: 'mp',
      createdAt: CAUSE.place,
      anonymousOf: null,
    });
  });

  it('are none where nothing changed', () => {
    const world = createWorld();
    world.send({ uid: 'u' });
    expect(records(world, world.send({ uid: 'u' }))).toEqual([]);
  });

  it('say of a profile that was there already only what was attached, its founder too', () => {
    const world = createWorld();
    const sent = world.send({ uid: 'u', device: 'd' });
    expect(records(world, sent, { created: false })).toMatchObject([
      { change: 'attached', identifiers: [{ type: 'uid' }, { type: 'device' }], movedFrom: null },
    ]);
  });

  it('have ids of their own, the same whenever they are made again', () => {
    const world = createWorld();
    world.send({ member: 'm1', phone: 'p' });
    world.send({ member: 'm2', email: 'e' });
    world.send({ uid: 'u3' });
    world.send({ openid: 'o' });
    const sent = world.send({ uid: 'u3', 'phone!': 'p', 'email!': 'e', openid: 'o', device: 'd' });
    const ids = records(world, sent).map(({ recordId }) => recordId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(records(world, sent).map(({ recordId }) => recordId));
  });

  it('of a merge carry who waits for the event, and what the absorbed had absorbed', () => {
    const world = createWorld();
    for (const spec of [{ device: 'a' }, { email: 'b' }, { openid: 'c' }]) world.send(spec);
    world.send({ email: 'b', openid: 'c' });
    const sent = world.send({ device: 'a', openid: 'c' });
    expect(records(world, sent)).toMatchObject([
      {
        change: 'merged',
        absorbed: 't/t|email||b@example.com/0',
        mergeId: 't/t|email||b@example.com/0@0',
        absorbedBefore: ['t/t|openid|s|c/0'],
        rule: 'openid',
        history: true,
        wait: CAUSE.wait,
      },
    ]);
  });

  it('of a profile nobody loaded are a mistake of ours', () => {
    const world = createWorld();
    for (const spec of [{ device: 'a' }, { email: 'b' }]) world.send(spec);
    const { decision } = world.send({ device: 'a', email: 'b' });
    const nowhere = { record: () => undefined };
    const make = () => decision.kind === 'attributed' && recordsOf(decision, nowhere, CAUSE);
    expect(make).toThrow(/no record/);
  });
});
