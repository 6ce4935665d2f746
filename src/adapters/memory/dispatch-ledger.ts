/** What dispatch has taken on, in memory; outputs wait in the outbox of their partition. */
import type { DispatchEntry, DispatchLedger } from '../../ports/dispatch-ledger.ts';
import { createFencedPositions } from './fenced-positions.ts';

export function createMemoryDispatchLedger(): DispatchLedger {
  const positions = createFencedPositions();
  const entries = new Map<string, Map<string, DispatchEntry>>();
  const entriesOf = (name: string): Map<string, DispatchEntry> => {
    const known = entries.get(name) ?? new Map<string, DispatchEntry>();
    entries.set(name, known);
    return known;
  };
  return {
    async claim(partition) {
      const name = String(partition);
      const { epoch, position } = positions.claim(name);
      const unfinished = [...entriesOf(name).values()].filter(({ state }) => state !== 'done');
      const lanes = [...new Set(unfinished.map(({ lane }) => lane))];
      return { epoch, position, lanes, unpublished: positions.unpublished(name) };
    },
    async due(partition, lane, { until, limit }) {
      const mine = [...entriesOf(String(partition)).values()]
        .filter((entry) => entry.state !== 'done' && entry.lane === lane)
        .toSorted((a, b) => dueAt(a) - dueAt(b) || (a.id < b.id ? -1 : 1));
      const entries = mine.filter((entry) => dueAt(entry) <= until).slice(0, limit);
      const next = mine[entries.length];
      return { entries, nextAt: next ? dueAt(next) : null };
    },
    async known(partition, ids) {
      const known = entriesOf(String(partition));
      return ids.map(({ tenant, id }) => known.get(keyOf(tenant, id))?.state);
    },
    async unfinished() {
      const all = [...entries.values()].flatMap((mine) => [...mine.values()]);
      return all.filter(({ state }) => state !== 'done').length;
    },
    async commit(commit) {
      const name = String(commit.partition);
      const checked = positions.check(name, commit);
      if (checked === 'fenced') return { kind: 'fenced' };
      if (checked === 'moved') return { kind: 'moved', position: positions.get(name).position };
      for (const entry of commit.entries) {
        entriesOf(name).set(keyOf(entry.tenant, entry.id), { ...entry });
      }
      positions.advance(name, commit.to);
      return { kind: 'committed', unpublished: positions.post(name, commit.outputs) };
    },
    unpublished: async (partition) => positions.unpublished(String(partition)),
    trim: async (partition, sequence) => positions.trim(String(partition), sequence),
  } satisfies DispatchLedger;
}

const dueAt = ({ nextTryAt }: DispatchEntry): number => nextTryAt ?? 0;

/** An id has no U+0000, so the last one separates, whatever a tenant is called. */
const keyOf = (tenant: string, id: string): string => `${tenant}\u0000${id}`;
