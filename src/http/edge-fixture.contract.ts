/**
 * An edge to send requests at: real routes over the least engine there can be. What was appended,
 * counted and logged can be read; the log, the archive and the projection can be made to fail.
 */
import type { Action, RawEvent } from '../domain/message.ts';
import type { AnalyticsStore } from '../ports/analytics-store.ts';
import type { ActionQuery } from '../ports/action-feed.ts';
import type { Clock } from '../ports/clock.ts';
import type { Outcomes } from '../ports/outcomes.ts';
import type { SentIdentifier } from '../domain/event.ts';
import type { DecisionView, ProfileView } from '../ports/profile-reader.ts';
import type { HttpMetrics } from './metrics.ts';
import type { Health } from './routes/operations.ts';
import type { ServerDeps } from './server.ts';
import { DEFAULT_HTTP_LIMITS } from './settings.ts';

export interface Edge {
  readonly deps: ServerDeps;
  readonly appended: RawEvent[];
  readonly keys: string[];
  /** `received app`, `refused unknown invalid_event` … to the number of events. */
  readonly counts: Map<string, number>;
  readonly logged: { readonly level: string; readonly fields: object; readonly event: string }[];
  /** What was asked of the feed and the reader. */
  readonly asked: unknown[];
  /** Thrown by every port while set. */
  failure: Error | undefined;
  /** Runs at the end of each append, which waits for it. */
  onAppend: (events: readonly RawEvent[]) => void | Promise<void>;
  live: boolean;
  ready: boolean;
}

export interface EdgeOptions {
  readonly clock: Clock;
  readonly outcomes: Outcomes;
  readonly analytics?: AnalyticsStore;
  readonly settings?: Partial<ServerDeps['settings']>;
  readonly limits?: Partial<ServerDeps['settings']['limits']>;
  readonly profiles?: ReadonlyMap<string, ProfileView>;
  readonly actions?: readonly Action[];
}

export function createEdge(options: EdgeOptions): Edge {
  const { clock, outcomes, analytics, profiles = new Map(), actions = [] } = options;
  const fail = (): void => {
    if (edge.failure !== undefined) throw edge.failure;
  };
  const key = ({ type, scope = '', value }: SentIdentifier) =>
    `${type}/${scope}/${typeof value === 'string' ? value : ''}`;
  const edge: Edge = {
    appended: [],
    keys: [],
    counts: new Map(),
    logged: [],
    asked: [],
    failure: undefined,
    onAppend: () => undefined,
    live: true,
    ready: true,
    deps: {
      clock,
      outcomes,
      analytics,
      intake: {
        async append(events) {
          fail();
          for (const each of events) {
            edge.appended.push(each.event);
            edge.keys.push(each.key);
          }
          await edge.onAppend(events.map((each) => each.event));
        },
      },
      profiles: {
        async find(tenant, identifier) {
          edge.asked.push({ tenant, identifier });
          fail();
          return profiles.get(key(identifier));
        },
        async decisions(_tenant, identifier) {
          fail();
          return profiles.has(key(identifier)) ? [DECISION] : undefined;
        },
      },
      actions: {
        async latest(query: ActionQuery) {
          edge.asked.push(query);
          fail();
          return { items: actions.slice(0, query.limit), nextCursor: 'next' };
        },
      },
      metrics: countInto(() => edge.counts),
      health: healthOf(() => edge),
      settings: {
        tenant: 'default',
        currency: 'CNY',
        region: 'CN',
        hosts: 'loopback',
        ...options.settings,
        limits: { ...DEFAULT_HTTP_LIMITS, loopDelayMsMax: 0, ...options.limits },
      },
      newId: createIds(),
      random: () => 0.5,
      logger: {
        warn: (fields, event) => void edge.logged.push({ level: 'warn', fields, event }),
        error: (fields, event) => void edge.logged.push({ level: 'error', fields, event }),
      },
    },
  };
  return edge;
}

const DECISION: DecisionView = {
  id: 'd1',
  trigger: 'cart-10m',
  decidedAt: '2026-11-11T02:10:00.000Z',
  outcome: 'suppressed',
  reason: 'no_consent',
};

/** Ids in the form of uuidv7, in order. */
function createIds(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `01900000-0000-7000-8000-${String(last).padStart(12, '0')}`;
  };
}

function countInto(counts: () => Map<string, number>): HttpMetrics {
  const add = (name: string, events: number): void => {
    counts().set(name, (counts().get(name) ?? 0) + events);
  };
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    text: async () => '# HELP weft_build_info\nweft_build_info 1\n',
    received: (source, events) => add(`received ${source}`, events),
    accepted: (source, events) => add(`accepted ${source}`, events),
    refused: (source, reason, events) => add(`refused ${source} ${reason}`, events),
    throttled: (reason, events) => add(`throttled ${reason}`, events),
    lookedUp: () => add('lookups', 1),
  };
}

function healthOf(edge: () => Edge): Health {
  return {
    live: () => ({ ok: edge().live, detail: edge().live ? 'turning' : 'stage profile stands' }),
    ready: () => ({
      ok: edge().ready,
      checks: [{ name: 'log', ok: edge().ready, detail: 'writable' }],
    }),
  };
}

/** An event that is accepted. */
export const event = (more: object = {}): object => ({
  id: 'e1',
  source: 'app',
  type: 'cart_added',
  at: '2026-11-11T10:00:00+08:00',
  identifiers: [{ type: 'member', value: 'M1001' }],
  ...more,
});
