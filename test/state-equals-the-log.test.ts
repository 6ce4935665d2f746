// The log is the truth: what the stores hold follows from it alone, however often it is read and wherever a process
// was killed; and making it anew says nothing to anybody.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { topicsOf } from '../streams/topics.ts';
import { differences, NONE } from './support/differences.ts';
import { plainCatalogue, simulatedHistory } from './support/history.ts';
import { newDir } from './support/places.ts';
import { withStores } from './support/stores.ts';
import { until } from './support/until.ts';
import { query, startWeft, weftOk } from './support/weft.ts';

const TENANT = 'default';
const KILLS_AT = [0.2, 0.45, 0.75];

const catalogue = plainCatalogue();
const history = simulatedHistory({ shoppers: 100, days: 20 }, 2);
const [FIRST = '', SECOND = ''] = history.paths;

const ingestArgs = (path: string, dir: string): readonly string[] => {
  const given = ['--format', 'canonical', '--triggers', 'on', '--catalogue', catalogue];
  const end = path === SECOND ? ['--until', history.until] : [];
  return ['ingest', path, ...given, ...end, '--data-dir', dir];
};

const dumpOf = async (dir: string): Promise<readonly string[]> =>
  (await weftOk('dump', '--data-dir', dir)).split('\n').filter((line) => line !== '');

/** What was sent, published and issued so far. */
const effectsOf = (dir: string) =>
  withStores(dir, async ({ log, partitions, coupons }) => {
    const bounds = new Map<string, unknown>();
    for (const { name } of topicsOf(partitions)) bounds.set(name, await log.bounds(name));
    return { bounds, stock: await coupons.stock(TENANT, 'five_off') };
  });

/** Both planes, gone. */
const wipe = (dir: string): Promise<void> =>
  withStores(dir, async ({ identity, profiles, partitions }) => {
    await identity.reset();
    for (let partition = 0; partition < partitions; partition += 1) await profiles.reset(partition);
  });

const storeSize = (dir: string): number =>
  statSync(join(dir, 'store', 'data.mdb'), { throwIfNoEntry: false })?.size ?? 0;

describe('state equals the log', () => {
  const undisturbed = join(newDir(), 'data');
  const rebuilt = join(newDir(), 'data');
  let dumpHalfWay: readonly string[];
  let dump: readonly string[];

  beforeAll(async () => {
    await weftOk(...ingestArgs(FIRST, undisturbed));
    dumpHalfWay = await dumpOf(undisturbed);
    await weftOk(...ingestArgs(SECOND, undisturbed));
    dump = await dumpOf(undisturbed);
  });

  it('two runs of one history know the same, whatever their keys, clocks and batches', async () => {
    await weftOk(...ingestArgs(FIRST, rebuilt));
    expect(differences(await dumpOf(rebuilt), dumpHalfWay)).toEqual(NONE);
  });

  it('stores deleted and made anew: the same dump, nothing said again, and life goes on', async () => {
    const before = await dumpOf(rebuilt);
    const effects = await effectsOf(rebuilt);
    const deliveries = await query(rebuilt, 'SELECT * FROM weft.deliveries ORDER BY id');
    await wipe(rebuilt);
    expect((await dumpOf(rebuilt)).filter((line) => line.includes('"identifiers"'))).toEqual([]);

    const said = await weftOk('rebuild', '--data-dir', rebuilt, '--catalogue', catalogue);
    expect(said.trim().split('\n').at(-1)).toBe(before.at(-1));
    expect(differences(await dumpOf(rebuilt), before)).toEqual(NONE);
    expect(await effectsOf(rebuilt)).toEqual(effects);
    expect(effects.stock.issued).toBeGreaterThan(20);
    expect(await query(rebuilt, 'SELECT * FROM weft.deliveries ORDER BY id')).toEqual(deliveries);

    // What identifiers belong to whom, and which are shared, decides where all further events go.
    await weftOk(...ingestArgs(SECOND, rebuilt));
    expect(differences(await dumpOf(rebuilt), dump)).toEqual(NONE);
  });

  it(`killed ${KILLS_AT.length} times on the way and resumed: the same dump, and no event twice`, async () => {
    const killed = join(newDir(), 'data');
    const goal = storeSize(undisturbed);
    let kills = 0;
    for (const path of [FIRST, SECOND]) {
      for (const share of KILLS_AT) {
        const size = goal * share;
        if (storeSize(killed) >= size) continue;
        const ingest = startWeft(...ingestArgs(path, killed));
        const isThere = (): boolean => ingest.hasEnded() || storeSize(killed) >= size;
        await until(`the store holds ${size} bytes`, isThere);
        if ((await ingest.kill()) === 'SIGKILL') kills += 1;
        else break;
      }
      await weftOk(...ingestArgs(path, killed)).catch((error: Error) => {
        if (!error.message.includes('ingested into this data directory before')) throw error;
      });
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS_AT.length);
    expect(differences(await dumpOf(killed), dump)).toEqual(NONE);
    expect(differences(await rowsOf(killed), await rowsOf(undisturbed))).toEqual(NONE);
  });
});

/** What was archived, without pids, keys and codes, which differ from one installation to another. */
const ROWS = [
  "'event', id, type, source, at, received_at, order_id, total FROM weft.events WHERE type != 'coupon_issued'",
  "'action', trigger, event, correlation, due_at, decided_at, outcome, reason FROM weft.actions",
  "'delivery', trigger, step, channel, attempt, outcome, reason FROM weft.deliveries",
  "'dead letter', source, code, reason, body FROM weft.dead_letters",
  "'tag', tag, value FROM weft.profile_tags",
];

async function rowsOf(dir: string): Promise<readonly string[]> {
  const parts = ROWS.map(
    (row) => `SELECT toString(tuple(${row.replace(' FROM ', ')) AS row FROM ')}`,
  );
  const rows = await query<{ row: string }>(dir, parts.join(' UNION ALL '));
  return rows.map(({ row }) => row);
}
