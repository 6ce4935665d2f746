/**
 * Which rows of a table are one event: rows that follow each other with the same key, or, of a file
 * that is held, all with the same key, in order of time. Every row ends as part of an event, skipped
 * with a reason, or dead.
 */
import { createRecentMap } from '../../domain/recent-map.ts';
import { WeftError } from '../../errors.ts';
import type { Columns, Row } from './csv-map-columns.ts';
import type { CsvMap, CsvSkip } from './csv-map-definition.ts';
import { createEventReader, type CsvOutcome, type EventsOf } from './csv-map-event.ts';
import { nameOf } from './csv-map-lines.ts';

/** What an event may hold (`IMPORT_LIMITS`). */
const GROUP_ROWS_MAX = 100_000;
/** Orders that are over, remembered to see one of them come again. */
const CLOSED_MAX = 200_000;
/** Of a file held in memory, as strings and lists take it. */
const HELD_BYTES_MAX = 1024 * 1024 * 1024;

interface Rules {
  readonly eventsOf: EventsOf;
  readonly skipReasonOf: (row: Row) => string | null;
  /** null: every row is an event. */
  readonly keyOf: ((row: Row) => string) | null;
  readonly noKey: string;
  readonly keyName: string;
}

/** Of the rows below the header. */
export function outcomesOf(
  map: CsvMap,
  columns: Columns,
  rows: AsyncIterable<readonly Row[]>,
): AsyncIterable<readonly CsvOutcome[]> {
  const { key } = map.items;
  const keyName = key === null ? '' : nameOf(key);
  const rules: Rules = {
    eventsOf: createEventReader(map, columns),
    skipReasonOf: skipReasons(map.skip, columns),
    keyOf: key && columns.id(key),
    noKey: `${keyName} is empty: a rule of skip can leave such rows out`,
    keyName,
  };
  return map.isHeld ? heldOutcomes(rules, rows) : streamedOutcomes(rules, rows);
}

function skipReasons(skip: readonly CsvSkip[], columns: Columns): (row: Row) => string | null {
  const rules = skip.map((rule) => ({ ...rule, cell: columns.cell(rule.column) }));
  return (row) => {
    for (const { cell, cells, isEmpty, isNegated, reason } of rules) {
      const text = cell(row);
      const applies = isEmpty === null ? cells.has(text) !== isNegated : (text === '') === isEmpty;
      if (applies) return reason;
    }
    return null;
  };
}

async function* streamedOutcomes(
  rules: Rules,
  batches: AsyncIterable<readonly Row[]>,
): AsyncIterable<readonly CsvOutcome[]> {
  const { eventsOf, skipReasonOf, keyOf } = rules;
  const gather = gatherer(rules);
  for await (const rows of batches) {
    const outcomes: CsvOutcome[] = [];
    for (const row of rows) {
      const reason = skipReasonOf(row);
      const key = reason !== null || keyOf === null ? null : keyOf(row);
      if (reason !== null) outcomes.push({ kind: 'skipped', reason, rows: 1 });
      else if (key === null) outcomes.push(...eventsOf([row]));
      else if (key === '') outcomes.push({ kind: 'dead', reason: rules.noKey, rows: [row] });
      else outcomes.push(...gather.add(key, row));
    }
    yield outcomes;
  }
  yield gather.close();
}

/** Rows with the same key, as long as they follow each other; skipped and dead rows part none. */
function gatherer({ eventsOf, keyName }: Rules): {
  /** Answers what the row brought to an end. */
  add(key: string, row: Row): readonly CsvOutcome[];
  close(): readonly CsvOutcome[];
} {
  const closed = createRecentMap<string, true>(CLOSED_MAX);
  let current = '';
  let held: Row[] = [];
  let isOverfull = false;
  const close = (): readonly CsvOutcome[] => {
    if (held.length === 0) return [];
    const group = held;
    held = [];
    isOverfull ||= group.length >= GROUP_ROWS_MAX;
    if (isOverfull) return [tooMany(keyName, group)];
    return eventsOf(group).map((outcome) => comesOnce(outcome, group));
  };
  /** Half of an order is another order; what comes back may come in pieces. */
  const comesOnce = (outcome: CsvOutcome, group: readonly Row[]): CsvOutcome => {
    if (outcome.kind !== 'event' || outcome.body['type'] === 'order_refunded') return outcome;
    const name = `${JSON.stringify(outcome.body['type'])} ${current}`;
    if (closed.get(name)) {
      const reason = `rows with this ${keyName} came before, with others between: use anywhere: true`;
      return { kind: 'dead', reason, rows: group };
    }
    closed.set(name, true);
    return outcome;
  };
  return {
    add(key, row) {
      const isNext = key !== current || held.length >= GROUP_ROWS_MAX;
      const ended = isNext ? close() : NOTHING;
      isOverfull &&= key === current;
      current = key;
      held.push(row);
      return ended;
    },
    close,
  };
}

const NOTHING: readonly CsvOutcome[] = [];

const tooMany = (keyName: string, rows: readonly Row[]): CsvOutcome => ({
  kind: 'dead',
  reason: `more than ${GROUP_ROWS_MAX} rows have the same ${keyName}`,
  rows,
});

async function* heldOutcomes(
  rules: Rules,
  batches: AsyncIterable<readonly Row[]>,
): AsyncIterable<readonly CsvOutcome[]> {
  const { eventsOf, skipReasonOf, keyOf, keyName, noKey } = rules;
  const groups = new Map<string, Row[]>();
  let bytes = 0;
  let count = 0;
  for await (const rows of batches) {
    const outcomes: CsvOutcome[] = [];
    for (const row of rows) {
      const reason = skipReasonOf(row);
      const key = keyOf === null ? String((count += 1)) : keyOf(row);
      if (reason !== null) outcomes.push({ kind: 'skipped', reason, rows: 1 });
      else if (key === '') outcomes.push({ kind: 'dead', reason: noKey, rows: [row] });
      else {
        const group = groups.get(key);
        if (group) group.push(row);
        else groups.set(key, [row]);
        bytes += sizeOf(row);
        if (bytes > HELD_BYTES_MAX) throw tooLarge();
      }
    }
    yield outcomes;
  }
  const outcomes = [...groups.values()].flatMap((group) =>
    group.length < GROUP_ROWS_MAX ? eventsOf(group) : [tooMany(keyName, group)],
  );
  yield outcomes.filter(({ kind }) => kind !== 'event');
  yield outcomes.filter((each) => each.kind === 'event').toSorted((a, b) => a.at - b.at);
}

function sizeOf(row: Row): number {
  let bytes = 16;
  for (const cell of row) bytes += 32 + cell.length * 2;
  return bytes;
}

const tooLarge = (): WeftError =>
  new WeftError(
    'invalid_usage',
    'the file is too large to be held for `sort` or `anywhere`: sort it by time and order first, and leave them out',
  );
