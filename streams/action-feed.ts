/**
 * The latest decisions of the installation, newest first: a ring in memory, filled from the end of
 * the log at start and by its tail from then on. What is older is in ClickHouse.
 */
import { WeftError } from '../src/errors.ts';
import type { Action, Message } from '../src/domain/message.ts';
import type { ActionFeed } from '../src/ports/action-feed.ts';
import type { EventLog, LogRecord } from '../src/ports/event-log.ts';
import type { Codec } from '../src/runtime/codec.ts';

const KEPT_MAX = 10_000;
/** Records read back from each partition at start; an envelope holds up to a hundred actions. */
const READ_BACK_RECORDS = 500;

export async function openActionFeed(
  log: EventLog,
  codec: Codec<Message>,
): Promise<ActionFeed & { close(): void }> {
  /** Oldest first; `from` is the number of the first one kept. */
  let kept: Action[] = [];
  let from = 0;

  const take = (record: LogRecord): void => {
    if (!codec.knows(record.schema)) return;
    for (const message of codec.decode(record.schema, record.value)) {
      if (message.kind === 'action') kept.push(message);
    }
    if (kept.length <= 2 * KEPT_MAX) return;
    from += kept.length - KEPT_MAX;
    kept = kept.slice(-KEPT_MAX);
  };

  const bounds = await log.bounds('actions');
  const past: LogRecord[] = [];
  for (const [partition, { first, next }] of bounds.entries()) {
    const start = Math.max(first, next - READ_BACK_RECORDS);
    const limits = { recordsMax: READ_BACK_RECORDS, bytesMax: 64 * 1024 * 1024 };
    if (start < next)
      past.push(...(await log.read({ topic: 'actions', partition }, start, limits)));
  }
  for (const schema of new Set(past.map((record) => record.schema))) await codec.learn(schema);
  for (const record of past.toSorted((a, b) => a.logTime - b.logTime)) take(record);
  const tail = await log.tail(
    'actions',
    bounds.map(({ next }) => next),
    take,
  );

  return {
    latest({ tenant, limit, cursor, trigger, profile, outcome }) {
      const before = cursor === undefined ? Infinity : readCursor(cursor);
      const items: Action[] = [];
      let at = Math.min(from + kept.length, before) - 1;
      for (; at >= from && items.length < limit; at -= 1) {
        const action = kept[at - from] as Action;
        if (action.tenant !== tenant) continue;
        if (trigger !== undefined && action.trigger !== trigger) continue;
        if (profile !== undefined && action.profile !== profile) continue;
        if (outcome !== undefined && action.outcome !== outcome) continue;
        items.push(action);
      }
      return Promise.resolve({ items, nextCursor: at >= from ? String(at + 1) : null });
    },
    close: () => tail.close(),
  };
}

function readCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new WeftError('invalid_parameter', 'the cursor is not one of ours');
}
