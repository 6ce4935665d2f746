/** `weft check`: is what a marketer edited right? With file, line and suggestion where it is not. */
import { Command } from 'commander';
import { readCatalogue } from '../app/catalogue.ts';
import { catalogueOption, configOf, type CommonOptions } from './options.ts';

export const checkCommand = (): Command =>
  new Command('check')
    .description('Validate the catalogue: tags, triggers, coupons, channels')
    .addOption(catalogueOption())
    .action(run);

async function run(options: CommonOptions): Promise<void> {
  const config = configOf(options);
  const read = await readCatalogue(config.catalogueDir, config.timeZone);
  if (!read.ok) {
    for (const fault of read.faults) process.stdout.write(`${fault}\n`);
    const count = read.faults.length;
    process.stderr.write(`weft: ${count} ${count === 1 ? 'fault' : 'faults'} in the catalogue\n`);
    process.exitCode = 1;
    return;
  }
  const { tags, triggers, coupons, channels } = read.loaded.catalogue;
  process.stdout.write(
    `${tags.tags.length} tags, ${triggers.byHash.size} triggers, ${coupons.size} coupons, ` +
      `${channels.channels.size} channels: all right\n`,
  );
}
