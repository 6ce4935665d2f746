// What an installation on another machine needs from the committed package files.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, LockEntry>>;
};

describe('the lock file', () => {
  it('names no registry, so that any mirror serves', () => {
    const named = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
    expect(named.map(([path]) => path)).toEqual([]);
  });

  it('lists the engine of chdb for every platform, not only for the one it was made on', () => {
    const engines = Object.entries(lock.packages['node_modules/chdb']?.optionalDependencies ?? {});
    expect(engines).toHaveLength(4);
    for (const [name, version] of engines) {
      expect(lock.packages[`node_modules/${name}`]).toMatchObject({ version, optional: true });
    }
  });
});
