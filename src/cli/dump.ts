/** `weft dump`: everything that is known, in canonical form, with its hash. */
import { Command } from 'commander';
import { dumpOf } from '../app/dump.ts';
import { openProjections } from '../app/projections.ts';
import { configOf, dataDirOption, type CommonOptions } from './options.ts';

export const dumpCommand = (): Command =>
  new Command('dump')
    .description('Print every profile and action in canonical form, and the SHA-256 of it all')
    .addOption(dataDirOption())
    .option('--hash', 'the hash alone')
    .addHelpText(
      'after',
      `
Two installations that know the same have the same dump, whatever their pids, processes and clocks.
It holds identifiers in plain text. The directory must not be in use.`,
    )
    .action(run);

async function run(options: CommonOptions & { readonly hash?: boolean }): Promise<void> {
  const projections = await openProjections(configOf(options));
  try {
    const { lines, sha256 } = await dumpOf(projections);
    const text = options.hash ? '' : lines.map((line) => `${line}\n`).join('');
    process.stdout.write(`${text}${sha256}\n`);
  } finally {
    await projections.close();
  }
}
