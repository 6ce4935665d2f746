import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentifierKey, IdentifierType } from './identifier.ts';
import type { ProfileLimits } from './profile-record.ts';
import {
  absorbInto,
  attachTo,
  compareCreated,
  detachFrom,
  ensureRecord,
  fenceRecord,
  finishRecord,
  unfenceRecord,
} from './profile-record.ts';
import type { Fence, ProfileRecord } from './view.ts';

const LIMITS: ProfileLimits = {
  perType: { phone: 3, device: 4 },
  uniqueTypes: ['member', 'unionid'],
  identifiersMax: 6,
  absorbedMax: 3,
};

const key = (type: IdentifierType, digest: string, scope = ''): IdentifierKey => ({
  type,
  scope,
  digest,
});
const fenceOf = (token: string, into = 's'): Fence => ({ kind: 'merge', token, into, since: 7 });
const createdAt = (logTime: number) => ({ logTime, partition: 0, offset: logTime, index: 0 });
const record = (pid: string, age: number, more: Partial<ProfileRecord> = {}): ProfileRecord => ({
  pid,
  createdAt: createdAt(age),
  founder: `founder-${pid}`,
  epoch: 0,
  parent: null,
  identifiers: [],
  absorbed: [],
  fence: null,
  ...more,
});

const M1 = key('member', 'm1');
const M2 = key('member', 'm2');
const phones = (...digests: string[]) => digests.map((digest) => key('phone', digest));

describe('creating a profile', () => {
  const profile = { pid: 'p', createdAt: createdAt(1), founder: 'f', epoch: 0, identifiers: [M1] };

  it('makes a root that holds its identifiers', () => {
    const step = ensureRecord(undefined, profile);
    expect(step.answer).toBe('created');
    expect(step.record).toEqual(record('p', 1, { founder: 'f', identifiers: [M1] }));
  });

  it.each([
    ['the same founder', { founder: 'f', epoch: 0 }, 'exists'],
    ['another founder', { founder: 'g', epoch: 0 }, 'collision'],
    ['another life of the same founder', { founder: 'f', epoch: 1 }, 'collision'],
  ])('that is there, by %s, changes nothing', (_, there, answer) => {
    expect(ensureRecord(record('p', 1, there), profile)).toEqual({ answer });
  });
});

describe('attaching', () => {
  it.each([
    ['a first strong value', [], [M1], 'ok'],
    ['the same strong value again', [M1], [M1], 'ok'],
    ['a second value of a unique type', [M1], [M2], 'conflict'],
    ['two values of a unique type at once', [], [M1, M2], 'conflict'],
    [
      'a unique type in another scope',
      [key('unionid', 'u1', 'a')],
      [key('unionid', 'u2', 'b')],
      'ok',
    ],
    ['a third phone', phones('a', 'b'), phones('c'), 'ok'],
    ['a fourth phone', phones('a', 'b', 'c'), phones('d'), 'over_limit'],
    ['a known phone at the limit', phones('a', 'b', 'c'), phones('b'), 'ok'],
    [
      'one identifier too many',
      [M1, ...phones('a', 'b', 'c'), key('email', 'e'), key('email', 'f')],
      [key('buyer', 'x', 's')],
      'over_limit',
    ],
  ])('%s', (_, identifiers, added, kind) => {
    const before = record('p', 1, { identifiers });
    const step = attachTo(before, 0, added, LIMITS);
    expect(step.answer).toEqual({ kind });
    const listed = (step.record ?? before).identifiers;
    const expected = kind === 'ok' ? new Set([...identifiers, ...added]) : new Set(identifiers);
    expect(new Set(listed.map(({ digest }) => digest))).toEqual(
      new Set([...expected].map(({ digest }) => digest)),
    );
  });

  it('writes nothing when everything is listed', () => {
    const step = attachTo(record('p', 1, { identifiers: [M1] }), 0, [M1], LIMITS);
    expect(step.record).toBeUndefined();
  });

  it.each([
    ['nobody', undefined, { kind: 'missing' }],
    ['an absorbed profile', record('p', 1, { parent: 's' }), { kind: 'moved', parent: 's' }],
    [
      'a fenced profile',
      record('p', 1, { fence: fenceOf('t') }),
      { kind: 'fenced', token: 't', into: 's' },
    ],
    ['a profile split or erased since', record('p', 1, { epoch: 2 }), { kind: 'stale_epoch' }],
  ])('to %s is refused', (_, before, answer) => {
    expect(attachTo(before, 1, [M1], LIMITS)).toEqual({ answer });
  });
});

