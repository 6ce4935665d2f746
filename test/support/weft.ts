/**
 * The `weft` command as real processes: run to its end, or served until it is told to stop. What is
 * awaited is what a process says or how it ends, never a time; what a test started ends with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url));

const WEFT = pathOf('bin/weft');

if (!existsSync(pathOf('dist/src/cli/main.js'))) {
  throw new Error('System tests run what is built, and dist/ is missing: run `npm run build`.');
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, however it ends. */
export async function weft(...args: readonly string[]): Promise<Ran> {
  const child = start(args);
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended(child),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

/** The same for a command that must succeed. */
export async function weftOk(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await weft(...args);
  if (code !== 0) throw new Error(`weft ${args[0]} ended with ${code}: ${stderr}`);
  return stdout;
}

export type Row = Readonly<Record<string, unknown>>;

/** The rows of a question; beside a running server it goes through that. */
export async function query<R extends object = Row>(dataDir: string, sql: string): Promise<R[]> {
  return parseLines(await weftOk('query', sql, '--data-dir', dataDir, '--format', 'jsonl'));
}

export const parseLines = <R>(lines: string): R[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as R);

export interface Server {
  readonly url: string;
  readonly pid: number;
  /** Everything it logged so far, one object a line. */
  readonly log: readonly Row[];
  /** SIGTERM; resolves with the exit code when it is gone. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** `weft serve` on a free port; resolves when it says that it listens. @public */
export async function serve(dataDir: string, ...args: readonly string[]): Promise<Server> {
  const child = start(['serve', '--data-dir', dataDir, '--port', '0', ...args]);
  const log: Row[] = [];
  const stderr = text(child.stderr);
  const lines = createInterface({ input: child.stdout });
  const listening = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const said = parseLog(line);
      log.push(said);
      if (said['event'] === 'listening') resolve(String(said['url']));
    });
    void ended(child).then(async () => {
      const why = `${await stderr}${log.map((said) => JSON.stringify(said)).join('\n')}`;
      reject(new Error(`weft serve ended with ${child.exitCode} before it listened: ${why}`));
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended(child);
  };
  return {
    url: await listening,
    pid: child.pid ?? 0,
    log,
    async stop() {
      await end('SIGTERM');
      return child.exitCode;
    },
    kill: () => end('SIGKILL'),
  };
}

/** A command under way, for who wants to end it before its end. @public */
export function startWeft(...args: readonly string[]): Started {
  const child = start(args);
  const stderr = text(child.stderr);
  child.stdout.resume();
  return {
    pid: child.pid ?? 0,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async kill() {
      child.kill('SIGKILL');
      await ended(child);
      return child.signalCode;
    },
    async finish() {
      await ended(child);
      return { code: child.exitCode, stderr: await stderr };
    },
  };
}

export interface Started {
  readonly pid: number;
  hasEnded(): boolean;
  /** Answers the signal it died of; null: it had ended by itself. */
  kill(): Promise<NodeJS.Signals | null>;
  finish(): Promise<Pick<Ran, 'code' | 'stderr'>>;
}

const running = new Set<ChildProcess>();

// Also for who started one in `beforeAll`.
afterAll(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await ended(child);
  }
});

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [WEFT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(),
  });
  running.add(child);
  void ended(child).then(() => running.delete(child));
  return child;
}

/** Settings of whoever runs the tests are not settings of the tests. */
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEFT_')));

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function parseLog(line: string): Row {
  try {
    return JSON.parse(line) as Row;
  } catch {
    return { event: line };
  }
}
