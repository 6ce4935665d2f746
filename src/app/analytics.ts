/** The analytics store of a data directory: chDB in its child process, with the tables of `sql/`. */
import { join } from 'node:path';
import { startChdb } from '../adapters/chdb/process.ts';
import { openClickHouse } from '../adapters/clickhouse/analytics-store.ts';
import { readMigration } from '../adapters/clickhouse/migrations.ts';
import type { Config } from '../config.ts';
import type { AnalyticsStore } from '../ports/analytics-store.ts';
import type { Logger } from './logger.ts';
import { listPackageFiles, readPackageFile } from './package-files.ts';

/** What has to be closed again is added to `closers`, to be called from the last to the first. */
export async function openAnalytics(
  config: Pick<Config, 'dataDir'>,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
): Promise<AnalyticsStore> {
  const chdb = await startChdb({
    directory: join(config.dataDir, 'clickhouse'),
    onExit: (exit) => logger.warn({ ...exit }, 'clickhouse_ended'),
    onRestart: () => logger.info({}, 'clickhouse_restarted'),
  });
  closers.push(() => chdb.close());
  const { url, username, password } = chdb;
  const migrations = listPackageFiles('sql', '.sql').map((name) =>
    readMigration(name, readPackageFile('sql', name)),
  );
  const analytics = openClickHouse({ url, username, password, migrations });
  closers.push(() => analytics.close());
  await analytics.migrate();
  return analytics;
}
