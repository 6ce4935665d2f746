/** `weft`: one command a file; this one names them all. */
import { Command, CommanderError } from 'commander';
import { version } from '../app/package-files.ts';
import { checkCommand } from './check.ts';
import { couponsCommand } from './coupons.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { dumpCommand } from './dump.ts';
import { reportFailure } from './failure.ts';
import { ingestCommand } from './ingest.ts';
import { queryCommand } from './query.ts';
import { rebuildCommand } from './rebuild.ts';
import { serveCommand } from './serve.ts';
import { simulateCommand } from './simulate.ts';

const program = new Command('weft')
  .description(
    'Streaming, real-time customer data platform and trigger engine for retail.\n' +
      'Events in, one profile per shopper, tags that are right at every moment, coupons within a second.',
  )
  .version(version())
  .addCommand(demoCommand())
  .addCommand(serveCommand())
  .addCommand(simulateCommand())
  .addCommand(ingestCommand())
  .addCommand(queryCommand())
  .addCommand(checkCommand())
  .addCommand(couponsCommand())
  .addCommand(dumpCommand())
  .addCommand(rebuildCommand())
  .addCommand(doctorCommand())
  .addHelpText(
    'after',
    `
Start here:
  weft demo                       simulated shoppers, from first event to coupon
  weft serve                      an engine in ./weft-data, http://127.0.0.1:8080
  weft query "SELECT count() FROM weft.events"

Exit codes: 0 done · 1 failed · 2 wrong usage · 78 wrong settings`,
  );

for (const command of [
  program,
  ...program.commands,
  ...program.commands.flatMap((c) => c.commands),
]) {
  command.exitOverride().showHelpAfterError('(see --help)');
}

// A reader who has gone (`weft dump | head -1`) is no failure: what is written after that is for nobody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.exitCode = reportFailure(error);
  }
}
