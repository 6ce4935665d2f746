import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createIdentityHash, loadInstallationKey } from './identity-hash.ts';

const KEY = new Uint8Array(32).fill(7);
const hash = createIdentityHash({ key: KEY });
const MAKE = { mayMake: true };

describe('a digest', () => {
  it('is 24 hex characters, the same each time, from the cache or not', () => {
    const first = hash.digest('default', 'phone', '', '+8613800138000');
    expect(first).toMatch(/^[0-9a-f]{24}$/);
    expect(hash.digest('default', 'phone', '', '+8613800138000')).toBe(first);
    const fresh = createIdentityHash({ key: KEY, digestsCachedMax: 2 });
    for (const value of ['a', 'b', 'c', 'd']) fresh.digest('default', 'phone', '', value);
    expect(fresh.digest('default', 'phone', '', '+8613800138000')).toBe(first);
  });

  // Stores keep it: a release that computes another one finds nobody.
  it('does not change from release to release', () => {
    expect([
      hash.digest('default', 'member', '', 'M1001'),
      hash.digest('default', 'buyer', 'tmall:1001', '张三'),
      hash.pid('default', hash.digest('default', 'member', '', 'M1001'), 0),
      hash.pid('default', `anon:${hash.digest('default', 'member', '', 'M1001')}`, 0),
    ]).toMatchInlineSnapshot(`
      [
        "19988591f2eb8a8c46d799ad",
        "65235596736669cd1a006e64",
        "0019acb79e0236e9dca2",
        "001916e805331db375d7",
      ]
    `);
  });

  it.each([
    ['another value', 'default', 'phone', '', '2'],
    ['another type', 'default', 'email', '', '1'],
    ['another scope', 'default', 'phone', 'a', '1'],
    ['another tenant', 'other', 'phone', '', '1'],
  ] as const)('differs for %s', (_, tenant, type, scope, value) => {
    const one = hash.digest('default', 'phone', '', '1');
    expect(hash.digest(tenant, type, scope, value)).not.toBe(one);
  });

  it('differs under another key', () => {
    const other = createIdentityHash({ key: new Uint8Array(32).fill(8) });
    const args = ['default', 'phone', '', '1'] as const;
    expect(other.digest(...args)).not.toBe(hash.digest(...args));
  });
});

describe('a pid', () => {
  const digest = hash.digest('default', 'member', '', 'M1001');

  it('is 20 hex characters and begins with the shard of its founder', () => {
    const pid = hash.pid('default', digest, 0);
    expect(pid).toMatch(/^[0-9a-f]{20}$/);
    expect(pid.slice(0, 4)).toBe(`00${digest.slice(0, 2)}`);
    expect(hash.pid('default', `anon:${digest}`, 0).slice(0, 4)).toBe(pid.slice(0, 4));
  });

  it('is another for each founder, epoch, tenant, and for the anonymous profile', () => {
    const founder = fc.constantFrom(
      digest,
      `anon:${digest}`,
      hash.digest('default', 'uid', '', 'u'),
    );
    const arg = fc.tuple(fc.constantFrom('default', 'other'), founder, fc.nat(3));
    fc.assert(
      fc.property(arg, arg, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(hash.pid(...one) === hash.pid(...other)).toBe(isSame);
      }),
    );
  });

  it('spreads over all 256 shards', () => {
    const shards = new Set<string>();
    for (let n = 0; n < 5_000; n += 1) {
      shards.add(
        hash.pid('default', hash.digest('default', 'device', '', String(n)), 0).slice(0, 4),
      );
    }
    expect(shards.size).toBe(256);
  });
});

describe('the key of an installation', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-key-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
  });

  it('is made once, for its owner only, and read from then on', () => {
    const inside = join(dir, 'data');
    const key = loadInstallationKey(inside, MAKE);
    expect(key.length).toBe(32);
    expect(statSync(join(inside, 'identity.key')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(loadInstallationKey(inside, MAKE))).toEqual(Buffer.from(key));
    expect(readdirSync(inside)).toEqual(['identity.key']);
  });

  it('is another for each installation', () => {
    const one = loadInstallationKey(join(dir, 'a'), MAKE);
    expect(Buffer.from(one)).not.toEqual(Buffer.from(loadInstallationKey(join(dir, 'b'), MAKE)));
  });

  it('is refused when others may read it', () => {
    loadInstallationKey(dir, MAKE);
    chmodSync(join(dir, 'identity.key'), 0o644);
    expect(() => loadInstallationKey(dir, MAKE)).toThrow(/chmod 600/);
  });

  it('is refused, and never made anew, when it is damaged', () => {
    writeFileSync(join(dir, 'identity.key'), 'short', { mode: 0o600 });
    expect(() => loadInstallationKey(dir, MAKE)).toThrow(/5 bytes instead of 32/);
  });

  it('is never made anew where there is data already', () => {
    expect(() => loadInstallationKey(dir, { mayMake: false })).toThrow(/0 bytes instead of 32/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('is refused when it is too short to be one', () => {
    expect(() => createIdentityHash({ key: new Uint8Array(16) })).toThrow(/shorter than 32/);
  });
});
