/** `weft doctor`: what runs here, with which settings, and what to do about what is wrong. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { readCatalogue } from '../app/catalogue.ts';
import { version } from '../app/package-files.ts';
import { readLock } from '../adapters/lmdb/lock.ts';
import { loadConfig, type Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import {
  catalogueOption,
  configOf,
  dataDirOption,
  urlOption,
  type CommonOptions,
} from './options.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const FREE_MIN_BYTES = 1024 ** 3;
const NODE_MIN = [20, 19] as const;

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('Check this machine, the settings and the catalogue, or a running Weft')
    .addOption(dataDirOption())
    .addOption(catalogueOption())
    .addOption(urlOption())
    .action(run);

async function run(options: CommonOptions & { readonly url?: string }): Promise<void> {
  const config = configOf(options);
  const findings: Finding[] = [
    nodeVersion(),
    installed('lmdb', 'the embedded log and stores'),
    installed('chdb', 'the embedded ClickHouse: glibc Linux or macOS'),
    directory(config),
    disk(config),
    await catalogue(config),
    ...(await server(options.url ?? readLock(config.dataDir)?.address)),
  ];
  process.stdout.write(`weft ${version()}\n\n`);
  for (const { name, ok, detail } of findings) {
    process.stdout.write(`${ok ? 'ok   ' : 'WRONG'}  ${name.padEnd(16)}${detail}\n`);
  }
  process.stdout.write('\nSettings\n');
  for (const { name, value, about, from } of loadConfig().effective) {
    process.stdout.write(
      `  ${name.padEnd(20)}${(value || '(none)').padEnd(18)}${from.padEnd(13)}${about}\n`,
    );
  }
  if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  const detail = ok
    ? process.versions.node
    : `${process.versions.node}: install ${NODE_MIN.join('.')} or newer`;
  return { name: 'Node.js', ok, detail };
}

function installed(name: string, what: string): Finding {
  const require = createRequire(import.meta.url);
  try {
    require.resolve(name);
    return { name, ok: true, detail: what };
  } catch {
    return { name, ok: false, detail: `${what}; not installed: run npm ci` };
  }
}

function directory({ dataDir }: Config): Finding {
  const holder = readLock(dataDir);
  if (holder) {
    const where = holder.address === undefined ? '' : ` at ${holder.address}`;
    return {
      name: 'data directory',
      ok: true,
      detail: `${dataDir}, in use by process ${holder.pid}${where}`,
    };
  }
  const place = existsSync(dataDir) ? dataDir : nearestFolder(dataDir);
  try {
    accessSync(place, constants.W_OK);
    return {
      name: 'data directory',
      ok: true,
      detail: `${dataDir}, ${existsSync(dataDir) ? 'free' : 'will be made'}`,
    };
  } catch {
    return {
      name: 'data directory',
      ok: false,
      detail: `${place} cannot be written to: choose another --data-dir`,
    };
  }
}

function disk({ dataDir }: Config): Finding {
  const { bavail, bsize } = statfsSync(nearestFolder(dataDir));
  const free = bavail * bsize;
  const ok = free >= FREE_MIN_BYTES;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GB free${ok ? '' : ': under 1 GB events are refused'}`;
  return { name: 'disk', ok, detail };
}

async function catalogue(config: Config): Promise<Finding> {
  const name = 'catalogue';
  try {
    const read = await readCatalogue(config.catalogueDir, config.timeZone);
    if (!read.ok)
      return { name, ok: false, detail: `${read.faults.length} faults: run weft check` };
    const { tags, triggers } = read.loaded.catalogue;
    return { name, ok: true, detail: `${tags.tags.length} tags, ${triggers.byHash.size} triggers` };
  } catch (error) {
    return { name, ok: false, detail: messageOf(error) };
  }
}

/** What a running Weft says of itself. */
async function server(url: string | undefined): Promise<readonly Finding[]> {
  if (url === undefined) return [];
  try {
    const answer = (await (await fetch(`${url}/readyz?verbose`)).json()) as { checks?: Finding[] };
    return (answer.checks ?? []).map((check) => ({ ...check, detail: check.detail ?? '' }));
  } catch (error) {
    return [{ name: 'server', ok: false, detail: `${url} does not answer: ${messageOf(error)}` }];
  }
}

function nearestFolder(path: string): string {
  let at = resolve(path);
  while (!existsSync(at)) at = dirname(at);
  return at;
}
