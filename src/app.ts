/**
 * The composition root's front door: an engine with its HTTP surface. What the engine is made of
 * stands in `app/engine.ts`; nothing outside this folder and the commands knows all of it.
 */
import type { Engine } from './app/engine.ts';
import { createIds } from './app/ids.ts';
import type { Logger } from './app/logger.ts';
import { messageOf, WeftError } from './errors.ts';
import type { HttpMetrics } from './http/metrics.ts';
import type { Health, HealthCheck } from './http/routes/operations.ts';
import { buildServer } from './http/server.ts';
import { DEFAULT_HTTP_LIMITS } from './http/settings.ts';
import type { Metrics } from './runtime/metrics.ts';

export interface Served {
  readonly url: string;
  /** Stops taking requests in, and says so where connections are open; those under way are answered. */
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const STUCK_MS = 30_000;
/** The one tenant of an installation that names none. */
export const TENANT = 'default';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Asked before anything is opened, too. */
export function refuseOpenHost(host: string): void {
  if (LOOPBACK.has(host)) return;
  throw new WeftError(
    'invalid_settings',
    `WEFT_HOST is ${host}: without keys Weft listens on loopback only, and keys are not there yet`,
  );
}

/** When it cannot listen nothing is left of it, and the engine is still the caller's to stop. */
export async function serve(engine: Engine, at: Address, logger: Logger): Promise<Served> {
  refuseOpenHost(at.host);
  const server = await buildServer({
    intake: engine.intake,
    outcomes: engine.outcomes,
    profiles: engine.profileReader,
    actions: engine.actions,
    analytics: engine.analytics,
    clock: engine.clock,
    health: healthOf(engine),
    metrics: httpMetrics(engine.metrics),
    settings: {
      tenant: TENANT,
      currency: engine.config.currency,
      region: engine.config.region,
      hosts: 'loopback',
      limits: DEFAULT_HTTP_LIMITS,
    },
    newId: createIds(),
    logger,
  });
  const url = await server.listen({ host: at.host, port: at.port }).catch(async (error) => {
    await server.close();
    throw notListening(at, error);
  });
  engine.environment.setAddress(url);
  return {
    url,
    close() {
      engine.refuse();
      return server.close();
    },
  };
}

function notListening({ host, port }: Address, cause: unknown): WeftError {
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    ? new WeftError(
        'already_running',
        `port ${port} on ${host} is in use: choose another with --port, or 0 for a free one`,
        { cause },
      )
    : new WeftError(
        'invalid_settings',
        `cannot listen on ${host}, port ${port} (${messageOf(cause)}): choose another with --port or WEFT_HOST`,
        { cause },
      );
}

function healthOf(engine: Engine): Health {
  return {
    live() {
      const stuck = engine.loops.find((loop) => loop.stuckForMs() > STUCK_MS);
      return stuck
        ? { ok: false, detail: `stage ${stuck.name} makes no progress` }
        : { ok: true, detail: 'every stage with work makes progress' };
    },
    ready() {
      const { low, freeBytes } = engine.environment.diskState();
      const checks: HealthCheck[] = [
        { name: 'accepting', ok: !engine.isStopping() },
        { name: 'disk', ok: !low, detail: `${Math.floor(freeBytes / 1024 ** 2)} MB free` },
        ...engine.loops.map((loop) => {
          const { records, caughtUp } = loop.lag();
          const detail = caughtUp ? 'caught up' : `${records} records queued, more in the log`;
          return { name: `stage ${loop.name}`, ok: true, detail };
        }),
      ];
      return { ok: checks.every((check) => check.ok), checks };
    },
  };
}

function httpMetrics(metrics: Metrics): HttpMetrics {
  return {
    received: (source, events) => metrics.received.inc({ source }, events),
    accepted: (source, events) => metrics.accepted.inc({ source }, events),
    refused: (source, reason, events) => metrics.refused.inc({ source, reason }, events),
    throttled: (reason, events) => metrics.throttled.inc({ reason }, events),
    lookedUp: (seconds) => metrics.lookup.observe(seconds),
    text: () => metrics.registry.metrics(),
    contentType: metrics.registry.contentType,
  };
}
