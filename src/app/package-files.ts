/** Files that ship with the package, wherever it runs from: sources, dist, or an installation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return dir;
}

const PACKAGE_ROOT = findRoot();

export const packagePath = (...parts: readonly string[]): string => join(PACKAGE_ROOT, ...parts);

export const readPackageFile = (...parts: readonly string[]): string =>
  readFileSync(packagePath(...parts), 'utf8');

/** Names in a folder of the package, sorted, by ending. */
export const listPackageFiles = (folder: string, ending: string): readonly string[] =>
  readdirSync(packagePath(folder))
    .filter((name) => name.endsWith(ending))
    .toSorted();

export const version = (): string =>
  (JSON.parse(readPackageFile('package.json')) as { version: string }).version;
