import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, readLock } from './lock.ts';
import type { Lock } from './lock.ts';

describe('the lock of a data directory', () => {
  let dir: string;
  const held: Lock[] = [];
  const acquire = (): Lock => {
    const lock = acquireLock(dir);
    held.push(lock);
    return lock;
  };
  /** The file as this very process would write it, with some of it changed. */
  const leaveLock = (changes: Record<string, unknown>): void => {
    const lock = acquireLock(dir);
    const content: object = JSON.parse(readFileSync(join(dir, 'lock'), 'utf8'));
    lock.release();
    writeFileSync(join(dir, 'lock'), JSON.stringify({ ...content, ...changes }));
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'weft-lock-'));
  });
  afterEach(() => {
    for (const lock of held.splice(0)) lock.release();
    rmSync(dir, { recursive: true });
  });

  it('keeps a second owner out, saying who is the first', () => {
    acquire();
    expect(() => acquire()).toThrow(
      expect.objectContaining({
        code: 'data_dir_in_use',
        message: expect.stringContaining(`in use by process ${process.pid} since `),
        details: { pid: process.pid },
      }),
    );
  });

  it('says where the first owner answers, once that is known', () => {
    const lock = acquire();
    expect(readLock(dir)).not.toHaveProperty('address');
    lock.setAddress('http://127.0.0.1:8080');
    expect(readLock(dir)).toMatchObject({ pid: process.pid, address: 'http://127.0.0.1:8080' });
    expect(() => acquire()).toThrow(`process ${process.pid} at http://127.0.0.1:8080 since`);
  });

  it('is free again once it is released, and leaves nothing behind', () => {
    acquire().release();
    expect(readLock(dir)).toBeUndefined();
    expect(readdirSync(dir)).toEqual([]);
    acquire();
  });

  it('released a second time leaves the next owner its lock', () => {
    const first = acquire();
    first.release();
    acquire();
    first.release();
    expect(() => acquire()).toThrow('in use');
  });

  const deadPid = () => spawnSync(process.execPath, ['-e', '']).pid;
  const staleLocks: readonly {
    readonly which: string;
    readonly changes: () => Record<string, unknown>;
    readonly silentSeconds?: number;
  }[] = [
    { which: 'whose process is gone', changes: () => ({ pid: deadPid() }) },
    {
      which: 'of another host that has been silent',
      changes: () => ({ host: `not-${hostname()}` }),
      silentSeconds: 60,
    },
    { which: 'whose pid another process has by now', changes: () => ({ born: 'another-boot/1' }) },
  ];
  // Only Linux says when a process began.
  const knownHere = staleLocks.slice(0, process.platform === 'linux' ? 3 : 2);
  it.each(knownHere)('$which is taken over', ({ changes, silentSeconds = 0 }) => {
    leaveLock(changes());
    const seen = Date.now() / 1_000 - silentSeconds;
    utimesSync(join(dir, 'lock'), seen, seen);
    expect(readLock(dir)).toBeUndefined();
    acquire();
    expect(readLock(dir)?.pid).toBe(process.pid);
    expect(readdirSync(dir)).toEqual(['lock']);
  });

  it('of another host that is still beating is respected', () => {
    leaveLock({ host: `not-${hostname()}`, pid: 1 });
    expect(() => acquire()).toThrow('in use by process 1 ');
  });

  it.each([
    ['nothing', ''],
    ['something else', '{"pid":"x"}'],
    ['half a lock', '{"pid": 12, "ho'],
  ])('is nobody’s when the file holds %s', (_, content) => {
    writeFileSync(join(dir, 'lock'), content);
    expect(readLock(dir)).toBeUndefined();
    acquire();
  });

  it('survives a take-over that died half way', () => {
    leaveLock({ pid: deadPid() });
    writeFileSync(join(dir, 'lock.takeover'), readFileSync(join(dir, 'lock')));
    acquire();
    expect(readdirSync(dir)).toEqual(['lock']);
  });
});
