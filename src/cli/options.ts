/** Options that several commands share, and how they become settings. */
import { Option } from 'commander';
import { loadConfig, type Config, type Overrides } from '../config.ts';

export interface CommonOptions {
  readonly dataDir?: string;
  readonly catalogue?: string;
  readonly port?: string;
  readonly mode?: string;
}

export const dataDirOption = (): Option =>
  new Option('--data-dir <dir>', 'where the log and the stores are kept (WEFT_DATA_DIR)');

export const catalogueOption = (): Option =>
  new Option(
    '--catalogue <dir>',
    'folder with tags.yaml, triggers.yaml … (WEFT_CATALOGUE; default: the shipped one)',
  );

export const urlOption = (): Option =>
  new Option('--url <url>', 'a running Weft, instead of a data directory');

/** Flags over environment over defaults; warnings go to stderr. */
export function configOf(options: CommonOptions, more: Overrides = {}): Config {
  const overrides: Overrides = {
    ...(options.dataDir === undefined ? {} : { DATA_DIR: options.dataDir }),
    ...(options.catalogue === undefined ? {} : { CATALOGUE: options.catalogue }),
    ...(options.port === undefined ? {} : { PORT: options.port }),
    ...(options.mode === undefined ? {} : { MODE: options.mode }),
    ...more,
  };
  const { config, warnings } = loadConfig(overrides);
  for (const warning of warnings) process.stderr.write(`weft: ${warning}\n`);
  return config;
}