describe('detaching', () => {
  it('takes one listing back, and again changes nothing', () => {
    const step = detachFrom(record('p', 1, { identifiers: [M1, ...phones('a')] }), 'a');
    expect(step.record?.identifiers).toEqual([M1]);
    expect(detachFrom(step.record, 'a')).toEqual({ answer: { kind: 'ok' } });
  });

  it('touches neither a fenced nor an absorbed profile', () => {
    const fenced = record('p', 1, { identifiers: [M1], fence: fenceOf('t') });
    expect(detachFrom(fenced, 'm1').record).toBeUndefined();
    const moved = record('p', 1, { identifiers: [M1], parent: 's' });
    expect(detachFrom(moved, 'm1').answer).toEqual({ kind: 'moved', parent: 's' });
  });
});

describe('a fence', () => {
  it('is set once, and the same token hears ok again', () => {
    const step = fenceRecord(record('p', 1), fenceOf('t'));
    expect(step.answer).toEqual({ kind: 'ok', token: 't' });
    expect(fenceRecord(step.record, fenceOf('t'))).toEqual({ answer: { kind: 'ok', token: 't' } });
    expect(fenceRecord(step.record, fenceOf('u')).answer).toMatchObject({
      kind: 'fenced',
      token: 't',
    });
  });

  it('is lifted by its own token only', () => {
    const fenced = record('p', 1, { fence: fenceOf('f2') });
    expect(unfenceRecord(fenced, 'f1').record).toBeUndefined();
    expect(unfenceRecord(fenced, 'f2').record?.fence).toBeNull();
  });

  it('ends in a parent by its own token only, keeping the identifiers as a tombstone', () => {
    const fenced = record('p', 1, { identifiers: [M1], fence: fenceOf('f2') });
    expect(finishRecord(fenced, 's', 'f1').record).toBeUndefined();
    const finished = finishRecord(fenced, 's', 'f2').record;
    expect(finished).toEqual({ ...fenced, parent: 's', fence: null });
    expect(finishRecord(finished, 's', 'f2').record).toBeUndefined();
  });
});

