// What every npm script runs first: installs the packages if they differ from the lock file, then compiles the
// sources that changed. Needs nothing but Node, does nothing when nothing changed, and one runs at a time.
// `--install-only` leaves out the compiling.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];
const SOURCE_FOLDERS = ['src', 'streams', 'bench'];
const NOT_BUILT = /\.(test|contract)\.ts$/;
const BUILD_FILES = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const BUILD_STAMP = 'dist/.sources.json';
const LOCK_FOLDER = '.setup.lock';
const LOCK_WAIT_MAX_MS = 900_000;
const LOCK_POLL_MS = 100;

process.chdir(ROOT);
requireNode();
const installOnly = process.argv.includes('--install-only');
if (isInstallDue() || (!installOnly && isBuildDue())) {
  withLock(() => {
    // Another setup may have done it all while this one waited.
    if (isInstallDue()) install();
    if (!installOnly && isBuildDue()) build();
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  fail(`Weft needs Node ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}.`);
}

function install() {
  say('installing packages with `npm ci --ignore-scripts` (once; about a minute) …');
  run('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], {
    shell: process.platform === 'win32',
  });
}

/** The record npm leaves in node_modules must name every version the lock file asks for. */
function isInstallDue() {
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (installed === undefined) return true;
  return Object.entries(readJson('package-lock.json').packages).some(([path, wanted]) => {
    if (path === '' || (wanted.optional === true && !(path in installed))) return false;
    return installed[path]?.version !== wanted.version;
  });
}

function build() {
  say('compiling …');
  const sources = listSources();
  removeOutputsOfDeleted(sources);
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  copyAssets(sources);
  mkdirSync('dist', { recursive: true });
  writeFileSync(BUILD_STAMP, JSON.stringify(sources));
}

/** Due when a source appeared, vanished or has another modification time than at the last build. */
function isBuildDue() {
  return JSON.stringify(readJson(BUILD_STAMP)) !== JSON.stringify(listSources());
}

/** Path -> modification time of everything the build reads, in a stable order. */
function listSources() {
  const inFolders = SOURCE_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !NOT_BUILT.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const paths = [...BUILD_FILES.filter((path) => existsSync(path)), ...inFolders];
  const times = paths.map((path) => [path, statSync(path).mtimeMs]);
  return Object.fromEntries(times.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function removeOutputsOfDeleted(sources) {
  for (const path of Object.keys(readJson(BUILD_STAMP) ?? {})) {
    if (path in sources) continue;
    const output = join('dist', path.replace(/\.ts$/, '.js'));
    rmSync(output, { force: true });
    rmSync(`${output}.map`, { force: true });
  }
}

/** Files beside the code that are read at run time (.lua, .sql, …) travel with it. */
function copyAssets(sources) {
  for (const path of Object.keys(sources)) {
    if (path.endsWith('.ts') || BUILD_FILES.includes(path)) continue;
    mkdirSync(dirname(join('dist', path)), { recursive: true });
    copyFileSync(path, join('dist', path));
  }
}

/** A folder is the lock, since making one is atomic; a lock whose owner is gone is taken over. */
function withLock(work) {
  const deadline = Date.now() + LOCK_WAIT_MAX_MS;
  const ownerFile = join(LOCK_FOLDER, 'pid');
  while (!tryMakeFolder(LOCK_FOLDER)) {
    if (isAbandoned(ownerFile)) rmSync(LOCK_FOLDER, { recursive: true, force: true });
    else if (Date.now() > deadline) fail(`another setup is still running; remove ${LOCK_FOLDER}?`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  process.on('exit', () => rmSync(LOCK_FOLDER, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  writeFileSync(ownerFile, String(process.pid));
  work();
}

function tryMakeFolder(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isAbandoned(ownerFile) {
  try {
    if (!existsSync(ownerFile)) return Date.now() - statSync(LOCK_FOLDER).mtimeMs > 2_000;
    process.kill(Number(readFileSync(ownerFile, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The child's stdout goes to stderr: a piped `npm run demo` shows the demo's output only. */
function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options });
  if (error !== undefined) fail(`could not start ${command}: ${error.message}`);
  if (status !== 0) fail(`\`${command} ${args.join(' ')}\` failed (see above).`);
}

function say(line) {
  process.stderr.write(`weft: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
