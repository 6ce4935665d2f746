/**
 * chDB, opened on one directory. Every request has a session of its own (0.6 ms): what it sets dies
 * with it, reads run beside writes, and none waits for another's. A read session ends its preparation
 * with `readonly = 1`, which no query can undo. A query that outlives its limit is reported: chDB cannot
 * be interrupted, only ended with its process.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Session } from 'chdb';
import type { ReadLimits, Role } from './messages.ts';
import { FORMAT_OF_ROWS, ProtocolError, quote, quoteName } from './protocol.ts';
import { createSlots } from './slots.ts';
import { withGrants } from './grants.ts';

export interface Run {
  readonly role: Role;
  readonly text: string;
  /** Rows of an INSERT whose text ends with its format. */
  readonly rows: Uint8Array | undefined;
  readonly database: string;
  readonly format: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
  /** Asked when its turn comes: nobody waits for the answer any more. */
  readonly isAbandoned: () => boolean;
}

export interface Ran {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedSeconds: number;
}

export interface Engine {
  readonly version: string;
  /** Throws what chDB throws, or `ProtocolError`. */
  run(run: Run): Promise<Ran>;
  /** Resolves when nothing is written: a read may be cut off with the process, which changes nothing. */
  idle(): Promise<void>;
}

export interface EngineOptions {
  readonly directory: string;
  readonly limits: ReadLimits;
  readonly onStuck: (seconds: number) => void;
}

const WRITES_MAX = 6;
const WRITES_WAITING_MAX = 64;
const READS_WAITING_MAX = 32;
/** How long a query may outlive `max_execution_time` before the process is ended. */
const GRACE_SECONDS = 5;
/** No insert or DDL of ours takes this long; a write that does hangs. */
const WRITE_SECONDS_MAX = 300;
const IDLE_POLL_MS = 10;

/** What a read account may set for itself; everything else is refused, as ClickHouse does. */
const READ_SETTINGS =
  /^(readonly|result_overflow_mode|max_(execution_time|result_rows|result_bytes|memory_usage|threads|block_size)|output_format_(json|csv|tsv|pretty)_\w+|date_time_output_format|join_use_nulls|extremes)$/;

export function openEngine(options: EngineOptions): Engine {
  const { directory, limits } = options;
  // Stays open for ever: the last session to close would take the engine with it.
  const keeper = withGrants((connectionArgs) => new Session(directory, { connectionArgs }));
  const version = keeper.query('SELECT version()', 'TabSeparated').trim();
  const incoming = openIncoming(directory);
  const slots = {
    read: createSlots(limits.queriesMax, READS_WAITING_MAX),
    write: createSlots(WRITES_MAX, WRITES_WAITING_MAX),
  };

  async function run(asked: Run): Promise<Ran> {
    const isReadOnly = asked.role === 'read' || asked.settings.get('readonly') === '1';
    const slot = await slots[isReadOnly ? 'read' : 'write'].take();
    if (!slot)
      throw new ProtocolError(
        202,
        'Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)',
      );
    try {
      if (asked.isAbandoned())
        throw new ProtocolError(394, 'Client has gone. (QUERY_WAS_CANCELLED)');
      if (isReadOnly) return await runInSession(asked, boundedSettings(asked, limits));
      if (!asked.rows) return await runInSession(asked, asked.settings);
      return await incoming(asked.text, asked.rows, (text) =>
        runInSession({ ...asked, text }, asked.settings),
      );
    } finally {
      slot();
    }
  }

  async function runInSession(asked: Run, settings: ReadonlyMap<string, string>): Promise<Ran> {
    const session = new Session(directory);
    const seconds = Number(settings.get('max_execution_time')) || WRITE_SECONDS_MAX;
    const watch = setTimeout(() => options.onStuck(seconds), (seconds + GRACE_SECONDS) * 1_000);
    try {
      for (const statement of preparation(asked, settings)) session.query(statement);
      const result = await session.queryAsync(asked.text, { format: asked.format });
      return {
        bytes: result.bytes(),
        rowsRead: result.rowsRead,
        bytesRead: result.bytesRead,
        elapsedSeconds: result.elapsed,
      };
    } finally {
      clearTimeout(watch);
      session.close();
    }
  }

  async function idle(): Promise<void> {
    while (slots.write.taken() > 0)
      await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS));
  }

  return { version, run, idle };
}

/**
 * Rows reach the engine by a file: in the text of a query they would end at the first empty line,
 * which binary rows may hold, and all of it would be made a JavaScript string first.
 */
function openIncoming(directory: string) {
  const folder = join(directory, 'incoming');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  let files = 0;
  return async <T>(
    text: string,
    rows: Uint8Array,
    insert: (text: string) => Promise<T>,
  ): Promise<T> => {
    const path = join(folder, String((files += 1)));
    try {
      await writeFile(path, rows, { mode: 0o600 });
      const from = `FROM INFILE ${quote(path)} COMPRESSION 'none'`;
      return await insert(text.replace(FORMAT_OF_ROWS, (format) => ` ${from}${format}`));
    } finally {
      await unlink(path).catch(() => undefined);
    }
  };
}

/** `readonly` comes last: nothing can be set after it. */
function preparation(asked: Run, settings: ReadonlyMap<string, string>): readonly string[] {
  const statements: string[] = [];
  if (asked.database !== '') statements.push(`USE ${quoteName(asked.database)}`);
  for (const [name, value] of asked.params) statements.push(`SET param_${name} = ${quote(value)}`);
  const pairs = [...settings].filter(([name]) => name !== 'readonly');
  const readonly = settings.get('readonly');
  if (readonly !== undefined) pairs.push(['readonly', readonly]);
  if (pairs.length > 0)
    statements.push(`SET ${pairs.map(([name, value]) => `${name} = ${quote(value)}`).join(', ')}`);
  return statements;
}

/** A read's own wishes, held to the limits of the door. */
function boundedSettings(asked: Run, limits: ReadLimits): ReadonlyMap<string, string> {
  const settings = new Map(asked.settings);
  for (const name of settings.keys())
    if (!READ_SETTINGS.test(name))
      throw new ProtocolError(164, `Cannot modify '${name}' setting in readonly mode. (READONLY)`);
  const bound = (name: string, max: number): void => {
    const wish = Number(settings.get(name) ?? 0);
    settings.set(name, String(Number.isFinite(wish) && wish > 0 ? Math.min(wish, max) : max));
  };
  bound('max_execution_time', limits.secondsMax);
  bound('max_result_rows', limits.rowsMax);
  bound('max_result_bytes', limits.bytesMax);
  bound('max_memory_usage', limits.memoryBytesMax);
  bound('max_threads', limits.threadsMax);
  settings.set('result_overflow_mode', 'throw');
  settings.set('timeout_overflow_mode', 'throw');
  settings.set('readonly', '1');
  return settings;
}
