import { describe, expect, it } from 'vitest';
import type { IdentityRecord } from '../message.ts';
import { attribute } from './attribute.ts';
import { HASH, checkInvariants, createWorld } from './identity-world.contract.ts';
import type { Sent, Spec, World, WorldOptions } from './identity-world.contract.ts';
import { P0 } from './policy.ts';
import type { Policy } from './policy.ts';

/** A plane that took these events; its invariants hold after each. */
function given(events: readonly Spec[], options: WorldOptions = {}): World {
  const world = createWorld(options);
  for (const event of events) {
    world.send(event);
    checkInvariants(world);
  }
  return world;
}

const ZERO_UUID = '00000000-0000-0000-0000-000000000000';

const named = (records: readonly IdentityRecord[]) =>
  records.map((record) =>
    record.change === 'merged' ? ['merged', record.absorbed, record.survivor] : record.change,
  );

/** The profile an event went to, which may have been absorbed since. */
function pidOf(world: World, number: number) {
  const decision = world.log[number - 1]?.decision;
  return decision?.kind === 'attributed' ? decision.target : undefined;
}

const refusal = ({ records }: Sent) => records.find(({ change }) => change === 'refused');

describe('events that share an identifier', () => {
  it('belong to one profile, that of the first (S01)', () => {
    const world = given([{ device: 'd' }, { device: 'd', uid: 'u' }]);
    expect(world.profile(2)).toBe(world.profile(1));
    expect(world.count(world.profile(1)!)).toBe(2);
    expect(world.merges()).toBe(0);
    expect(world.root({ uid: 'u' })).toBe(world.root({ device: 'd' }));
  });

  it('that came at once are one profile too, founded by the strongest (S03)', () => {
    const world = given([{ uid: 'u2', device: 'd2' }]);
    expect(world.roots()).toHaveLength(1);
    expect(world.listed(world.profile(1)!)).toEqual(['uid||u2', 'device||d2']);
    expect(world.log[0]?.records).toMatchObject([
      { change: 'created', createdBy: 'uid', founder: 't|uid||u2', anonymousOf: null },
      { change: 'attached', identifiers: [{ type: 'device' }], movedFrom: null },
    ]);
  });

  it('merge the younger profile into the older, and every step is recorded (S04)', () => {
    const world = given([
      { device: 'A' },
      { device: 'A', email: 'j' },
      { device: 'B' },
      { device: 'B', email: 'j' },
    ]);
    const [p1, p3] = ['t/t|device||A/0', 't/t|device||B/0'];
    expect(world.log.map(({ records }) => named(records))).toEqual([
      ['created'],
      ['attached'],
      ['created'],
      [['merged', p3, p1]],
    ]);
    expect(world.log[3]?.records[0]).toMatchObject({
      eventId: 'e4',
      mergeId: `${p3}@0`,
      absorbedBefore: [],
      rule: 'device',
    });
  });

  it('have their profiles apart in two tenants (S10)', () => {
    const [a, b] = ['a', 'b'].map((tenant) => given([{ uid: '7' }], { tenant }).profile(1));
    expect(a).not.toBe(b);
  });

  it('with a placeholder for an identifier have no profile (S09)', () => {
    const world = createWorld();
    const sent = world.sendRaw({ type: 'uid', value: 'null' });
    expect(sent).toEqual({ identifiers: [], decision: { kind: 'unresolved' }, records: [] });
    expect(world.roots()).toEqual([]);
  });

  it('stay a thousand shoppers where what they share is a placeholder (S45)', () => {
    const placeholders = ['', ' \t', 'null', '"undefined"', '[object Object]', 'NaN', 'None', '0'];
    const more = ['anonymous', 'guest', 'false', '-1', '000000', '----', ZERO_UUID];
    const values = [...placeholders, ...more];
    const world = createWorld();
    for (let i = 0; i < 1000; i++) {
      const uid = { type: 'uid', value: values[i % values.length] ?? '' };
      world.sendRaw({ type: 'device', value: `d${i}` }, uid);
    }
    expect(world.roots()).toHaveLength(1000);
    expect(world.merges()).toBe(0);
  });
});

