/**
 * The schema, step by step. A marker table says which migrations are in; one whose marker is missing runs
 * (again), and its marker follows its last statement. So a crash anywhere is completed by the next start.
 */
import { WeftError } from '../../errors.ts';
import type { Migration } from '../../ports/analytics-store.ts';

/** How a migration reaches the store. */
export interface SchemaConnection {
  execute(statement: string): Promise<void>;
  /** Numbers of the migrations whose marker is there. */
  applied(): Promise<readonly number[]>;
}

const MARKER_STATEMENTS = [
  'CREATE DATABASE IF NOT EXISTS weft_store',
  `CREATE TABLE IF NOT EXISTS weft_store.migrations (number UInt32, name String)
   ENGINE = ReplacingMergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`,
] as const;

export async function runMigrations(
  connection: SchemaConnection,
  migrations: readonly Migration[],
): Promise<void> {
  for (const statement of MARKER_STATEMENTS) await connection.execute(statement);
  const applied = new Set(await connection.applied());
  const newest = migrations.length;
  const found = Math.max(0, ...applied);
  if (found > newest)
    throw new WeftError(
      'data_dir_newer',
      `The analytics store has schema ${found}; this Weft knows schemas up to ${newest}.`,
    );
  for (const { number, name, statements } of migrations) {
    if (applied.has(number)) continue;
    for (const statement of statements) await connection.execute(statement);
    await connection.execute(
      `INSERT INTO weft_store.migrations SETTINGS async_insert = 0 FORMAT JSONEachRow\n${JSON.stringify({ number, name })}`,
    );
  }
}

/**
 * A file `001-stored-tables.sql` as a migration: statements end with `;` at the end of a line, comments
 * are whole lines that begin with `--`.
 */
export function readMigration(fileName: string, text: string): Migration {
  const [, digits, name] = /^(\d{3})-([a-z0-9-]+)\.sql$/.exec(fileName) ?? [];
  if (digits === undefined || name === undefined)
    throw new Error(`a migration is named like 001-stored-tables.sql, not ${fileName}`);
  const statements = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  return { number: Number(digits), name, statements };
}
