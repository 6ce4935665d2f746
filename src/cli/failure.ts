/** What went wrong, for the person at the terminal: what, and what to do about it. */
import { WeftError } from '../errors.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_SETTINGS = 78;

/** Writes to stderr; answers the exit code. */
export function reportFailure(error: unknown): number {
  if (!(error instanceof WeftError)) {
    process.stderr.write(
      `weft: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return EXIT_FAILED;
  }
  process.stderr.write(`weft: ${error.message}\n      ${error.advice}\n`);
  if (error.code === 'invalid_settings') return EXIT_SETTINGS;
  return error.code === 'invalid_usage' || error.code === 'invalid_parameter'
    ? EXIT_USAGE
    : EXIT_FAILED;
}