describe('merges', () => {
  const [a, b, c] = [{ device: 'a' }, { email: 'b' }, { phone: 'c' }];

  it('follow one another, or come from one event (S12, S15)', () => {
    const chain = given([a, b, { ...a, ...b }, c, { ...b, ...c }]);
    const atOnce = given([a, b, c, { ...a, ...b, ...c }]);
    for (const world of [chain, atOnce]) {
      expect(world.merges()).toBe(2);
      for (const one of [a, b, c]) expect(world.root(one)).toBe(world.profile(1));
    }
    expect(named(atOnce.log[3]?.records ?? [])).toEqual([
      ['merged', pidOf(atOnce, 2), atOnce.profile(1)],
      ['merged', pidOf(atOnce, 3), atOnce.profile(1)],
    ]);
  });

  it('in reverse end at the oldest as well (S16)', () => {
    const world = given([c, b, a, { ...a, ...b }]);
    expect(world.root(a)).toBe(world.profile(2));
    expect(world.root(a)).not.toBe(world.profile(1));
    world.send({ ...b, ...c });
    checkInvariants(world);
    for (const one of [a, b, c]) expect(world.root(one)).toBe(world.profile(1));
  });

  it('of a profile that absorbed others take them along (S22)', () => {
    const z = { email: 'z' };
    const o = { openid: 'b' };
    const world = given([z, a, o, { ...a, ...o }, { ...z, ...a }]);
    expect(world.merges()).toBe(2);
    for (const one of [z, a, o]) expect(world.root(one)).toBe(world.profile(1));
    expect(world.log[4]?.records).toMatchObject([
      { change: 'merged', absorbed: 't/t|device||a/0', absorbedBefore: ['t/t|openid|s|b/0'] },
    ]);
  });

  it('join the openids of two apps by their unionid (S53)', () => {
    const [mp, mini] = [{ 'openid@mp': '1' }, { 'openid@mini': '2' }];
    const world = given([mp, mini]);
    expect(world.root(mp)).not.toBe(world.root(mini));
    world.send({ ...mp, unionid: 'U' });
    world.send({ ...mini, unionid: 'U' });
    checkInvariants(world);
    expect(world.root(mp)).toBe(world.root(mini));
  });

  it('do not come from the same string in two scopes, nor from two unionids (2.1)', () => {
    const world = given([
      { 'openid@mp': '1', member: 'm' },
      { 'openid@mini': '1', device: 'd' },
      { 'unionid@x': 'U', device: 'e' },
      { 'unionid@y': 'U', device: 'e' },
    ]);
    expect(world.root({ 'openid@mp': '1' })).not.toBe(world.root({ 'openid@mini': '1' }));
    expect(world.root({ 'unionid@x': 'U' })).toBe(world.root({ 'unionid@y': 'U' }));
    world.send({ 'unionid@x': 'V', device: 'e' });
    expect(world.mark({ device: 'e' })).toBe('shared');
  });

  it('take place whatever the event claims as its time, and keep both times (S67)', () => {
    const world = createWorld();
    world.send({ device: 'a' }, 1_000);
    world.send({ email: 'b' }, 2_000);
    const { records } = world.send({ device: 'a', email: 'b' }, 5);
    expect(records).toMatchObject([{ change: 'merged', effectiveAt: 5, changedAt: 3 }]);
    expect(world.root({ email: 'b' })).toBe(world.profile(1));
  });
});

