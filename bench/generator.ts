/**
 * The load generator, a process of its own. Open loop: batch `k` is due at a moment fixed before the
 * run and is sent then, whatever became of those before it; its latency counts from that moment.
 * A fill is the one closed loop: as fast as the server takes it, everything accepted.
 */
import hdr from 'hdr-histogram-js';
import { Agent, request } from 'undici';
import { monotonicMs } from './monotonic.ts';
import { createLoad, type LoadShape } from './load.ts';

export interface GeneratorOptions extends LoadShape {
  readonly url: string;
  /** Events a second; 0: a fill of `profiles` events. */
  readonly rate: number;
  readonly seconds: number;
  /** Milliseconds of the monotonic clock that all processes of a machine share. */
  readonly startsAtMs: number;
}

export interface GeneratorReport {
  readonly events: number;
  readonly accepted: number;
  readonly rejected: number;
  /** In requests that were answered neither 200 nor 400, by status; 0: no answer; `unsent`: overload. */
  readonly failed: Readonly<Record<string, number>>;
  readonly tookMs: number;
  /** Events sent more than 10 ms after they were due, as a share: above 0.001 the run is void. */
  readonly lateShare: number;
  /** From due to answered, ms. */
  readonly requestMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const BATCH = 50;
const LATE_MS = 10;
const CONNECTIONS = 32;
/** While so many requests are unanswered, the server is overloaded: what is due is not sent, and has failed. */
const UNDER_WAY_MAX = 1_000;
const FILL_UNDER_WAY = 6;
const FILL_TRIES_MAX = 600;
const FILL_PAUSE_MS = 200;

interface Tally {
  accepted: number;
  rejected: number;
  readonly failed: Record<string, number>;
  readonly histogram: hdr.Histogram;
}

async function generate(options: GeneratorOptions): Promise<GeneratorReport> {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const tally: Tally = {
    accepted: 0,
    rejected: 0,
    failed: {},
    histogram: hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000 }),
  };
  const startedMs = monotonicMs();
  const run =
    options.rate === 0 ? await fill(options, agent, tally) : await pace(options, agent, tally);
  const tookMs = monotonicMs() - Math.max(startedMs, options.startsAtMs);
  await agent.close();
  const { histogram, ...counts } = tally;
  const ms = (value: number): number => Math.round(value / 10) / 100;
  return {
    ...run,
    ...counts,
    tookMs,
    requestMs: {
      p50: ms(histogram.getValueAtPercentile(50)),
      p99: ms(histogram.getValueAtPercentile(99)),
      max: ms(histogram.maxValue),
    },
  };
}

async function pace(options: GeneratorOptions, agent: Agent, tally: Tally) {
  const load = createLoad(options);
  const batches = Math.floor((options.rate * options.seconds) / BATCH);
  const gapMs = (BATCH * 1_000) / options.rate;
  const epochMs = Date.now() - monotonicMs();
  const underWay = new Set<Promise<void>>();
  let late = 0;
  for (let number = 0; number < batches; number++) {
    const dueMs = options.startsAtMs + number * gapMs;
    // Written before it is due, so that sending is all that is left to do then.
    const body = bodyOf(number, epochMs + dueMs);
    await until(dueMs);
    if (monotonicMs() - dueMs > LATE_MS) late += BATCH;
    if (underWay.size >= UNDER_WAY_MAX) {
      tally.failed['unsent'] = (tally.failed['unsent'] ?? 0) + BATCH;
      continue;
    }
    const work = post(options.url, { agent, body, dueMs, tally }).then(
      () => void underWay.delete(work),
    );
    underWay.add(work);
  }
  await Promise.all(underWay);
  return { events: batches * BATCH, lateShare: late / (batches * BATCH) };

  function bodyOf(number: number, at: number): string {
    const texts: string[] = [];
    for (let place = 0; place < BATCH; place++) texts.push(load.textOf(number * BATCH + place, at));
    return `[${texts.join(',')}]`;
  }
}

async function fill(options: GeneratorOptions, agent: Agent, tally: Tally) {
  const load = createLoad(options);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.profiles) {
      const from = next;
      next = Math.min(options.profiles, from + BATCH);
      const texts: string[] = [];
      for (let index = from; index < next; index++) texts.push(load.textOf(index, Date.now()));
      const body = `[${texts.join(',')}]`;
      for (let tries = 0; (await answerOf(options.url, { agent, body, tally })) !== 200;) {
        if (++tries === FILL_TRIES_MAX) throw new Error('a fill is not accepted');
        await new Promise((resolve) => setTimeout(resolve, FILL_PAUSE_MS));
      }
    }
  };
  await Promise.all(Array.from({ length: FILL_UNDER_WAY }, worker));
  return { events: next, lateShare: 0 };
}

interface Post {
  readonly agent: Agent;
  readonly body: string;
  readonly dueMs: number;
  readonly tally: Tally;
}

async function post(url: string, { agent, body, dueMs, tally }: Post): Promise<void> {
  const status = await answerOf(url, { agent, body, tally });
  if (status !== 200 && status !== 400) tally.failed[status] = (tally.failed[status] ?? 0) + BATCH;
  tally.histogram.recordValue(Math.max(1, Math.round((monotonicMs() - dueMs) * 1_000)));
}

/** The status of the answer, 0 where there was none; what it says of the events is counted. */
async function answerOf(url: string, { agent, body, tally }: Omit<Post, 'dueMs'>): Promise<number> {
  try {
    const { statusCode, body: answer } = await request(`${url}/v1/events`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const said = await answer.text();
    if (statusCode === 400) tally.rejected += BATCH;
    if (statusCode !== 200) return statusCode;
    const { accepted, rejected } = JSON.parse(said) as { accepted: number; rejected: unknown[] };
    tally.accepted += accepted;
    tally.rejected += rejected.length;
    return statusCode;
  } catch {
    return 0;
  }
}

/** Node's timers are a millisecond coarse: the last stretch goes round the event loop instead. */
async function until(dueMs: number): Promise<void> {
  for (let leftMs = dueMs - monotonicMs(); leftMs > 0; leftMs = dueMs - monotonicMs()) {
    await new Promise<void>((resolve) => {
      if (leftMs > 2) setTimeout(resolve, leftMs - 1);
      else setImmediate(resolve);
    });
  }
}

process.once('message', (options: GeneratorOptions) => {
  generate(options).then(
    (report) => process.send?.(report, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`generator: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
