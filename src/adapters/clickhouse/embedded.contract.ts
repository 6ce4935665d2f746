/**
 * For tests: the embedded engine as compiled from today's sources (dist may be older), the tables of
 * `sql/`, and the store over them, in a directory that goes when the tests are over.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnalyticsStore, Migration } from '../../ports/analytics-store.ts';
import { openClickHouse } from './analytics-store.ts';
import { readMigration } from './migrations.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Inside the repository, where packages are found; one for each test process. */
const BUILD_FOLDER = join('dist', '.child-for-tests', String(process.pid));
const FLAGS =
  '--ignoreConfig --noCheck --noResolve --lib es2023 --target ES2023 --module NodeNext --rewriteRelativeImportExtensions --rootDir .';

interface Exit {
  readonly signal: string | null;
}

interface Engine {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly pid: () => number | undefined;
  close(): Promise<void>;
}

/** `startChdb`, handed in: an adapter knows no other. */
type StartEngine = (options: {
  readonly directory: string;
  readonly script: string;
  readonly onExit: (exit: Exit) => void;
  readonly onRestart: () => void;
}) => Promise<Engine>;

export interface Embedded {
  readonly store: AnalyticsStore;
  readonly chdb: Engine;
  readonly directory: string;
  /** Ends that nobody asked for, as they come. */
  readonly exits: readonly Exit[];
  readonly restarts: () => number;
  close(): Promise<void>;
}

export async function openEmbedded(startEngine: StartEngine): Promise<Embedded> {
  const directory = mkdtempSync(join(tmpdir(), 'weft-analytics-'));
  const exits: Exit[] = [];
  let restarts = 0;
  const chdb = await startEngine({
    directory: join(directory, 'chdb'),
    script: buildChild(),
    onExit: (exit) => exits.push(exit),
    onRestart: () => (restarts += 1),
  });
  const store = openClickHouse({ ...chdb, migrations: readMigrations() });
  await store.migrate();
  return {
    store,
    chdb,
    directory: join(directory, 'chdb'),
    exits,
    restarts: () => restarts,
    async close() {
      await store.close();
      await chdb.close();
      rmSync(directory, { recursive: true, force: true });
      rmSync(join(ROOT, BUILD_FOLDER), { recursive: true, force: true });
    },
  };
}

export const readMigrations = (): readonly Migration[] =>
  readdirSync(join(ROOT, 'sql'))
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => readMigration(name, readFileSync(join(ROOT, 'sql', name), 'utf8')));

let builtScript: string | undefined;

/** Strips types only, which takes a second; `npm run check` is for the rest. */
export function buildChild(): string {
  if (builtScript !== undefined) return builtScript;
  const folder = join('src', 'adapters', 'chdb');
  const sources = readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(name))
    .map((name) => join(folder, name));
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', ...sources, ...FLAGS.split(' '), '--outDir', BUILD_FOLDER],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${folder} does not compile: ${stdout}`);
  builtScript = join(ROOT, BUILD_FOLDER, folder, 'child.js');
  return builtScript;
}
