import { expect, it } from 'vitest';
import { createMemoryIdentityStore } from '../src/adapters/memory/identity-store.ts';
import {
  DEVICE,
  MEMBER,
  PHONE,
  T,
  found,
  merge,
  pidOf,
  profile,
} from '../src/ports/identity-fixtures.contract.ts';
import { profilesOf } from './profiles-of.ts';

it('all that became one are the same shopper, whichever is asked for; others are not', async () => {
  const store = createMemoryIdentityStore();
  const session = store.begin();
  await found(session, profile('p1', 1, MEMBER));
  await found(session, profile('p2', 2, PHONE));
  await found(session, profile('p3', 3, DEVICE));
  await merge(session, { survivor: 'p2', absorbed: 'p3', token: 't1' });
  expect(await profilesOf(store, T, pidOf('p1'))).toEqual([pidOf('p1')]);
  await merge(session, { survivor: 'p1', absorbed: 'p2', token: 't2' });
  const all = ['p1', 'p2', 'p3'].map(pidOf).toSorted();
  for (const pid of all) {
    expect((await profilesOf(store, T, pid)).toSorted()).toEqual(all);
  }
  expect(await profilesOf(store, T, pidOf('p4'))).toEqual([pidOf('p4')]);
});
