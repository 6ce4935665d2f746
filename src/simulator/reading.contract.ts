/**
 * How the tests of the simulator read its events: as the edge and the stitcher would, with their parser
 * and their normalisation, and without a look at the truth.
 */
import type { SentEvent } from '../domain/event.ts';
import { firstIdentifierKey } from '../domain/identity/first-key.ts';
import type { IdentityHash } from '../domain/identity/identifier.ts';
import { normaliseIdentifiers } from '../domain/identity/normalise.ts';
import { parseEvent } from '../domain/parse-event.ts';
import { DAY_MS } from './calendar.ts';
import type { SimulatedEvent } from './event.ts';
import type { Sent } from './identities.ts';
import { createSimulation, type HistoryOptions } from './simulation.ts';
import type { SimulatedStream } from './stream.ts';

export const START = Date.parse('2026-03-01T00:00:00+08:00');
const DAYS = 30;

export const simulationOf = (seed: number) =>
  createSimulation({ seed, shoppers: 300, start: START, lifeMs: DAYS * DAY_MS });

/** A month in the life of three hundred. */
export const historyOf = (seed: number, options: Partial<HistoryOptions> = {}): SimulatedStream =>
  simulationOf(seed).history({ from: START, to: START + DAYS * DAY_MS, ...options });

const HASH: IdentityHash = {
  digest: (_, type, scope, value) => [type, scope, value].join('|'),
  pid: (_, founder, epoch) => `${founder}/${epoch}`,
};
export const IDENTITY = { tenant: 't', region: 'CN', hash: HASH };

export interface Reading {
  readonly event: SimulatedEvent;
  /** undefined: refused. */
  readonly parsed: SentEvent | undefined;
  /** Digests, readable, of the identifiers that point at somebody. */
  readonly usable: readonly string[];
  /** The raw partition it goes to, as far as order is concerned. */
  readonly lane: string;
}

export function read(event: SimulatedEvent): Reading {
  const result = parseEvent(JSON.parse(JSON.stringify(event.body)), {
    tenant: 't',
    receivedAt: event.arriveAt,
    fallbackId: 'none',
  });
  if (!result.ok) return { event, parsed: undefined, usable: [], lane: '' };
  const parsed = result.event;
  const { identifiers } = normaliseIdentifiers(parsed.sent, IDENTITY);
  const lane = `${parsed.source} ${firstIdentifierKey(parsed)}`;
  return { event, parsed, usable: identifiers.map(({ digest }) => digest), lane };
}

export const digestOf = (one: Sent): string | undefined =>
  normaliseIdentifiers([one], IDENTITY).identifiers[0]?.digest;

/** Which texts were joined, directly or through others. */
export function createPaths() {
  const parents = new Map<string, string>();
  const rootOf = (text: string): string => {
    let root = text;
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up;
    return root;
  };
  return {
    rootOf,
    join([first, ...others]: readonly string[]): void {
      if (first === undefined) return;
      for (const other of others) {
        const [a, b] = [rootOf(first), rootOf(other)];
        if (a !== b) parents.set(b, a);
      }
    },
  };
}
