/** `weft rebuild`: identity and profiles made anew from the log. */
import { Command } from 'commander';
import { createLogger } from '../app/logger.ts';
import { rebuild } from '../app/rebuild.ts';
import { catalogueOption, configOf, dataDirOption, type CommonOptions } from './options.ts';

export const rebuildCommand = (): Command =>
  new Command('rebuild')
    .description('Make the projections anew from the log; nothing is sent or published again')
    .addOption(dataDirOption())
    .addOption(catalogueOption())
    .action(run);

async function run(options: CommonOptions): Promise<void> {
  const config = configOf(options);
  const logger = createLogger('warn', 'stderr');
  const rebuilt = await rebuild(config, logger, (step) => process.stderr.write(`${step} …\n`));
  process.stdout.write(
    `${rebuilt.identityRecords} identity records, ${rebuilt.profiles} profiles\n${rebuilt.sha256}\n`,
  );
}
