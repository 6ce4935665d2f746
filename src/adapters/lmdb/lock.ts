/**
 * One process per data directory. `<dir>/lock` names its holder; it appears whole (a hard link to a
 * finished file), and a lock whose holder is gone is replaced under a lock of its own, so that two
 * processes that find it stale at the same moment cannot both win. Pids come round again: a holder
 * is its pid *and* the moment that process began, as far as the system tells.
 */
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { WeftError } from '../../errors.ts';

export interface LockHolder {
  readonly pid: number;
  /** Where the process listens, once it does. */
  readonly address?: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface Lock {
  /** Tells who comes later where this process answers. */
  setAddress(address: string): void;
  release(): void;
}

interface LockFile extends LockHolder {
  readonly host: string;
  /** When the process began, in the system's own words; empty where it does not say. */
  readonly born: string;
  /** Unique to this acquisition: what tells our lock from another. */
  readonly token: string;
}

const FILE_NAME = 'lock';
const BEAT_MS = 5_000;
/** A holder on another host (a container) can only be known by its beat. */
const SILENT_MS = 30_000;
const TAKEOVER_DEPTH_MAX = 3;

/** A directory held by a living process is `data_dir_in_use`, saying which. */
export function acquireLock(dir: string): Lock {
  const path = join(dir, FILE_NAME);
  let content: LockFile = {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    host: hostname(),
    born: birthOf(process.pid),
    token: randomUUID(),
  };
  take(dir, path, content, 0);
  const beat = setInterval(() => touch(path), BEAT_MS);
  beat.unref();
  return {
    setAddress(address) {
      content = { ...content, address };
      renameSync(writeAside(path, content), path);
    },
    release() {
      clearInterval(beat);
      if (readLockFile(path)?.token === content.token) rmSync(path, { force: true });
    },
  };
}

/** Who holds the directory now; undefined when nobody living does. */
export function readLock(dir: string): LockHolder | undefined {
  const path = join(dir, FILE_NAME);
  const holder = readLockFile(path);
  return holder !== undefined && isAlive(path, holder) ? holder : undefined;
}

function take(dir: string, path: string, content: LockFile, depth: number): void {
  const aside = writeAside(path, content);
  try {
    if (linkIfAbsent(aside, path)) return;
    const holder = readLockFile(path);
    if (holder !== undefined && isAlive(path, holder)) throw inUse(dir, holder);
    if (depth >= TAKEOVER_DEPTH_MAX) throw tooManyStale(path);
    const takeover = `${path}.takeover`;
    take(dir, takeover, { ...content, token: randomUUID() }, depth + 1);
    try {
      const now = readLockFile(path);
      // Somebody took it over between our look and our turn.
      if (now !== undefined && isAlive(path, now)) throw inUse(dir, now);
      // A stale lock is replaced by whoever holds the take-over, so by nobody else; a missing one
      // is anybody's.
      if (existsSync(path)) renameSync(aside, path);
      else if (!linkIfAbsent(aside, path)) throw inUse(dir, readLockFile(path) ?? content);
    } finally {
      rmSync(takeover, { force: true });
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function writeAside(path: string, content: LockFile): string {
  const aside = `${path}.${randomUUID()}`;
  writeFileSync(aside, `${JSON.stringify(content)}\n`, { flag: 'wx', mode: 0o600 });
  return aside;
}

function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function readLockFile(path: string): LockFile | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isLockFile(parsed) ? parsed : undefined;
  } catch (error) {
    // A half-written or foreign file is nobody's lock: ours appear whole.
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isLockFile(value: unknown): value is LockFile {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startedAt, host, born, token } = value as Partial<Record<keyof LockFile, unknown>>;
  return (
    Number.isSafeInteger(pid) && [startedAt, host, born, token].every((x) => typeof x === 'string')
  );
}

function isAlive(path: string, holder: LockFile): boolean {
  if (holder.host !== hostname()) return Date.now() - beatOf(path) < SILENT_MS;
  if (!isRunning(holder.pid)) return false;
  const born = birthOf(holder.pid);
  return born === '' || born === holder.born;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

/** Boot and clock tick at which a process began (Linux); empty elsewhere. */
function birthOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything; `starttime` is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot}/${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

function beatOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The beat only helps other hosts; the directory may be going away under a stopping process.
  }
}

function inUse(dir: string, holder: LockHolder): WeftError {
  const where = holder.address === undefined ? '' : ` at ${holder.address}`;
  return new WeftError(
    'data_dir_in_use',
    `data directory ${dir} is in use by process ${holder.pid}${where} since ${holder.startedAt}`,
    { details: { pid: holder.pid, ...(holder.address && { address: holder.address }) } },
  );
}

function tooManyStale(path: string): WeftError {
  return new WeftError(
    'data_dir_in_use',
    `taking over ${path}: several stale take-overs are in the way; delete ${path}* when no Weft ` +
      `runs here`,
  );
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