describe('a strong conflict', () => {
  it('never merges: the soft identifier stays listed with its first owner, shared (S25)', () => {
    const world = given([
      { uid: '1', email: 'j' },
      { uid: '2', email: 'j' },
    ]);
    const [first, second] = [world.profile(1)!, world.profile(2)!];
    expect(first).not.toBe(second);
    expect([world.count(first), world.count(second)]).toEqual([1, 1]);
    expect(world.listed(first)).toContain('email||j@example.com');
    expect(world.listed(second)).toEqual(['uid||2']);
    expect(world.mark({ email: 'j' })).toBe('shared');
    expect(world.owners({ email: 'j' })).toEqual([first, second]);
    expect(world.log[1]?.records).toMatchObject([
      { change: 'created' },
      {
        change: 'refused',
        reason: 'strong_conflict',
        identifiers: [{ type: 'email' }],
        pids: [first],
        attributedTo: second,
        nowShared: [{ type: 'email' }],
        nowHub: [],
        ownersAdded: [{ owner: second }],
      },
    ]);
  });

  it('sends what only the shared device says to its anonymous profile, always the same (S27, S28)', () => {
    const events = [
      { device: 'x', uid: 'alice' },
      { device: 'x', uid: 'bob' },
      { device: 'x' },
      { device: 'x' },
    ];
    const world = given(events);
    const anon = world.anon({ device: 'x' });
    expect(world.root({ uid: 'alice' })).not.toBe(world.root({ uid: 'bob' }));
    expect([world.profile(3), world.profile(4)]).toEqual([anon, anon]);
    expect(world.count(anon)).toBe(2);
    expect(world.log[2]?.records).toMatchObject([
      {
        change: 'created',
        createdBy: null,
        anonymousOf: 't|device||x',
        founder: 'anon:t|device||x',
      },
    ]);
    expect(world.log[3]?.records).toEqual([]);
    expect(given(events.slice(0, 3)).profile(3)).toBe(anon);
    expect(world.read({ device: 'x' })).toEqual({ pid: anon, ambiguous: true });
    expect(world.read({ uid: 'bob' })).toEqual({ pid: world.profile(2), ambiguous: false });
    expect(world.read({ uid: 'carol' })).toBeUndefined();
  });

  it('without a strong identifier to tell is ambiguous, and marks nothing (S29)', () => {
    const world = given([
      { uid: 'alice', device: '1', openid: 's' },
      { uid: 'bob', device: '2' },
      { device: '2', openid: 's' },
    ]);
    expect(world.profile(3)).toBe(world.anon({ openid: 's' }));
    expect([world.mark({ device: '2' }), world.mark({ openid: 's' })]).toEqual(['none', 'none']);
    expect(world.root({ device: '2' })).toBe(world.profile(2));
    expect(world.root({ openid: 's' })).toBe(world.profile(1));
    expect(refusal(world.log[2]!)).toMatchObject({
      reason: 'ambiguous',
      attributedTo: world.profile(3),
      pids: [world.profile(1), world.profile(2)],
      nowShared: [],
    });
  });

  it('leaves a second strong identifier with the profile it has (2.4)', () => {
    const world = given([
      { member: 'm1' },
      { member: 'm2', uid: 'u2', phone: 'p' },
      { member: 'm1', uid: 'u2', phone: 'p' },
    ]);
    expect(world.profile(3)).toBe(world.profile(1));
    expect(world.root({ uid: 'u2' })).toBe(world.profile(2));
    expect(world.mark({ uid: 'u2' })).toBe('none');
    expect(world.mark({ phone: 'p' })).toBe('shared');
    expect(refusal(world.log[2]!)).toMatchObject({
      identifiers: [{ type: 'uid' }, { type: 'phone' }],
      nowShared: [{ type: 'phone' }],
    });
  });

  it('leaves a new strong identifier to nobody until an event brings it alone (2.4)', () => {
    const world = given([
      { member: 'm', uid: 'u1' },
      { member: 'm', uid: 'u2' },
    ]);
    expect(world.root({ uid: 'u2' })).toBeUndefined();
    world.send({ uid: 'u2' });
    checkInvariants(world);
    expect(world.root({ uid: 'u2' })).not.toBe(world.profile(1));
  });

  it('within one event is refused whole (S35)', () => {
    const world = createWorld();
    const { decision } = world.send({ member: ['1', '2'], device: 'd' });
    expect(decision).toEqual({ kind: 'dead', reason: 'two_values_of_unique_type' });
    expect(world.roots()).toEqual([]);
    expect(world.root({ device: 'd' })).toBeUndefined();
    expect(world.send({ 'unionid@a': '1', 'unionid@b': '2' }).decision.kind).toBe('attributed');
  });

  it('of an anonymous order with one shopper’s phone on another’s device belongs to neither (2.5)', () => {
    const world = given([
      { member: 'm1', phone: 'p' },
      { member: 'm2', device: 'd' },
      { phone: 'p', device: 'd' },
    ]);
    expect(world.profile(3)).toBe(world.anon({ phone: 'p' }));
  });
});

