/**
 * The channel `log`: each delivery is one line of JSON in a sink, and arrives by that. A line says
 * which types of identifiers a shopper could be reached by, never a value, and not what was said.
 */
import type { Channel } from '../../ports/channel.ts';

export interface LogChannelOptions {
  /** Takes one line without its end. */
  readonly write: (line: string) => void;
}

/** A sink fails rarely and briefly (a full disk): a few tries, soon. */
const RETRY_DELAYS_MS = [1_000, 10_000, 60_000, 600_000];

export function createLogChannel({ write }: LogChannelOptions): Channel {
  return {
    name: 'log',
    // Who reads the lines tells repeats by their id.
    keyed: true,
    retryDelaysMs: RETRY_DELAYS_MS,
    async deliver({ id, attempt, tenant, trigger, profile, at, recipients }) {
      const reachableBy: string[] = [];
      for (const { type } of recipients) if (!reachableBy.includes(type)) reachableBy.push(type);
      const line = { event: 'delivery', id, attempt, tenant, trigger, profile, at, reachableBy };
      try {
        write(JSON.stringify(line));
        return { kind: 'accepted' };
      } catch {
        return { kind: 'rejected', reason: 'sink_failed', permanent: false };
      }
    },
    close: async () => {},
  } satisfies Channel;
}
