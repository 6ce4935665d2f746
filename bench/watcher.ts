/**
 * Looks at a running engine from outside: when the action that an event caused can be read from
 * `GET /v1/actions`, and how far the engine is behind what it has accepted. The engine pays for being
 * asked; what is measured includes that, and half a poll on average.
 */
import hdr from 'hdr-histogram-js';
import { Agent, request } from 'undici';
import { monotonicMs } from './monotonic.ts';

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ActionWatch {
  /** Ms from the moment the event was due to be sent until its action was read. */
  stop(): Promise<Percentiles>;
}

export interface ActionWatchOptions {
  readonly url: string;
  readonly run: string;
  readonly everyMs: number;
  /** When event `index` was due, on the monotonic clock. */
  readonly dueMsOf: (index: number) => number;
}

/** At 2,000 events/s one action comes between two looks. */
const PAGE = 10;
const PAGES_MAX = 100;
const SEEN_MAX = 2_000_000;

interface ActionView {
  readonly id: string;
  readonly event: string;
  readonly dueAt?: string;
}

export function watchActions(options: ActionWatchOptions): ActionWatch {
  const agent = new Agent({ connections: 1 });
  const histogram = hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000 });
  const seen = new Set<string>();
  let stopping = false;
  const watching = (async () => {
    while (!stopping) {
      const nextMs = monotonicMs() + options.everyMs;
      await look();
      const restMs = nextMs - monotonicMs();
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    await look();
  })();

  /** Newest first, page after page until one holds nothing new. */
  async function look(): Promise<void> {
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page++) {
      const { body } = await request(
        `${options.url}/v1/actions?outcome=decided&limit=${PAGE}${cursor}`,
        { dispatcher: agent },
      );
      const said = (await body.json()) as {
        readonly items: readonly ActionView[];
        readonly nextCursor: string | null;
      };
      const readMs = monotonicMs();
      const fresh = said.items.filter(({ id }) => !seen.has(id));
      for (const action of fresh) note(action, readMs);
      if (fresh.length < said.items.length || said.nextCursor === null) return;
      cursor = `&cursor=${encodeURIComponent(said.nextCursor)}`;
    }
  }

  function note({ id, event, dueAt }: ActionView, readMs: number): void {
    if (seen.size < SEEN_MAX) seen.add(id);
    if (dueAt !== undefined || !event.startsWith(`${options.run}-`)) return;
    const ms = readMs - options.dueMsOf(Number(event.slice(options.run.length + 1)));
    histogram.recordValue(Math.max(1, Math.round(ms * 1_000)));
  }

  return {
    async stop() {
      stopping = true;
      await watching;
      await agent.close();
      const ms = (value: number): number => Math.round(value / 10) / 100;
      return {
        count: histogram.totalCount,
        p50: ms(histogram.getValueAtPercentile(50)),
        p99: ms(histogram.getValueAtPercentile(99)),
        max: ms(histogram.maxValue),
      };
    },
  };
}

export interface Progress {
  readonly accepted: number;
  readonly archived: number;
}

export async function progressOf(url: string): Promise<Progress> {
  const { body } = await request(`${url}/metrics`);
  const text = await body.text();
  return {
    accepted: sumOf(text, /^weft_events_accepted_total\{[^}]*\} (\S+)/gm),
    archived: sumOf(text, /^weft_archive_rows_total\{table="events"\} (\S+)/gm),
  };
}

function sumOf(text: string, line: RegExp): number {
  let sum = 0;
  for (const [, value] of text.matchAll(line)) sum += Number(value);
  return sum;
}

export async function isCaughtUp(url: string): Promise<boolean> {
  const { body } = await request(`${url}/readyz?verbose=1`);
  const { checks } = (await body.json()) as {
    readonly checks: readonly { name: string; detail?: string }[];
  };
  return checks.every(({ name, detail }) => !name.startsWith('stage ') || detail === 'caught up');
}
