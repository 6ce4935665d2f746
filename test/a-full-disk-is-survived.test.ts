// D1, the embedded store: a file system of 40 MB in a namespace of its own, filled to the last byte.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const inNamespace = (script: string, ...args: readonly string[]) =>
  spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', ...args], { encoding: 'utf8' });
const MOUNT = 'mount -t tmpfs -o size=40m tmpfs "$1"';

const dir = mkdtempSync(join(tmpdir(), 'weft-full-'));
const able = inNamespace(MOUNT, dir).status === 0;
rmSync(dir, { recursive: true });

describe('a full disk is survived', () => {
  it.skipIf(!able)(
    'D1: it is said in words, nothing acknowledged is lost, and dropping helps',
    () => {
      const mounted = mkdtempSync(join(tmpdir(), 'weft-full-'));
      onTestFinished(() => rmSync(mounted, { recursive: true }));
      const child = fileURLToPath(new URL('children/environment.mjs', import.meta.url));
      const script = `${MOUNT} && "$2" "$3" fill "$1"`;
      const { stdout, status } = inNamespace(script, mounted, process.execPath, child);
      expect(stdout.trim().split('\n')).toEqual([
        'disk_guard true',
        // The ballast has gone: work under way goes on.
        'next 1',
        'low true',
        'dropped true',
        'there 51 true',
      ]);
      expect(status).toBe(0);
    },
  );
});
