/** `weft coupons import`: codes of the retailer's own tills into the pool of a coupon. */
import { Command } from 'commander';
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { loadCatalogue } from '../app/catalogue.ts';
import { openProjections } from '../app/projections.ts';
import { servingAt } from '../app/serving.ts';
import { TENANT } from '../app.ts';
import { WeftError } from '../errors.ts';
import { catalogueOption, configOf, dataDirOption, type CommonOptions } from './options.ts';

const CHUNK = 10_000;

export const couponsCommand = (): Command =>
  new Command('coupons')
    .description('Coupons and their codes')
    .addCommand(
      new Command('import')
        .description('Add codes, one a line, to the pool of a coupon (pool: true in coupons.yaml)')
        .argument('<name>', 'the coupon')
        .argument('<file>', 'one code a line')
        .addOption(dataDirOption())
        .addOption(catalogueOption())
        .action(run),
    );

async function run(name: string, file: string, options: CommonOptions): Promise<void> {
  const config = configOf(options);
  const { catalogue } = await loadCatalogue(config.catalogueDir, config.timeZone);
  const coupon = catalogue.coupons.get(name);
  if (!coupon) {
    const names = [...catalogue.coupons.keys()].join(', ');
    throw new WeftError(
      'invalid_usage',
      `the catalogue has no coupon ${name}; it has ${names || 'none'}`,
    );
  }
  if (!coupon.pool) {
    throw new WeftError(
      'invalid_usage',
      `coupon ${name} makes its own codes: say \`pool: true\` first`,
    );
  }
  if (!existsSync(file)) throw new WeftError('invalid_usage', `there is no file ${file}`);
  const url = servingAt(config.dataDir);
  if (url !== undefined) {
    throw new WeftError(
      'data_dir_in_use',
      `${config.dataDir} is being served at ${url}; stop it to import codes`,
    );
  }
  const stores = await openProjections(config);
  try {
    let [added, known] = [0, 0];
    for await (const codes of chunksOf(file)) {
      const answer = await stores.coupons.importCodes(TENANT, name, codes);
      added += answer.added;
      known += answer.known;
    }
    const { pool } = await stores.coupons.stock(TENANT, name);
    process.stdout.write(
      `${added} codes added, ${known} known already; ${pool} in the pool of ${name}\n`,
    );
  } finally {
    await stores.close();
  }
}

async function* chunksOf(file: string): AsyncIterable<readonly string[]> {
  let codes: string[] = [];
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    const code = line.replace(/^\uFEFF/, '').trim();
    if (code !== '') codes.push(code);
    if (codes.length < CHUNK) continue;
    yield codes;
    codes = [];
  }
  if (codes.length > 0) yield codes;
}