describe('a hub', () => {
  it('is a kiosk from its eleventh owner on (S34)', () => {
    const world = createWorld();
    const marks = Array.from({ length: 500 }, (_, i) => {
      world.send({ device: 'POS1', member: `m${i}` });
      return world.mark({ device: 'POS1' });
    });
    expect(marks.indexOf('shared')).toBe(1);
    expect(marks.indexOf('hub')).toBe(10);
    expect(marks.lastIndexOf('shared')).toBe(9);
    const { records } = world.send({ device: 'POS1' });
    checkInvariants(world);
    expect(world.profile(501)).toBe(world.anon({ device: 'POS1' }));
    expect(named(records)).toEqual(['created']);
    expect(world.roots()).toHaveLength(501);
    expect(world.merges()).toBe(0);
    expect(world.log[10]?.records.at(-1)).toMatchObject({ nowHub: [{ type: 'device' }] });
    expect(world.log[499]?.records.map(({ change }) => change)).toEqual(['created']);
  });

  it('is a family phone at its fourth member; reading it is ambiguous (S44)', () => {
    const world = createWorld();
    const marks = [1, 2, 3, 4].map((i) => {
      world.send({ member: `m${i}`, phone: 'p' });
      return world.mark({ phone: 'p' });
    });
    checkInvariants(world);
    expect(marks).toEqual(['none', 'shared', 'shared', 'hub']);
    expect(world.roots()).toHaveLength(4);
    expect(world.read({ phone: 'p' })).toEqual({
      pid: world.anon({ phone: 'p' }),
      ambiguous: true,
    });
    expect(refusal(world.log[2]!)).toMatchObject({
      reason: 'strong_conflict',
      identifiers: [{ type: 'phone' }],
      nowShared: [],
      ownersAdded: [{ owner: world.profile(3) }],
    });
    expect(refusal(world.log[3]!)).toMatchObject({ nowHub: [{ type: 'phone' }] });
  });

  it('counts owners that became one shopper as one, and known owners not again', () => {
    const world = given([
      { member: 'm1', phone: 'p' },
      { member: 'm2', phone: 'p' },
      { uid: 'u3', phone: 'p' },
      { member: 'm2', uid: 'u3' },
      { member: 'm2', phone: 'p' },
      { member: 'm1', phone: 'p' },
      { member: 'm4', phone: 'p' },
    ]);
    expect(world.mark({ phone: 'p' })).toBe('shared');
    expect([world.log[4], world.log[5]].map((sent) => sent?.records)).toEqual([[], []]);
    world.send({ member: 'm5', phone: 'p' });
    expect(world.mark({ phone: 'p' })).toBe('hub');
  });

  it('a shopper without a strong value is no owner (2.5)', () => {
    const world = given([
      { member: 'm1', phone: 'p' },
      { member: 'm2', phone: 'p' },
      { device: 'd', phone: 'p' },
    ]);
    expect(world.profile(3)).toBe(world.root({ device: 'd' }));
    expect(world.owners({ phone: 'p' })).toEqual([world.profile(1), world.profile(2)]);
    expect(world.log[2]?.records.map(({ change }) => change)).toEqual(['created']);
  });
});

