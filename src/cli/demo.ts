/** `weft demo`: from first event to coupon, on a laptop, without any service. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { playDemo, type Demo } from '../app/demo.ts';
import { createLogger } from '../app/logger.ts';
import { configOf } from './options.ts';
import { demoReport } from './demo-report.ts';
import { createStyle } from './style.ts';

interface DemoOptions {
  readonly keep?: boolean;
  readonly serve?: boolean;
}

export const demoCommand = (): Command =>
  new Command('demo')
    .description('Simulated shoppers through the whole engine; prints what happened')
    .option('--keep', 'keep the data directory, to ask it in SQL afterwards')
    .option('--serve', 'go on answering over HTTP until Ctrl-C (keeps the directory too)')
    .action(run);

async function run(options: DemoOptions): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  const isKept = options.keep === true || options.serve === true;
  const style = createStyle(process.stdout.isTTY && process.stdout.hasColors());
  const config = configOf({ dataDir: dir, port: options.serve ? '8080' : '0' }, { CATALOGUE: '' });
  const step = stepWriter();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  let demo: Demo | undefined;
  try {
    const playing = playDemo({
      config,
      logger: createLogger('error', 'stderr'),
      onFatal: fail,
      onStep: step.show,
    });
    demo = await Promise.race([playing, failed]);
    step.end();
    process.stdout.write(await demoReport(demo, style));
    if (options.serve) await serveOn(demo);
  } finally {
    await demo?.served.close();
    await demo?.engine.stop();
    if (!isKept) await rm(dir, { recursive: true, force: true });
  }
  if (isKept) {
    process.stdout.write(
      `\nKept in ${dir}. Ask it:\n  npx weft query --data-dir ${dir} "SELECT * FROM weft.trigger_performance"\n`,
    );
  }
}

async function serveOn(demo: Demo): Promise<void> {
  process.stdout.write(`\nListening on ${demo.served.url} until Ctrl-C\n`);
  await new Promise((resolve) => process.once('SIGINT', resolve));
}

/** One line on stderr that says what is going on; every tenth of it where nobody watches. */
function stepWriter(): { show: (step: string, share: number) => void; end: () => void } {
  const isTTY = process.stderr.isTTY;
  let last = '';
  return {
    show(step, share) {
      const percent = Math.floor(Math.min(1, share) * (isTTY ? 100 : 4)) * (isTTY ? 1 : 25);
      const line = `${step} … ${percent} %`;
      if (line === last) return;
      last = line;
      process.stderr.write(isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    end() {
      if (isTTY) process.stderr.write('\r\u001b[2K');
    },
  };
}
