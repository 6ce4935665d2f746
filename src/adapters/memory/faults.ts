/**
 * What a network does to calls, on purpose and from a seed: a call fails before it acted, or after
 * (the reply is lost), or is done twice, or gets only the beginning of its list done. Around any
 * port; the same seed and the same calls give the same faults.
 */
import { WeftError } from '../../errors.ts';

export const FAULT_KINDS = ['before', 'after', 'twice', 'prefix'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultOptions {
  readonly seed: number;
  /** How many of a hundred calls suffer each kind; together at most 100. */
  readonly percent: Readonly<Partial<Record<FaultKind, number>>>;
}

export interface FaultPlan<Port> {
  /** Methods that answer a promise and may be called again: all kinds but `prefix` happen to these. */
  readonly calls: readonly (keyof Port & string)[];
  /** Methods among them whose first argument is a list that may be done in part. */
  readonly lists?: readonly (keyof Port & string)[];
}

export interface Faults {
  /** The port with faults; what the plan does not name is left alone. */
  wrap<Port extends object>(port: Port, plan: FaultPlan<Port>): Port;
  /** From now on nothing goes wrong: the time to see whether everything ends well. */
  stop(): void;
  /** How often each kind has happened. */
  readonly counts: Readonly<Record<FaultKind, number>>;
}

type Call = (...args: readonly unknown[]) => Promise<unknown>;

export function createFaults({ seed, percent }: FaultOptions): Faults {
  const random = randomFrom(seed);
  const counts: Record<FaultKind, number> = { before: 0, after: 0, twice: 0, prefix: 0 };
  let stopped = false;

  const draw = (): FaultKind | undefined => {
    let left = random() * 100;
    for (const kind of FAULT_KINDS) {
      left -= percent[kind] ?? 0;
      if (left < 0) return kind;
    }
    return undefined;
  };

  const disturb = async (name: string, list: boolean, call: Call, args: readonly unknown[]) => {
    const kind = stopped ? undefined : draw();
    if (kind === undefined || (kind === 'prefix' && !list)) return call(...args);
    counts[kind] += 1;
    if (kind === 'before') throw lost(name, 'before it acted');
    if (kind === 'prefix') {
      const [items, ...others] = args;
      if (!Array.isArray(items)) throw new Error(`${name} does not begin with a list`);
      await call(items.slice(0, Math.floor(random() * items.length)), ...others);
      throw lost(name, 'after a part of it');
    }
    const answer = await call(...args);
    if (kind === 'after') throw lost(name, 'after it acted');
    // As after a repeated request: the second answer is the one that arrives.
    return kind === 'twice' ? call(...args) : answer;
  };

  return {
    counts,
    stop() {
      stopped = true;
    },
    wrap<Port extends object>(port: Port, { calls, lists = [] }: FaultPlan<Port>): Port {
      const names: ReadonlySet<string> = new Set(calls);
      const listNames: ReadonlySet<string> = new Set(lists);
      return new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof name !== 'string' || !names.has(name)) return member;
          const call = member as Call;
          return (...args: readonly unknown[]) =>
            disturb(name, listNames.has(name), (...given) => call.apply(target, [...given]), args);
        },
      });
    },
  };
}

const lost = (name: string, when: string): WeftError =>
  new WeftError('store_unavailable', `${name}: the connection was lost ${when}`);

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
