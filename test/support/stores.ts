/** The stores of a data directory that nobody has open. */
import { openProjections, type Projections } from '../../src/app/projections.ts';
import { loadConfig } from '../../src/config.ts';

export async function withStores<T>(
  dataDir: string,
  use: (stores: Projections) => Promise<T>,
): Promise<T> {
  const { config } = loadConfig({ DATA_DIR: dataDir }, {});
  const stores = await openProjections(config);
  try {
    return await use(stores);
  } finally {
    await stores.close();
  }
}
