/**
 * The steps of the bench. Each drives one engine that is already full of profiles, and gives named
 * numbers; what a number means stands beside its name in docs/performance.md.
 */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineProcess } from './engine-process.ts';
import type { GeneratorOptions, GeneratorReport } from './generator.ts';
import { monotonicMs } from './monotonic.ts';
import { isCaughtUp, progressOf, watchActions } from './watcher.ts';

export interface StepOptions {
  readonly seed: number;
  readonly profiles: number;
  readonly seconds: number;
  readonly rate: number;
  /** How often the reader of actions asks. */
  readonly pollMs: number;
}

export type Numbers = Readonly<Record<string, number>>;

export interface Measured {
  readonly numbers: Numbers;
  /** The generator itself was too late: the numbers say nothing. */
  readonly isVoid: boolean;
}

const GENERATOR = fileURLToPath(new URL('./generator.js', import.meta.url));
const LATE_SHARE_MAX = 0.001;
const HEAD_START_MS = 1_000;
const SAMPLE_MS = 1_000;
const DRAIN_MS_MAX = 180_000;
const TOP = 10;

let runs = 0;
const newRun = (name: string): string => `${name}${process.pid}x${++runs}`;

/** One event for each profile, as fast as they are taken. */
export async function fill(engine: EngineProcess, options: StepOptions): Promise<Measured> {
  const startedMs = monotonicMs();
  const before = costsOf(engine);
  const report = await drive(engine, { ...options, rate: 0 }, newRun('f'), startedMs);
  await whenDrained(engine);
  const tookMs = monotonicMs() - startedMs;
  const { rssAnonMb } = engine.engine();
  return {
    isVoid: false,
    numbers: {
      events: report.accepted,
      events_per_second: report.accepted / (tookMs / 1_000),
      failed: failedOf(report),
      engine_rss_anon_mb: rssAnonMb,
      ...perMillion(engine, before, report.accepted),
    },
  };
}

/** An open loop at a fixed rate: what it costs, how long actions take, whether it keeps up. */
export async function pace(engine: EngineProcess, options: StepOptions): Promise<Measured> {
  const run = newRun('p');
  const startsAtMs = monotonicMs() + HEAD_START_MS;
  const before = costsOf(engine);
  const batchGapMs = 50_000 / options.rate;
  const watch = watchActions({
    url: engine.url,
    run,
    everyMs: options.pollMs,
    dueMsOf: (index) => startsAtMs + Math.floor(index / 50) * batchGapMs,
  });
  const sampler = startSampler(engine);
  const report = await drive(engine, options, run, startsAtMs);
  const sentMs = monotonicMs();
  const samples = sampler.stop();
  await whenDrained(engine);
  const drainedMs = monotonicMs();
  const action = await watch.stop();
  const steady = samples.slice(Math.floor(samples.length / 3));
  return {
    isVoid: report.lateShare > LATE_SHARE_MAX,
    numbers: {
      rate: options.rate,
      sent: report.events,
      accepted: report.accepted,
      failed: failedOf(report) + report.rejected,
      generator_late_share: report.lateShare,
      request_p50_ms: report.requestMs.p50,
      request_p99_ms: report.requestMs.p99,
      request_max_ms: report.requestMs.max,
      actions_read: action.count,
      event_to_action_p50_ms: action.p50,
      event_to_action_p99_ms: action.p99,
      event_to_action_max_ms: action.max,
      backlog_slope_of_rate: slope(steady.map((sample) => sample.backlog)) / options.rate,
      backlog_max: Math.max(0, ...samples.map((sample) => sample.backlog)),
      applied_and_archived_per_second: report.accepted / ((drainedMs - startsAtMs) / 1_000),
      drain_s: (drainedMs - sentMs) / 1_000,
      engine_rss_anon_max_mb: Math.max(0, ...samples.map((sample) => sample.rssAnonMb)),
      analytics_rss_anon_mb: engine.analytics().rssAnonMb,
      ...perMillion(engine, before, report.accepted),
    },
  };
}

/** The functions of the newest CPU profile in `dir` that themselves took most, as shares. */
export function topOfProfile(dir: string): readonly string[] {
  const file = readdirSync(dir)
    .filter((name) => name.endsWith('.cpuprofile'))
    .toSorted()
    .at(-1);
  if (file === undefined) throw new Error(`bench: there is no CPU profile in ${dir}`);
  const profile = JSON.parse(readFileSync(join(dir, file), 'utf8')) as CpuProfile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const byPlace = new Map<string, number>();
  let sum = 0;
  profile.samples.forEach((id, index) => {
    const frame = nodes.get(id)?.callFrame;
    if (frame === undefined || frame.functionName === '(idle)') return;
    const took = profile.timeDeltas[index] ?? 0;
    sum += took;
    const place = placeOf(frame);
    byPlace.set(place, (byPlace.get(place) ?? 0) + took);
  });
  return [...byPlace]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([place, took]) => `${((100 * took) / sum).toFixed(1).padStart(5)} %  ${place}`);
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const file = url.replace(/^.*\/(dist|node_modules)\//, '').replace(/^node:/, 'node:');
  return file === '' ? functionName : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

function drive(
  engine: EngineProcess,
  options: StepOptions,
  run: string,
  startsAtMs: number,
): Promise<GeneratorReport> {
  const child = fork(GENERATOR);
  const { seed, profiles, rate, seconds } = options;
  const order: GeneratorOptions = {
    url: engine.url,
    seed,
    profiles,
    run,
    rate,
    seconds,
    startsAtMs,
    fills: rate === 0,
  };
  child.send(order);
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as GeneratorReport));
    child.once('exit', (code) => reject(new Error(`bench: the generator ended with ${code}`)));
  });
}

interface Sample {
  readonly backlog: number;
  readonly rssAnonMb: number;
}

function startSampler(engine: EngineProcess): { stop(): readonly Sample[] } {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const { rssAnonMb } = engine.engine();
    void progressOf(engine.url).then(({ accepted, archived }) =>
      samples.push({ backlog: accepted - archived, rssAnonMb }),
    );
  }, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}

/** Every stage has nothing left, twice in a row: what one stage ends with, the next begins with. */
export async function whenDrained(engine: EngineProcess): Promise<void> {
  let quiet = 0;
  let last = -1;
  for (const startedMs = monotonicMs(); quiet < 3;) {
    if (monotonicMs() - startedMs > DRAIN_MS_MAX)
      throw new Error('bench: the engine does not catch up');
    const { archived } = await progressOf(engine.url);
    quiet = (await isCaughtUp(engine.url)) && archived === last ? quiet + 1 : 0;
    last = archived;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

interface BothCosts {
  readonly engine: number;
  readonly analytics: number;
}

const costsOf = (engine: EngineProcess): BothCosts => ({
  engine: engine.engine().cpuSeconds,
  analytics: engine.analytics().cpuSeconds,
});

function perMillion(engine: EngineProcess, before: BothCosts, events: number): Numbers {
  const after = costsOf(engine);
  return {
    engine_cpu_s_per_million: ((after.engine - before.engine) * 1e6) / events,
    analytics_cpu_s_per_million: ((after.analytics - before.analytics) * 1e6) / events,
  };
}

const failedOf = ({ failed }: GeneratorReport): number =>
  Object.values(failed).reduce((sum, events) => sum + events, 0);

/** Least squares, a second. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let above = 0;
  let below = 0;
  values.forEach((value, index) => {
    above += (index - middle) * (value - mean);
    below += (index - middle) ** 2;
  });
  return below === 0 ? 0 : above / below;
}
