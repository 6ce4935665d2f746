/**
 * `npm run bench`: how fast, how big, at what cost. Prints numbers and never judges them; a run whose
 * generator was late is void and says so. `--compare` sets them beside bench/baseline.json.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { removeDirectory, startEngine } from './engine-process.ts';
import {
  fill,
  pace,
  topOfProfile,
  type Measured,
  type Numbers,
  type StepOptions,
} from './steps.ts';

const STEPS = ['memory', 'latency', 'rate', 'profile'] as const;
type StepName = (typeof STEPS)[number];

const USAGE = `npm run bench -- [--step ${STEPS.join('|')}] [--quick] [--seconds n] [--rate n]
                 [--profiles n] [--runs n] [--seed n] [--compare] [--save]

  memory   one event for each of 200,000 profiles: anonymous memory, and the rate of a closed loop
           then 10 s of warm-up, shown, too: until now no event was anything but a view
  latency  2,000 events/s in an open loop: from due to be sent to the action readable
  rate     10,000 events/s in an open loop: does it keep up, and what does an event cost
  profile  5,000 events/s under --cpu-prof: the ten functions that take most

  --quick    10 s a step, 20,000 profiles      --runs     medians of so many runs of a step
  --compare  ratios to bench/baseline.json     --save     writes bench/baseline.json
`;

const BASELINE = fileURLToPath(new URL('../../bench/baseline.json', import.meta.url));
const RATES: Readonly<Record<StepName, number>> = {
  memory: 0,
  latency: 2_000,
  rate: 10_000,
  profile: 5_000,
};
const WARM_UP_SECONDS = 10;
const POLL_MS = 10;
const POLL_MS_OF_RATE = 100;

interface Results {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
  readonly commit: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly seed: number;
  readonly profiles: number;
  readonly seconds: number;
  readonly runs: number;
  readonly void: readonly string[];
  readonly steps: Readonly<Record<string, Numbers>>;
}

const { values } = parseArgs({
  options: {
    step: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    profiles: { type: 'string' },
    runs: { type: 'string', default: '1' },
    seed: { type: 'string', default: '20261111' },
    compare: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else await bench();

async function bench(): Promise<void> {
  const names = STEPS.filter((name) => values.step?.includes(name) ?? true);
  const unknown = values.step?.filter((name) => !STEPS.some((step) => step === name)) ?? [];
  if (unknown.length > 0)
    throw new Error(`bench: there is no step ${unknown.join(', ')}\n${USAGE}`);
  const seconds = whole(values.seconds, values.quick ? 10 : 60);
  const profiles = whole(values.profiles, values.quick ? 20_000 : 200_000);
  const options = { seed: whole(values.seed, 0), profiles, seconds };
  const loadBefore = loadavg()[0] ?? 0;
  say(`${machine()}, load average ${loadBefore.toFixed(2)} before`);
  const measured = await runSteps(names, options);
  const results: Results = {
    machine: machine(),
    node: process.version,
    date: new Date().toISOString(),
    commit: commit(),
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
    ...options,
    runs: whole(values.runs, 1),
    ...measured,
  };
  say(`load average ${results.loadAfter.toFixed(2)} after`);
  if (values.compare) compare(results);
  if (values.save) writeFileSync(BASELINE, `${JSON.stringify(results, null, 2)}\n`);
}

async function runSteps(names: readonly StepName[], base: Omit<StepOptions, 'rate' | 'pollMs'>) {
  const steps: Record<string, Numbers> = {};
  const voided: string[] = [];
  if (names.some((name) => name !== 'profile')) {
    const engine = await startEngine();
    try {
      const filled = await fill(engine, { ...base, rate: 0, pollMs: POLL_MS });
      steps['memory'] = filled.numbers;
      print('memory', filled);
      if (names.includes('latency') || names.includes('rate')) {
        const mixture = { ...base, seconds: WARM_UP_SECONDS, rate: RATES.latency };
        const warmUp = await pace(engine, { ...mixture, pollMs: POLL_MS });
        print('warm_up', warmUp);
        steps['warm_up'] = warmUp.numbers;
      }
      for (const name of names) {
        if (name !== 'latency' && name !== 'rate') continue;
        const runs: Measured[] = [];
        for (let run = 0; run < whole(values.runs, 1); run++) {
          const measured = await pace(engine, optionsOf(name, base));
          print(name, measured);
          runs.push(measured);
        }
        const sound = runs.filter(({ isVoid }) => !isVoid);
        if (sound.length < runs.length) voided.push(name);
        steps[name] = medians((sound.length > 0 ? sound : runs).map(({ numbers }) => numbers));
      }
    } finally {
      await engine.stop();
      removeDirectory(engine);
    }
  }
  if (names.includes('profile')) await profile(base);
  return { steps, void: voided };
}

/** A profiled engine is a slower one: of this step only the shares are of use. */
async function profile(base: Omit<StepOptions, 'rate' | 'pollMs'>): Promise<void> {
  const engine = await startEngine(['--cpu-prof', '--cpu-prof-interval', '1000']);
  try {
    const small = {
      ...base,
      profiles: Math.min(base.profiles, 20_000),
      seconds: Math.min(base.seconds, 20),
    };
    await fill(engine, { ...small, rate: 0, pollMs: POLL_MS });
    const measured = await pace(engine, optionsOf('profile', small));
    print('profile', measured);
  } finally {
    await engine.stop();
  }
  say('the ten functions that take most themselves, of the time that is not idle:');
  for (const line of topOfProfile(engine.dir)) say(line);
  removeDirectory(engine);
}

function optionsOf(name: StepName, base: Omit<StepOptions, 'rate' | 'pollMs'>): StepOptions {
  const pollMs = name === 'rate' ? POLL_MS_OF_RATE : POLL_MS;
  return { ...base, rate: whole(values.rate, RATES[name]), pollMs };
}

function medians(runs: readonly Numbers[]): Numbers {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const sorted = runs.map((run) => run[name] ?? NaN).toSorted((a, b) => a - b);
      return [name, sorted[Math.floor(sorted.length / 2)] ?? NaN];
    }),
  );
}

function print(name: string, { numbers, isVoid }: Measured): void {
  say(`${name}${isVoid ? ': VOID, the generator was late for more than 0.1 % of the events' : ''}`);
  for (const [what, value] of Object.entries(numbers)) say(`  ${what.padEnd(34)} ${round(value)}`);
}

function compare(results: Results): void {
  if (!existsSync(BASELINE)) {
    say('there is no bench/baseline.json yet: on a machine at rest, `--runs 3 --save` writes it');
    return;
  }
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Results;
  say(`against ${baseline.commit} of ${baseline.date} on ${baseline.machine}: now / then`);
  for (const [step, numbers] of Object.entries(results.steps)) {
    for (const [what, value] of Object.entries(numbers)) {
      const then = baseline.steps[step]?.[what];
      if (then !== undefined && then !== 0) {
        say(`  ${step.padEnd(8)} ${what.padEnd(34)} ${(value / then).toFixed(2)}`);
      }
    }
  }
}

function machine(): string {
  const [first] = cpus();
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${memoryGb} GB`;
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function whole(text: string | undefined, fallback: number): number {
  const value = Number(text ?? fallback);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`bench: ${text} is no whole number`);
  return value;
}

function round(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toFixed(4)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
