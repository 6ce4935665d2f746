/** The contract over the embedded engine, and what only a process of its own can suffer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { analyticsStoreContract, codeOf, eventRows } from '../../ports/analytics-store.contract.ts';
import { startChdb } from '../chdb/process.ts';
import { openClickHouse } from './analytics-store.ts';
import { buildChild, openEmbedded, readMigrations, type Embedded } from './embedded.contract.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
let embedded: Embedded;

beforeAll(async () => {
  embedded = await openEmbedded(startChdb);
}, 60_000);
afterAll(() => embedded.close());

analyticsStoreContract('ClickHouse over HTTP, embedded', () => embedded.store);

describe('the embedded engine', () => {
  it('is back with every row after kill -9, on the same address', async () => {
    const { store, chdb } = embedded;
    const tenant = 'killed';
    const stored: string[] = [];
    const ask = 'SELECT count() AS n FROM weft.events WHERE tenant = {tenant:String}';
    for (let round = 0; round < 3; round += 1) {
      const rows = eventRows(tenant, round * 1_000, round * 1_000 + 1_000);
      await store.insert('events', rows, `${tenant}/${round}`);
      stored.push(...rows);
      const pid = chdb.pid();
      if (pid === undefined) throw new Error('the engine is away');
      const restarts = embedded.restarts();
      // One that is under way when it dies: sent again under its token, it is there once.
      const late = eventRows(`${tenant}-late`, round * 100, round * 100 + 100);
      const underWay = codeOf(store.insert('events', late, `late/${round}`));
      process.kill(pid, 'SIGKILL');
      expect(['none', 'archive_unavailable']).toContain(await underWay);
      await vi.waitFor(() => expect(embedded.restarts()).toBe(restarts + 1), PATIENCE);
      await store.insert('events', late, `late/${round}`);
      const { data } = await store.query(ask, { params: { tenant } });
      expect(data).toEqual([{ n: stored.length }]);
    }
    const { data } = await store.query(ask, { params: { tenant: `${tenant}-late` } });
    expect(data).toEqual([{ n: 300 }]);
    expect(embedded.exits.every(({ signal }) => signal === 'SIGKILL')).toBe(true);
  }, 60_000);

  it('refuses a second process on its directory', async () => {
    const second = startChdb({ directory: embedded.directory, script: buildChild() });
    await expect(second).rejects.toMatchObject({ code: 'data_dir_in_use' });
  });

  it.each([
    ['INSERT INTO weft_store.clocks VALUES (9, 1)', /readonly|READONLY/],
    ['SELECT 1; SET readonly = 0', /READONLY/],
    ['SELECT 1 SETTINGS max_execution_time = 0', /READONLY/],
    ['DROP TABLE weft_store.events', /READONLY/],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')", /READONLY|ACCESS_DENIED/],
  ])('refuses a read-only request by itself, without the guard: %s', async (sql, why) => {
    const { status, text } = await askRaw(`readonly=1&query=${encodeURIComponent(sql)}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(why);
  });

  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "CREATE TABLE weft.x (a String) ENGINE = File(CSV, '/etc/passwd')",
    'SYSTEM SHUTDOWN',
    'CREATE USER x',
  ])('is granted tables and no way out of them, even to write: %s', async (sql) => {
    const { text } = await askRaw(`query=${encodeURIComponent(sql)}`);
    expect(text).toMatch(/Not enough privileges/);
  });

  it('refuses a read-only request a setting that is not open to it', async () => {
    const { text } = await askRaw('readonly=1&allow_ddl=1&query=SELECT%201');
    expect(text).toMatch(/Cannot modify 'allow_ddl'/);
  });

  it('knows nobody without the secret', async () => {
    const stranger = openClickHouse({ ...embedded.chdb, password: 'guess', migrations: [] });
    expect(await codeOf(stranger.query('SELECT 1'))).toBe('archive_unavailable');
    await stranger.close();
  });

  it('refuses a schema of a newer Weft', async () => {
    const older = openClickHouse({
      ...embedded.chdb,
      migrations: readMigrations().slice(0, 1),
    });
    expect(await codeOf(older.migrate())).toBe('data_dir_newer');
    await older.close();
  });

  it('says archive_unavailable while nobody listens', async () => {
    const away = openClickHouse({ ...embedded.chdb, url: 'http://127.0.0.1:9', migrations: [] });
    expect(await codeOf(away.insert('events', eventRows('t', 0, 1), 't'))).toBe(
      'archive_unavailable',
    );
    expect(await codeOf(away.queryReadOnly('SELECT 1'))).toBe('archive_unavailable');
    expect(await away.ping()).toBe(false);
    await away.close();
  });

  it('cuts questions of others short when it is told to, and goes on taking rows', async () => {
    const stopping = openClickHouse({ ...embedded.chdb, migrations: [] });
    const ruinous =
      'SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b WHERE a.number * b.number % 7 = 3';
    const asked = codeOf(stopping.queryReadOnly(ruinous, { limits: { timeoutMs: 20_000 } }));
    // By now it runs: this was asked later and is answered.
    await stopping.queryReadOnly('SELECT 1');
    stopping.cancelReads();
    expect(await asked).toBe('shutting_down');
    expect(await codeOf(stopping.queryReadOnly('SELECT 1'))).toBe('shutting_down');
    await stopping.insert('events', eventRows('stopping', 0, 1), 't');
    await stopping.close();
  });

  it('ends when its parent is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weft-orphan-'));
    const start = {
      kind: 'start',
      directory,
      host: '127.0.0.1',
      port: 0,
      accounts: [],
      limits: { queriesMax: 1 },
    };
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('node:child_process').fork(${JSON.stringify(buildChild())}, [], { execArgv: [] });
         child.on('message', () => console.log(child.pid));
         child.send(${JSON.stringify(start)});`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString('utf8'));
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/), PATIENCE);
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('steps back where processors are short', async () => {
    const pid = embedded.chdb.pid();
    if (pid === undefined) throw new Error('the engine is away');
    expect(getPriority(pid)).toBeGreaterThan(getPriority());
  });

  it('leaves signals of the terminal to its parent', async () => {
    const pid = embedded.chdb.pid();
    if (pid === undefined) throw new Error('the engine is away');
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    expect((await embedded.store.query('SELECT 1 AS n')).data).toEqual([{ n: 1 }]);
    expect(embedded.chdb.pid()).toBe(pid);
  });
});

/** As any client may: no guard before it. */
async function askRaw(search: string): Promise<{ readonly status: number; readonly text: string }> {
  const { url, username, password } = embedded.chdb;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const answer = await fetch(`${url}/?${search}`, { method: 'POST', headers: { authorization } });
  return { status: answer.status, text: await answer.text() };
}
