/** `weft simulate`: seeded shoppers against a running Weft. */
import { Command } from 'commander';
import { createSystemClock } from '../adapters/system/clock.ts';
import { WeftError } from '../errors.ts';
import { createSimulation } from '../simulator/simulation.ts';
import { percentile, sendPaced } from '../app/paced-sender.ts';

interface SimulateOptions {
  readonly url: string;
  readonly shoppers: string;
  readonly rate: string;
  readonly duration: string;
  readonly seed: string;
}

export const simulateCommand = (): Command =>
  new Command('simulate')
    .description('Send the events of simulated shoppers to a running Weft')
    .option('--url <url>', 'where it listens', 'http://127.0.0.1:8080')
    .option('--shoppers <n>', 'how many people there are', '10000')
    .option('--rate <n>', 'events a second, on average', '100')
    .option('--duration <s>', 'seconds', '60')
    .option('--seed <k>', 'the same seed tells the same story', '1')
    .addHelpText(
      'after',
      `
Households, kiosks, new phones, marketplace orders, duplicates, late events and poison are all there.
Example: weft simulate --shoppers 5000 --rate 500 --duration 30`,
    )
    .action(run);

async function run(options: SimulateOptions): Promise<void> {
  const rate = whole(options.rate, 'rate', 100_000);
  const seconds = whole(options.duration, 'duration', 24 * 3_600);
  const clock = createSystemClock();
  const from = clock.now();
  const simulation = createSimulation({
    seed: whole(options.seed, 'seed', Number.MAX_SAFE_INTEGER),
    shoppers: whole(options.shoppers, 'shoppers', 50_000_000),
    start: from - 120 * 86_400_000,
  });
  const events = simulation.live({ from, minutes: seconds / 60, eventsPerMinute: rate * 60 });
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const startedMs = performance.now();
  const sent = await sendPaced({ url: options.url, events, clock, signal: stop.signal });
  const tookS = (performance.now() - startedMs) / 1_000;
  if (sent.accepted === 0 && sent.failed > 0) {
    throw new WeftError(
      'log_unavailable',
      `${options.url} took no event: is \`weft serve\` running there?`,
    );
  }
  const { poison } = events.truth.counts.byKind;
  process.stdout.write(
    `${sent.events} events in ${tookS.toFixed(1)} s (${Math.round(sent.events / tookS)}/s): ` +
      `${sent.accepted} accepted, ${sent.rejected} rejected (${poison} were poison), ` +
      `${sent.failed} requests failed\n` +
      `request p50 ${percentile(sent.requestMs, 0.5).toFixed(1)} ms, ` +
      `p99 ${percentile(sent.requestMs, 0.99).toFixed(1)} ms\n`,
  );
}

function whole(text: string, name: string, max: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
  throw new WeftError(
    'invalid_usage',
    `--${name} must be a whole number up to ${max}, not ${text}`,
  );
}
