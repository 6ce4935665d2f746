/** Where system tests keep their data, and where real data is, if it is. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { pathOf } from './weft.ts';

const made: string[] = [];

afterAll(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A directory of its own, removed when the file's tests are over. */
export function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'weft-system-'));
  made.push(dir);
  return dir;
}

export interface RealData {
  readonly path: string;
  readonly isMissing: boolean;
  /** For the title of a test: why it is skipped, or nothing. */
  readonly why: string;
}

/** Real files lie beside the repository; a clone without them says so. */
export function realData(name: string): RealData {
  const path = pathOf(`../shared/data/${name}`);
  const isMissing = !existsSync(path);
  return { path, isMissing, why: isMissing ? ` (SKIPPED: ../shared/data/${name} is missing)` : '' };
}
