import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Share } from './index-entry.ts';
import { rebindEntry, shareEntry } from './index-entry.ts';
import type { IndexEntry } from './view.ts';

const claimed: IndexEntry = { digest: 'x', owner: 'a', mark: 'none', owners: [], since: 1 };
const share = (owner: string, more: Partial<Share> = {}): Share => ({
  digest: 'x',
  owner,
  merged: [],
  ownersMax: 3,
  since: 5,
  ...more,
});
const sharedBy = (...owners: string[]): IndexEntry =>
  owners.reduce((entry, owner) => shareEntry(entry, share(owner)), claimed);

describe('sharing', () => {
  it('counts the first owner and whom it was seen with', () => {
    expect(sharedBy('b')).toEqual({ ...claimed, mark: 'shared', owners: ['a', 'b'], since: 5 });
  });

  it('again with the same owner changes nothing', () => {
    const entry = sharedBy('b');
    expect(shareEntry(entry, share('b', { since: 9 }))).toBe(entry);
    expect(shareEntry(entry, share('a', { since: 9 }))).toBe(entry);
  });

  it('keeps since while only owners are added', () => {
    expect(shareEntry(sharedBy('b'), share('c', { since: 9 })).since).toBe(5);
  });

  it('makes a hub above the limit, and counts no further', () => {
    const hub = shareEntry(sharedBy('b', 'c'), share('d', { since: 9 }));
    expect(hub).toEqual({ ...claimed, mark: 'hub', owners: [], since: 9 });
    expect(shareEntry(hub, share('e'))).toBe(hub);
  });

  it('counts owners that became one as one', () => {
    const entry = sharedBy('b', 'c');
    const merged = [{ pid: 'c', root: 'b' }];
    const after = shareEntry(entry, share('d', { merged }));
    expect(after.mark).toBe('shared');
    expect(after.owners).toEqual(['a', 'b', 'd']);
  });

  it('ends the same in whatever order owners are met', () => {
    const owners = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(owners, fc.nat(), (met, seed) => {
        const shuffled = met.toSorted(
          (l, r) => ((l.charCodeAt(0) * 31 + seed) % 7) - ((r.charCodeAt(0) * 31 + seed) % 7),
        );
        const one = sharedBy(...met);
        const other = sharedBy(...shuffled);
        expect(one.mark).toBe(other.mark);
        expect(new Set(one.owners)).toEqual(new Set(other.owners));
      }),
    );
  });
});

describe('a verified rebind', () => {
  it('moves the entry and clears its mark', () => {
    const after = rebindEntry(sharedBy('b'), { digest: 'x', from: 'a', to: 'b', since: 9 });
    expect(after).toEqual({ digest: 'x', owner: 'b', mark: 'none', owners: [], since: 9 });
  });

  it('clears the mark of what the profile owns already', () => {
    const after = rebindEntry(sharedBy('b'), { digest: 'x', from: 'a', to: 'a', since: 9 });
    expect(after).toMatchObject({ owner: 'a', mark: 'none', since: 9 });
  });

  it('repeated changes nothing, not even a mark set since', () => {
    const rebind = { digest: 'x', from: 'a', to: 'b', since: 9 };
    const moved = rebindEntry(claimed, rebind)!;
    expect(rebindEntry(moved, rebind)).toBe(moved);
    const marked = shareEntry(moved, share('c', { since: 10 }));
    expect(rebindEntry(marked, rebind)).toBe(marked);
  });

  it('from somebody who does not own it does nothing', () => {
    expect(rebindEntry(claimed, { digest: 'x', from: 'z', to: 'b', since: 9 })).toBeUndefined();
  });
});
