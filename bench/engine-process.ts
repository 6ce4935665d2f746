/**
 * The engine under test: `weft serve` as a user starts it, on a data directory of its own, looked at
 * from outside only: /proc for what it costs, its HTTP surface for what it has done.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Costs {
  /** User and system time since it was started. */
  readonly cpuSeconds: number;
  readonly rssAnonMb: number;
}

export interface EngineProcess {
  readonly url: string;
  readonly dir: string;
  engine(): Costs;
  /** Its child process with chDB in it. */
  analytics(): Costs;
  stop(): Promise<void>;
}

const WEFT = fileURLToPath(new URL('../../bin/weft', import.meta.url));
const START_MS_MAX = 60_000;
const POLL_MS = 50;
const TICKS_PER_SECOND = 100;
const NOTHING: Costs = { cpuSeconds: 0, rssAnonMb: 0 };

export async function startEngine(nodeFlags: readonly string[] = []): Promise<EngineProcess> {
  const dir = mkdtempSync(join(tmpdir(), 'weft-bench-'));
  const logFile = join(dir, 'engine.log');
  const out = openSync(logFile, 'a');
  const args = [...nodeFlags, WEFT, 'serve', '--port', '0', '--data-dir', join(dir, 'data')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', out, out], cwd: dir });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { pid } = child;
  if (pid === undefined) throw new Error('bench: the engine did not start');
  const url = await addressIn(logFile, () => child.exitCode !== null);
  return {
    url,
    dir,
    engine: () => costsOf(pid),
    analytics: () => childrenOf(pid).map(costsOf).reduce(add, NOTHING),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

export const removeDirectory = ({ dir }: EngineProcess): void =>
  rmSync(dir, { recursive: true, force: true });

async function addressIn(logFile: string, hasEnded: () => boolean): Promise<string> {
  for (let waitedMs = 0; waitedMs < START_MS_MAX && !hasEnded(); waitedMs += POLL_MS) {
    const url = /"url":"(http:[^"]+)"/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(
    `bench: the engine does not listen; its last words are:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`,
  );
}

function costsOf(pid: number): Costs {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which stands in brackets and may hold anything: state is field 3, utime 14.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssAnonKb = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssAnonMb: rssAnonKb / 1_024 };
}

function childrenOf(pid: number): readonly number[] {
  const children: number[] = [];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
    children.push(...list.split(' ').filter(Boolean).map(Number));
  }
  return children;
}

const add = (one: Costs, other: Costs): Costs => ({
  cpuSeconds: one.cpuSeconds + other.cpuSeconds,
  rssAnonMb: one.rssAnonMb + other.rssAnonMb,
});