describe('a verified rebind', () => {
  it('moves a recycled number to who has proven it; the former owner keeps the rest (S56)', () => {
    const world = given([
      { member: '1', phone: 'p', device: 'd' },
      { member: '2', 'phone!': 'p' },
    ]);
    expect(world.merges()).toBe(0);
    expect(world.read({ phone: 'p' })).toEqual({ pid: world.profile(2), ambiguous: false });
    expect(world.mark({ phone: 'p' })).toBe('none');
    expect(world.listed(world.profile(1)!)).toEqual(['member||1', 'device||d']);
    expect(world.log[1]?.records).toMatchObject([
      { change: 'created' },
      { change: 'attached', identifiers: [{ type: 'phone' }], movedFrom: world.profile(1) },
    ]);
    expect(world.log[1]?.decision).toMatchObject({ refused: [], ownersAdded: [] });
    world.send({ phone: 'p' });
    expect(world.profile(3)).toBe(world.profile(2));
  });

  it.each([2, 4])('clears the mark of a number with %d owners', (owners) => {
    const world = createWorld();
    for (let i = 1; i <= owners; i++) world.send({ member: `m${i}`, phone: 'p' });
    world.send({ member: 'm9', 'phone!': 'p' });
    checkInvariants(world);
    expect(world.mark({ phone: 'p' })).toBe('none');
    expect(world.owners({ phone: 'p' })).toEqual([]);
    expect(world.root({ phone: 'p' })).toBe(world.profile(owners + 1));
    expect(world.listed(world.profile(1)!)).toEqual(['member||m1']);
  });

  it('by the first owner only clears the mark', () => {
    const world = given([
      { member: 'm1', phone: 'p' },
      { member: 'm2', phone: 'p' },
      { member: 'm1', 'phone!': 'p' },
    ]);
    expect(world.mark({ phone: 'p' })).toBe('none');
    expect(world.root({ phone: 'p' })).toBe(world.profile(1));
    expect(world.log[2]?.records).toMatchObject([
      { change: 'attached', pid: world.profile(1), movedFrom: world.profile(1) },
    ]);
  });

  it('of a root that joins by another identifier goes with it', () => {
    const world = given([
      { uid: 'u1', phone: 'p', openid: 'o' },
      { uid: 'u2', phone: 'p' },
      { member: 'm', 'phone!': 'p', openid: 'o' },
    ]);
    expect(world.root({ phone: 'p' })).toBe(world.profile(1));
    expect(world.root({ member: 'm' })).toBe(world.profile(1));
    expect(world.mark({ phone: 'p' })).toBe('none');
  });

  it('of a root that is absorbed by the same event is a matter of its mark only', () => {
    const world = given([
      { member: 'm' },
      { uid: 'u1', phone: 'p', openid: 'o' },
      { uid: 'u2', phone: 'p' },
      { member: 'm', 'phone!': 'p', openid: 'o' },
    ]);
    expect(world.root({ phone: 'p' })).toBe(world.profile(1));
    expect(world.mark({ phone: 'p' })).toBe('none');
    expect(world.log[3]?.records).toMatchObject([
      { change: 'merged', survivor: world.profile(1), rule: 'openid' },
      { change: 'attached', identifiers: [{ type: 'phone' }], movedFrom: world.profile(1) },
    ]);
  });

  it('takes no part where nothing clashes: profiles merge as ever', () => {
    const world = given([
      { phone: 'p', device: 'd' },
      { member: 'm', 'phone!': 'p' },
    ]);
    expect(world.root({ member: 'm' })).toBe(world.root({ device: 'd' }));
  });

  it('needs a strong identifier beside it', () => {
    const world = given([
      { member: 'm1', phone: 'p' },
      { member: 'm2', phone: 'p' },
      { 'phone!': 'p', device: 'd' },
    ]);
    expect(world.mark({ phone: 'p' })).toBe('shared');
  });

  it('that would be one too many is as if it were not proven', () => {
    const world = given([
      { member: 'm1', phone: ['a', 'b', 'c'] },
      { member: 'm2', phone: 'p' },
      { member: 'm1', 'phone!': 'p' },
    ]);
    expect(world.mark({ phone: 'p' })).toBe('shared');
    expect(world.root({ phone: 'p' })).toBe(world.profile(2));
    expect(refusal(world.log[2]!)).toMatchObject({ reason: 'strong_conflict' });
  });
});

