/** The first rows of a file of history as the events they will be, with what is wrong with them. */
import { IMPORT_LIMITS, type EventFault } from '../../domain/event-limits.ts';
import { futureFault, parseEvent } from '../../domain/parse-event.ts';
import type { DeadRow, ImportedEvent, ImportedRow, ImportFile } from './import-file.ts';

export interface PreviewedEvent extends ImportedEvent {
  /** Why it would become a dead letter; empty: it would not. */
  readonly faults: readonly EventFault[];
}

export interface Preview {
  readonly rows: readonly (PreviewedEvent | DeadRow)[];
  /** Reason → lines, of those read so far. */
  readonly skipped: ReadonlyMap<string, number>;
  /** The file has no more than this. */
  readonly isWhole: boolean;
}

/** Read while nothing but skipped lines comes. */
const SKIPPED_MAX = 100_000;

/** `count`: events and dead rows; no more of the file is read than that takes. `now`: of the wall clock. */
export async function previewRows(
  reader: (file: ImportFile) => AsyncIterable<ImportedRow>,
  file: ImportFile,
  { count, now }: { readonly count: number; readonly now: number },
): Promise<Preview> {
  const rows: (PreviewedEvent | DeadRow)[] = [];
  const skipped = new Map<string, number>();
  let lines = 0;
  for await (const row of reader(file)) {
    if (rows.length >= count || lines >= SKIPPED_MAX) return { rows, skipped, isWhole: false };
    if (row.kind === 'skipped') {
      skipped.set(row.reason, (skipped.get(row.reason) ?? 0) + 1);
      lines += 1;
    } else rows.push(row.kind === 'dead' ? row : { ...row, faults: faultsOf(row, now) });
  }
  return { rows, skipped, isWhole: true };
}

/** As the import (`src/app/import.ts`) and the pipeline (`streams/normalise.ts`) will read it. */
function faultsOf({ body, row }: ImportedEvent, now: number): readonly EventFault[] {
  const parsed = parseEvent(JSON.parse(JSON.stringify(body)), {
    tenant: 'preview',
    source: 'order',
    receivedAt: now,
    fallbackId: String(row),
    limits: IMPORT_LIMITS,
    history: true,
  });
  if (!parsed.ok) return parsed.errors;
  const future = futureFault(parsed.event, now);
  return future === undefined ? [] : [future];
}