describe('absorbing', () => {
  const young = record('d', 9, { identifiers: phones('a'), absorbed: ['x'], fence: fenceOf('t') });

  it('takes identifiers and ancestors, once', () => {
    const step = absorbInto(record('s', 1, { identifiers: [M1] }), young, LIMITS);
    expect(step.answer).toEqual({ kind: 'ok' });
    expect(step.record?.identifiers).toEqual([M1, ...phones('a')]);
    expect(step.record?.absorbed).toEqual(['d', 'x']);
    expect(absorbInto(step.record, young, LIMITS)).toEqual({ answer: { kind: 'ok' } });
  });

  it.each([
    ['nobody', undefined, 'missing'],
    ['an absorbed survivor', record('s', 1, { parent: 'r' }), 'moved'],
    ['a survivor fenced itself', record('s', 1, { fence: fenceOf('g', 'r') }), 'fenced'],
    [
      'a fenced survivor that had absorbed it before',
      record('s', 1, { absorbed: ['d'], fence: fenceOf('g', 'r') }),
      'ok',
    ],
  ])('into %s changes nothing', (_, survivor, kind) => {
    const step = absorbInto(survivor, young, LIMITS);
    expect(step.answer.kind).toBe(kind);
    expect(step.record).toBeUndefined();
  });

  it.each([
    ['of two values of a unique type', { identifiers: [M1] }, { identifiers: [M2] }],
    [
      'beyond the values of a type',
      { identifiers: phones('b', 'c') },
      { identifiers: phones('d', 'e') },
    ],
    ['beyond the absorbed a profile may have', { absorbed: ['1', '2'] }, { absorbed: ['3'] }],
    ['into a younger profile', { createdAt: createdAt(10) }, {}],
  ])('%s is refused', (_, survivor, absorbed) => {
    const step = absorbInto(record('s', 1, survivor), { ...young, ...absorbed }, LIMITS);
    expect(step.answer).toEqual({ kind: 'refused' });
  });

  it('stays refused for a late helper, though the survivor let the clashing value go since', () => {
    const clashing = { ...young, identifiers: [M2] };
    const refused = absorbInto(record('s', 1, { identifiers: [M1] }), clashing, LIMITS).record;
    const freed = detachFrom(refused, 'm1').record;
    expect(absorbInto(freed, clashing, LIMITS).answer).toEqual({ kind: 'refused' });
    const again = { ...clashing, fence: fenceOf('t2') };
    expect(absorbInto(freed, again, LIMITS).answer).toEqual({ kind: 'ok' });
  });

  it('wants the snapshot of a fenced or finished profile', () => {
    expect(() => absorbInto(record('s', 1), record('d', 9), LIMITS)).toThrow(/neither fenced/);
  });

  it('never leaves a survivor with two values of a unique type, nor above a limit', () => {
    const identifier = fc
      .record({
        type: fc.constantFrom<IdentifierType>('member', 'unionid', 'phone', 'device'),
        scope: fc.constantFrom('', 'a'),
        value: fc.integer({ min: 0, max: 3 }),
      })
      .map(({ type, scope, value }) => key(type, `${type}${scope}${value}`, scope));
    const anyRecord = fc
      .array(identifier, { maxLength: 8 })
      .map((added) =>
        added.reduce(
          (before, one) => attachTo(before, 0, [one], LIMITS).record ?? before,
          record('s', 1),
        ),
      );
    fc.assert(
      fc.property(anyRecord, anyRecord, (s, d) => {
        const absorbed = { ...d, pid: 'd', createdAt: createdAt(2), fence: fenceOf('t') };
        const after = absorbInto(s, absorbed, LIMITS).record?.identifiers ?? s.identifiers;
        const places = after
          .filter(({ type }) => LIMITS.uniqueTypes.includes(type))
          .map(({ type, scope }) => `${type} ${scope}`);
        expect(new Set(places).size).toBe(places.length);
        expect(after.filter(({ type }) => type === 'phone').length).toBeLessThanOrEqual(3);
        expect(after.length).toBeLessThanOrEqual(LIMITS.identifiersMax);
      }),
    );
  });
});

describe('the older of two profiles', () => {
  it.each([
    [
      'log time',
      { logTime: 1, partition: 9, offset: 9, index: 9 },
      { logTime: 2, partition: 0, offset: 0, index: 0 },
    ],
    [
      'then partition',
      { logTime: 1, partition: 1, offset: 9, index: 9 },
      { logTime: 1, partition: 2, offset: 0, index: 0 },
    ],
    [
      'then offset',
      { logTime: 1, partition: 1, offset: 1, index: 9 },
      { logTime: 1, partition: 1, offset: 2, index: 0 },
    ],
    [
      'then index',
      { logTime: 1, partition: 1, offset: 1, index: 1 },
      { logTime: 1, partition: 1, offset: 1, index: 2 },
    ],
  ])('goes by %s', (_, older, younger) => {
    expect(
      compareCreated({ pid: 'b', createdAt: older }, { pid: 'a', createdAt: younger }),
    ).toBeLessThan(0);
    expect(
      compareCreated({ pid: 'a', createdAt: younger }, { pid: 'b', createdAt: older }),
    ).toBeGreaterThan(0);
  });

  it('goes by pid at last', () => {
    expect(compareCreated(record('a', 1), record('b', 1))).toBeLessThan(0);
    expect(compareCreated(record('a', 1), record('a', 1))).toBe(0);
  });
});