describe('limits and caps', () => {
  const raised = (changes: Partial<Policy>, deviceMax = Infinity): Policy => ({
    ...P0,
    ...changes,
    types: { ...P0.types, device: { ...P0.types.device, valuesMax: deviceMax } },
  });

  it('a profile takes up its first fifty devices of a storm (S24)', () => {
    const world = createWorld();
    for (let i = 0; i < 1000; i++) world.send({ uid: 'u', device: `d${i}` });
    checkInvariants(world);
    const pid = world.profile(1)!;
    expect(world.roots()).toHaveLength(1);
    expect(world.count(pid)).toBe(1000);
    expect(world.listed(pid)).toHaveLength(51);
    expect(world.log.filter((sent) => refusal(sent) !== undefined)).toHaveLength(950);
    expect(world.mark({ device: 'd999' })).toBeUndefined();
    expect(world.merges()).toBe(0);
  });

  it('a second phone is listed beside the first, a fourth is not (S55, 2.5)', () => {
    const world = given(['1', '2', '3', '4'].map((phone) => ({ member: 'm', phone })));
    expect(world.root({ phone: '1' })).toBe(world.root({ phone: '2' }));
    expect(world.listed(world.profile(1)!)).toHaveLength(4);
    expect(world.root({ phone: '4' })).toBeUndefined();
    expect(world.profile(4)).toBe(world.profile(1));
    expect(refusal(world.log[3]!)).toMatchObject({ reason: 'limit', nowShared: [] });
  });

  it('the 101st merge is refused, and both stay (S57)', () => {
    const world = createWorld({ policy: raised({}) });
    world.send({ uid: 'u' });
    for (let i = 1; i <= 101; i++) {
      world.send({ device: `d${i}` });
      world.send({ uid: 'u', device: `d${i}` });
    }
    checkInvariants(world);
    const last = world.log.at(-1)!;
    expect(world.merges()).toBe(100);
    expect(refusal(last)).toMatchObject({ reason: 'limit', pids: expect.any(Array) });
    expect(last.decision).toMatchObject({ target: world.profile(1) });
    expect(world.root({ device: 'd101' })).not.toBe(world.profile(1));
  });

  it('counts what both sides absorbed before', () => {
    const world = given(
      [{ device: 'a' }, { device: 'b' }, { device: ['a', 'b'] }, { email: 'c' }, { email: 'd' }],
      { policy: raised({ absorbedMax: 2 }) },
    );
    world.send({ email: ['c', 'd'] });
    world.send({ email: 'c', device: 'a' });
    checkInvariants(world);
    expect(refusal(world.log.at(-1)!)).toMatchObject({ reason: 'limit' });
    expect(world.profile(7)).toBe(world.root({ email: 'c' }));
  });

  it('the 1,001st identifier is not added, its event still attributed (S58)', () => {
    const world = createWorld({ policy: raised({}) });
    for (let i = 1; i <= 1000; i += 100) {
      world.send({ uid: 'u', device: Array.from({ length: 100 }, (_, k) => `d${i + k}`) });
    }
    checkInvariants(world);
    const pid = world.profile(1)!;
    expect(world.listed(pid)).toHaveLength(1000);
    expect(world.root({ device: 'd999' })).toBeUndefined();
    expect(world.root({ device: 'd1000' })).toBe(pid);
    expect(world.count(pid)).toBe(10);
    expect(refusal(world.log.at(-1)!)).toMatchObject({ reason: 'limit', identifiers: [{}] });
  });

  it('a merge with a full profile is refused without a trace but its record (S62)', () => {
    const policy = raised({ identifiersMax: 10 });
    const world = createWorld({ policy });
    for (let i = 1; i <= 9; i++) world.send({ uid: 'u', device: `d${i}` });
    world.send({ phone: 'p', email: 'e' });
    const before = JSON.stringify(world.roots());
    const sent = world.send({ uid: 'u', phone: 'p' });
    checkInvariants(world);
    expect(JSON.stringify(world.roots())).toBe(before);
    expect(named(sent.records)).toEqual(['refused']);
    expect(sent.decision).toMatchObject({ target: world.profile(1), merge: [], attach: [] });
    expect(world.mark({ phone: 'p' })).toBe('none');
  });

  it('left out by a limit, an identifier stays with the profile it has, and can still join', () => {
    const world = given([
      { member: 'm', phone: ['1', '2', '3'] },
      { phone: '4', device: 'd' },
      { member: 'm', phone: '4', device: 'd' },
    ]);
    expect(world.root({ phone: '4' })).toBe(world.profile(2));
    expect(world.root({ device: 'd' })).toBe(world.profile(2));
    expect(refusal(world.log[2]!)).toMatchObject({
      reason: 'limit',
      identifiers: [{ type: 'phone' }, { type: 'device' }],
    });
  });

  it('lowered under what a profile holds, take nothing away', () => {
    const world = given([{ member: 'm', device: ['1', '2', '3'] }]);
    const options = { ...world.options, policy: raised({ identifiersMax: 2 }, 1) };
    const ask = (spec: Spec) => {
      const sent = Object.entries(spec).map(([type, value]) => ({ type, value: String(value) }));
      return attribute(world.normalise(sent), world.view, options);
    };
    expect(ask({ member: 'm' })).toMatchObject({ target: world.profile(1), refused: [] });
    expect(ask({ member: 'm', device: '4' })).toMatchObject({
      target: world.profile(1),
      attach: [],
      refused: [{ reason: 'limit' }],
    });
    expect(ask({ device: '1', phone: '13800138000' })).toMatchObject({
      refused: [{ reason: 'limit' }],
    });
  });
});

describe('the pid of a new profile', () => {
  it('counts up past another founder who has it, for anonymous profiles too', () => {
    const hash = {
      ...HASH,
      pid: (_: string, founder: string, epoch: number) =>
        epoch === 0 ? 'same' : `${founder}/${epoch}`,
    };
    const world = given(
      [
        { uid: '1', device: 'd' },
        { uid: '2', device: 'd' },
        { device: 'd' },
        { device: 'd' },
        { uid: '1' },
      ],
      { hash },
    );
    expect(world.log.map((_, index) => world.profile(index + 1))).toEqual([
      'same',
      't|uid||2/1',
      'anon:t|device||d/1',
      'anon:t|device||d/1',
      'same',
    ]);
    expect(world.log[1]?.records[0]).toMatchObject({ change: 'created', epoch: 1 });
  });

  it('gives up on a hash that knows one pid only', () => {
    const hash = { ...HASH, pid: () => 'same' };
    const world = given([{ uid: '1' }], { hash });
    expect(() => world.send({ uid: '2' })).toThrow(/32 pids in a row/);
  });
});
