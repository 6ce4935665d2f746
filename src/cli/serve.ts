/** `weft serve`: an engine and its HTTP surface, until it is told to stop. */
import { Command, Option } from 'commander';
import { createSystemClock } from '../adapters/system/clock.ts';
import { openEngine } from '../app/engine.ts';
import { markLive } from '../app/time-of-directory.ts';
import { createLogger } from '../app/logger.ts';
import { refuseOpenHost, serve, type Served } from '../app.ts';
import { messageOf, WeftError } from '../errors.ts';
import { STAGE_NAMES, type StageName } from '../../streams/pipeline.ts';
import { catalogueOption, configOf, dataDirOption, type CommonOptions } from './options.ts';

/** Correctness never depends on it: what is cut off is in the log. */
const STOP_WITHIN_MS = 10_000;

export const serveCommand = (): Command =>
  new Command('serve')
    .description('Take events in and answer over HTTP, until SIGTERM or Ctrl-C')
    .addOption(dataDirOption())
    .addOption(catalogueOption())
    .option('--port <port>', 'HTTP port, 0 for a free one (WEFT_PORT, 8080)')
    .addOption(new Option('--mode <mode>', 'embedded: one process, no services (WEFT_MODE)'))
    .option(
      '--stages <list>',
      `stages to run here, with commas: ${STAGE_NAMES.join(',')} (default: all)`,
    )
    .action(run);

async function run(options: CommonOptions & { readonly stages?: string }): Promise<void> {
  const config = configOf(options);
  refuseOpenHost(config.host);
  const logger = createLogger(config.logLevel, 'stdout');
  let end: (error: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((resolve) => (end = resolve));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(null));
  const engine = await openEngine({
    config,
    clock: createSystemClock(),
    marksTime: () => true,
    stages: stagesOf(options.stages),
    logger,
    onLogLine: (line) => logger.info({ line }, 'channel_log'),
    onFatal: end,
  });
  let served: Served | undefined;
  const listen = async (): Promise<unknown> => {
    served = await serve(engine, { host: config.host, port: config.port }, logger);
    // Not before: who never listened had no live traffic.
    await markLive(engine);
    logger.info({ url: served.url, dataDir: config.dataDir }, 'listening');
    const error = await ended;
    logger.info({ reason: error === null ? 'signal' : messageOf(error) }, 'stopping');
    return error;
  };
  const error = await listen().catch((failure: unknown) => failure);
  const deadline = setTimeout(() => process.exit(error === null ? 0 : 1), STOP_WITHIN_MS);
  await served?.close();
  await engine.stop();
  clearTimeout(deadline);
  logger.info({}, 'stopped');
  if (error !== null) throw error instanceof Error ? error : new Error(messageOf(error));
}

function stagesOf(list: string | undefined): readonly StageName[] {
  if (list === undefined) return STAGE_NAMES;
  return list.split(',').map((each) => {
    const stage = STAGE_NAMES.find((name) => name === each.trim());
    if (stage) return stage;
    throw new WeftError(
      'invalid_usage',
      `there is no stage ${each}; there are ${STAGE_NAMES.join(', ')}`,
    );
  });
}
