/**
 * Starts the process that hosts chDB and keeps it running: after a crash, or when it ended itself over
 * a ruinous query, it is back on the same address with the same secret. `close` always ends it, by
 * signal if need be. While it is away, clients find the connection refused; nothing is lost.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism, constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WeftError } from '../../errors.ts';
import type { FromChild, ReadLimits, StartMessage, ToChild } from './messages.ts';

export interface ChdbExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it ended itself, or the last it wrote. */
  readonly reason: string;
}

export interface ChdbOptions {
  /** Made if it is not there. One process per directory. */
  readonly directory: string;
  /** The compiled `child.js`. */
  readonly script?: string;
  readonly limits?: Partial<ReadLimits>;
  /** Called for every end that `close` did not ask for; a start follows by itself. */
  readonly onExit?: (exit: ChdbExit) => void;
  /** Called for every start after the first. */
  readonly onRestart?: () => void;
}

export interface ChdbProcess {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly version: string;
  /** Of the process running now; undefined while it is away. */
  readonly pid: () => number | undefined;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const USERNAME = 'weft';
const START_DEADLINE_MS = 60_000;
const CLOSE_DEADLINE_MS = 5_000;
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 5_000;
const STDERR_CHARS_MAX = 4_000;
/** chDB runs its queries on libuv's threads: enough for all reads and writes at a time. */
const THREADS = 16;
/** chDB's code for a directory that another process has open. */
const IN_USE = /Code: 76\b/;

const defaultLimits = (): ReadLimits => ({
  secondsMax: 30,
  rowsMax: 10_000_000,
  bytesMax: 1024 ** 3,
  memoryBytesMax: 2 * 1024 ** 3,
  threadsMax: Math.max(1, Math.floor(availableParallelism() / 2)),
  queriesMax: 4,
});

/** Beside this file when compiled; from TypeScript sources, in `dist`. */
function childScript(): string {
  const here = import.meta.url;
  return fileURLToPath(
    here.endsWith('.ts')
      ? new URL('../../../dist/src/adapters/chdb/child.js', here)
      : new URL('child.js', here),
  );
}

/** Resolves when it answers. `data_dir_in_use` or `archive_unavailable` when it cannot start. */
export async function startChdb(options: ChdbOptions): Promise<ChdbProcess> {
  const password = randomBytes(24).toString('base64url');
  const start = (port: number): Promise<Started> =>
    startChild(options, startMessage(options, password, port));
  const state: State = { child: undefined, isClosing: false, failures: 0, timer: undefined };
  const first = await start(0);
  const keep = (started: Started): void => {
    state.child = started.child;
    state.failures = 0;
    started.exited.then((exit) => {
      state.child = undefined;
      if (state.isClosing) return;
      options.onExit?.(exit);
      restartLater();
    }, unreachable);
  };
  const restartLater = (): void => {
    const waitMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** state.failures);
    state.failures += 1;
    state.timer = setTimeout(() => {
      start(first.port).then(
        (started) => {
          if (state.isClosing) return void endChild(started);
          keep(started);
          options.onRestart?.();
        },
        (error: unknown) => {
          if (state.isClosing) return;
          options.onExit?.({ code: null, signal: null, reason: String(error) });
          restartLater();
        },
      );
    }, waitMs);
  };
  keep(first);
  return {
    url: `http://${HOST}:${first.port}`,
    username: USERNAME,
    password,
    version: first.version,
    pid: () => state.child?.pid,
    async close() {
      state.isClosing = true;
      clearTimeout(state.timer);
      if (state.child) await endChild({ child: state.child });
    },
  };
}

interface State {
  child: ChildProcess | undefined;
  isClosing: boolean;
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly version: string;
  readonly exited: Promise<ChdbExit>;
}

const startMessage = (options: ChdbOptions, key: string, port: number): StartMessage => ({
  kind: 'start',
  directory: options.directory,
  host: HOST,
  port,
  accounts: [{ user: USERNAME, key, role: 'write' }],
  limits: { ...defaultLimits(), ...options.limits },
});

async function startChild(options: ChdbOptions, message: StartMessage): Promise<Started> {
  const child = fork(options.script ?? childScript(), [], {
    // Nothing of the parent's environment, which may hold secrets; a known time zone.
    env: { UV_THREADPOOL_SIZE: String(THREADS), TZ: 'UTC' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Who sends an event waits for the same processors, and an insert takes all there are, once a second.
  // At once: threads inherit it, and there are none yet.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(-STDERR_CHARS_MAX);
  });
  const exited = new Promise<ChdbExit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, reason: error.message }));
    // `close`, not `exit`: by then everything it wrote has been read.
    child.once('close', (code, signal) => resolve({ code, signal, reason: said.trim() }));
  });
  const ready = new Promise<{ readonly port: number; readonly version: string }>((resolve) => {
    child.on('message', (answer: FromChild) => {
      if (answer.kind === 'ready') resolve(answer);
      else if (answer.kind === 'failed') said = `${said}\n${answer.message}`;
      else said = `a query did not end ${answer.seconds} s after it was to`;
    });
  });
  send(child, message);
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
  const first = await Promise.race([ready, exited]);
  clearTimeout(deadline);
  if ('port' in first) return { child, exited, port: first.port, version: first.version };
  throw whyNotStarted(options.directory, first);
}

function whyNotStarted(directory: string, exit: ChdbExit): WeftError {
  if (IN_USE.test(exit.reason))
    return new WeftError('data_dir_in_use', `Another process has ${directory} open.`);
  const how = exit.signal ?? `exit code ${exit.code}`;
  return new WeftError(
    'archive_unavailable',
    `The embedded ClickHouse did not start in ${directory} (${how}): ${exit.reason || 'it said nothing'}`,
  );
}

async function endChild({ child }: { readonly child: ChildProcess }): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = setTimeout(() => child.kill('SIGKILL'), CLOSE_DEADLINE_MS);
  send(child, { kind: 'stop' });
  await ended;
  clearTimeout(deadline);
}

/** A child that is gone cannot be told anything; its exit says so. */
function send(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => undefined);
}

function unreachable(error: unknown): never {
  throw new Error('an exit is never a rejection', { cause: error });
}
