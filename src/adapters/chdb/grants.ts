/**
 * What chDB itself may do, whoever asks: its one user is granted the tables and no source outside
 * them, so `url()`, `file()`, `remote()`, `s3()`, dictionaries, users and SYSTEM are refused by the engine
 * even where a check before it has a hole. Not covered, neither by grants nor by `readonly`, and so the
 * guard's alone: the scalar `file()`, INTO OUTFILE, KILL QUERY.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GRANTS = [
  'GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE, OPTIMIZE ON *.*',
  'GRANT TABLE ENGINE ON ReplacingMergeTree',
  'GRANT TABLE ENGINE ON MergeTree',
];

const usersXml = (): string => `<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <users><default>
    <password></password><profile>default</profile>
    <grants>${GRANTS.map((grant) => `<query>${grant}</query>`).join('')}</grants>
  </default></users>
</clickhouse>`;

const configXml = (usersPath: string): string => `<clickhouse>
  <users_config>${usersPath}</users_config>
</clickhouse>`;

/** Runs `open` with the engine's arguments; the files behind them are gone when it returns. */
export function withGrants<T>(open: (engineArguments: readonly string[]) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'weft-engine-'));
  try {
    const usersPath = join(folder, 'users.xml');
    const configPath = join(folder, 'config.xml');
    writeFileSync(usersPath, usersXml(), { mode: 0o600 });
    writeFileSync(configPath, configXml(usersPath), { mode: 0o600 });
    return open([`--config-file=${configPath}`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
