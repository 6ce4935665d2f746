/** The clauses about merges: fence, absorb, finish, and what a late helper may not do. */
import { describe, expect, it } from 'vitest';
import type { OpenIdentityStore } from './identity-fixtures.contract.ts';
import {
  DEVICE,
  LIMITS,
  MEMBER,
  PHONE,
  T,
  fenceInto,
  found,
  id,
  merge,
  pidOf,
  profile,
  recordOf,
  listed,
} from './identity-fixtures.contract.ts';

export function describeMerges(open: OpenIdentityStore): void {
  describe('a merge', () => {
    it('gives the survivor all identifiers and ancestors, and the absorbed a parent', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await found(session, profile('p3', 3, DEVICE));
      await merge(session, { survivor: 'p2', absorbed: 'p3', token: 't1' });
      expect(await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't2' })).toBe('ok');
      const survivor = await recordOf(session, 'p1');
      expect(survivor.identifiers).toEqual([MEMBER, PHONE, DEVICE]);
      expect(new Set(survivor.absorbed)).toEqual(new Set([pidOf('p2'), pidOf('p3')]));
      expect(await recordOf(session, 'p2')).toMatchObject({
        parent: pidOf('p1'),
        fence: null,
        identifiers: [PHONE, DEVICE],
      });
    });

    it('done again by a late helper changes nothing', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await session.fence(T, pidOf('p2'), fenceInto('p1', 't'));
      const snapshot = await recordOf(session, 'p2');
      await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't' });
      const before = [await recordOf(session, 'p1'), await recordOf(session, 'p2')];
      expect(await session.absorb(T, pidOf('p1'), snapshot, LIMITS)).toEqual({ kind: 'ok' });
      await session.finish(T, pidOf('p2'), pidOf('p1'), 't');
      await session.unfence(T, pidOf('p2'), 't');
      expect([await recordOf(session, 'p1'), await recordOf(session, 'p2')]).toEqual(before);
    });

    it('done again by a late helper brings nothing back that the survivor let go since', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await session.fence(T, pidOf('p2'), fenceInto('p1', 't'));
      const snapshot = await recordOf(session, 'p2');
      await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't' });
      await session.detach(T, pidOf('p1'), PHONE.digest);
      expect(await session.absorb(T, pidOf('p1'), snapshot, LIMITS)).toEqual({ kind: 'ok' });
      expect(await listed(session, 'p1')).toEqual([MEMBER]);
    });

    it('fences the absorbed: it takes nothing, and a second fence hears of the first', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await found(session, profile('p3', 3, DEVICE));
      const fence = fenceInto('p1', 't1');
      expect(await session.fence(T, pidOf('p2'), fence)).toEqual({ kind: 'ok', token: 't1' });
      const fenced = { kind: 'fenced', token: 't1', into: pidOf('p1') };
      expect(await session.fence(T, pidOf('p2'), fenceInto('p1', 't2'))).toEqual(fenced);
      expect(await session.attach(T, pidOf('p2'), 0, [id('email', 'e')], LIMITS)).toEqual(fenced);
      expect(await session.detach(T, pidOf('p2'), PHONE.digest)).toEqual(fenced);
      await session.fence(T, pidOf('p3'), fenceInto('p2', 't3'));
      const snapshot = await recordOf(session, 'p3');
      expect(await session.absorb(T, pidOf('p2'), snapshot, LIMITS)).toEqual(fenced);
      expect(await recordOf(session, 'p2')).toMatchObject({
        identifiers: [PHONE],
        absorbed: [],
        fence,
      });
    });

    it('sends whoever comes to the absorbed on to the parent', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await found(session, profile('p3', 3, DEVICE));
      await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't1' });
      const moved = { kind: 'moved', parent: pidOf('p1') };
      expect(await session.attach(T, pidOf('p2'), 0, [DEVICE], LIMITS)).toEqual(moved);
      expect(await session.detach(T, pidOf('p2'), PHONE.digest)).toEqual(moved);
      expect(await session.fence(T, pidOf('p2'), fenceInto('p1', 't2'))).toEqual(moved);
      await session.fence(T, pidOf('p3'), fenceInto('p2', 't3'));
      const snapshot = await recordOf(session, 'p3');
      expect(await session.absorb(T, pidOf('p2'), snapshot, LIMITS)).toEqual(moved);
      expect(await session.absorb(T, pidOf('p9'), snapshot, LIMITS)).toEqual({ kind: 'missing' });
    });

    it.each([
      ['of two values of a unique type', [MEMBER], [id('member', 'm2')]],
      [
        'beyond the values of a type',
        [id('phone', 'a'), id('phone', 'b')],
        [PHONE, id('phone', 'c')],
      ],
    ])('%s is refused, and leaves both as they were', async (_, of1, of2) => {
      const { session } = await open();
      await found(session, profile('p1', 1, ...of1));
      await found(session, profile('p2', 2, ...of2));
      expect(await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't' })).toBe('refused');
      await session.unfence(T, pidOf('p2'), 't');
      expect(await listed(session, 'p1')).toEqual(of1);
      expect(await recordOf(session, 'p2')).toMatchObject({
        identifiers: of2,
        parent: null,
        fence: null,
      });
    });

    it('beyond the profiles one may absorb is refused', async () => {
      const { session } = await open();
      for (let n = 1; n <= LIMITS.absorbedMax + 2; n += 1) {
        await found(session, profile(`p${n}`, n, id('device', `d${n}`)));
      }
      const unlimited = { ...LIMITS, perType: {}, identifiersMax: 100 };
      const answers: string[] = [];
      for (let n = 2; n <= LIMITS.absorbedMax + 2; n += 1) {
        await session.fence(T, pidOf(`p${n}`), fenceInto('p1', `t${n}`));
        const snapshot = await recordOf(session, `p${n}`);
        answers.push((await session.absorb(T, pidOf('p1'), snapshot, unlimited)).kind);
        await session.finish(T, pidOf(`p${n}`), pidOf('p1'), `t${n}`);
      }
      expect(answers).toEqual(['ok', 'ok', 'ok', 'ok', 'refused']);
    });

    it('refused once stays refused under its fence, though the survivor let the clashing value go', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, DEVICE, MEMBER));
      await found(session, profile('p2', 2, id('member', 'm2')));
      await session.fence(T, pidOf('p2'), fenceInto('p1', 't1'));
      const snapshot = await recordOf(session, 'p2');
      expect(await session.absorb(T, pidOf('p1'), snapshot, LIMITS)).toEqual({ kind: 'refused' });
      await session.unfence(T, pidOf('p2'), 't1');
      await session.detach(T, pidOf('p1'), MEMBER.digest);
      expect(await session.absorb(T, pidOf('p1'), snapshot, LIMITS)).toEqual({ kind: 'refused' });
      expect(await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't2' })).toBe('ok');
    });

    it('ends by its own token only', async () => {
      const { session } = await open();
      await found(session, profile('p1', 1, MEMBER));
      await found(session, profile('p2', 2, PHONE));
      await session.fence(T, pidOf('p2'), fenceInto('p1', 'f1'));
      await session.unfence(T, pidOf('p2'), 'f1');
      await session.fence(T, pidOf('p2'), fenceInto('p1', 'f2'));
      await session.unfence(T, pidOf('p2'), 'f1');
      await session.finish(T, pidOf('p2'), pidOf('p1'), 'f1');
      expect(await recordOf(session, 'p2')).toMatchObject({
        parent: null,
        fence: fenceInto('p1', 'f2'),
      });
    });
  });
}
