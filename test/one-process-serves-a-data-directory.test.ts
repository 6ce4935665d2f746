// Two processes on one data directory: the second says so and does nothing; questions go to the first.
import { writeFileSync } from 'node:fs';
import { createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newDir } from './support/places.ts';
import { pathOf, query, serve, weft, weftOk, type Server } from './support/weft.ts';

const SOON = { timeout: 60_000, interval: 200 };
const dataDir = join(newDir(), 'data');
let server: Server;

beforeAll(async () => {
  server = await serve(dataDir);
});

const ALONE: readonly (readonly string[])[] = [['serve', '--port', '0'], ['rebuild'], ['dump']];

describe('a data directory that is served', () => {
  it.each(ALONE)(
    '`weft %s …` is refused in words that name it, and does nothing',
    async (...args) => {
      const { code, stdout, stderr } = await weft(...args, '--data-dir', dataDir);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/in use by process \d+/);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    },
  );

  it('`weft ingest` sends through the server what is in the file', async () => {
    const file = pathOf('docs/examples/carts.ndjson');
    const { code, stdout } = await weft(
      'ingest',
      file,
      '--format',
      'canonical',
      '--data-dir',
      dataDir,
    );
    expect([code, stdout.trim()]).toEqual([0, `4 events sent to ${server.url}`]);
  });

  it('`weft ingest` sends Chinese rows in requests the server takes, and tells the row it does not', async () => {
    const row = (id: string, text: string) =>
      JSON.stringify({
        id,
        source: 'app',
        type: 'page_viewed',
        identifiers: [{ type: 'member', value: 'M2' }],
        properties: { text },
      });
    const rows = Array.from({ length: 600 }, (_, i) => row(`zh-${i}`, '奶茶'.repeat(350)));
    const file = join(newDir(), 'rows.ndjson');
    writeFileSync(file, [...rows, row('huge', '茶'.repeat(250_000)), row('last', '')].join('\n'));
    const args = ['--format', 'canonical', '--data-dir', dataDir];
    const { code, stdout } = await weft('ingest', file, ...args);
    expect(code).toBe(0);
    expect(stdout).toContain(`601 events sent to ${server.url}\n1 rows were refused:\nevent huge:`);
  });

  it('`weft query` goes through the server, and sees what was just sent', async () => {
    const sent = await fetch(`${server.url}/v1/events?wait=applied`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        id: '奶茶-1',
        source: 'app',
        type: 'product_viewed',
        identifiers: [{ type: 'member', value: 'M1' }],
      }),
    });
    expect(sent.status).toBe(200);
    const rows = () => query(dataDir, "SELECT type FROM weft.events WHERE id = '奶茶-1'");
    await expect.poll(rows, SOON).toEqual([{ type: 'product_viewed' }]);
  });

  it('tells Prometheus how far each stage is behind, and how much disk is free', async () => {
    const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
    const stages = ['stitch', 'profile', 'dispatch', 'archive'];
    const lags = stages.map((stage) => `weft_consumer_lag_events{stage="${stage}"} 0`);
    const said = async () => (await metrics()).split('\n');
    await expect.poll(said, SOON).toEqual(expect.arrayContaining(lags));
    expect(await metrics()).toMatch(/^weft_disk_free_bytes [1-9]\d{6,}$/m);
  });

  it('is free again once the server was told to end', async () => {
    expect(await server.stop()).toBe(0);
    expect(await query(dataDir, 'SELECT count() AS events FROM weft.events')).toEqual([
      { events: 606 },
    ]);
  });
});

describe('a server that cannot listen', () => {
  const other = join(newDir(), 'data');
  let listener: Listener;
  let port = '';

  beforeAll(async () => {
    listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    port = typeof address === 'object' && address !== null ? String(address.port) : '';
  });
  afterAll(() => new Promise((resolve) => listener.close(resolve)));

  it('ends by itself, and says that the port is in use and what to do', async () => {
    const { code, stderr } = await weft('serve', '--data-dir', other, '--port', port);
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use: choose another with --port`);
    expect(stderr).not.toContain('    at ');
  });

  it('has left the directory free, and on the time of history', async () => {
    const file = pathOf('docs/examples/carts.ndjson');
    const told = await weftOk('ingest', file, '--format', 'canonical', '--data-dir', other);
    expect(told).toContain(`4 events in ${other}`);
  });
});
