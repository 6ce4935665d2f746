/**
 * Every setting, its default and what it means. Defaults < environment < flags; nothing else reads
 * the environment. All faults are reported at once, and an unknown `WEFT_…` gets the nearest name.
 */
import { readFileSync } from 'node:fs';
import { WeftError } from './errors.ts';

interface Setting {
  readonly fallback: string;
  readonly about: string;
  readonly secret?: boolean;
  readonly check?: (value: string) => string | null;
}

const positive = (value: string): string | null =>
  /^\d+$/.test(value) ? null : 'must be a whole number';
const port = (value: string): string | null =>
  /^\d+$/.test(value) && Number(value) <= 65_535 ? null : 'must be a port, 0 to 65535';
const oneOf =
  (...values: readonly string[]) =>
  (value: string): string | null =>
    values.includes(value) ? null : `must be one of ${values.join(', ')}`;
const powerOfTwo = (value: string): string | null => {
  const count = Number(value);
  return Number.isInteger(count) && count >= 1 && count <= 1_024 && (count & (count - 1)) === 0
    ? null
    : 'must be a power of two, 1 to 1024';
};
const zone = (value: string): string | null => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return null;
  } catch {
    return 'must be a time zone like Asia/Shanghai';
  }
};

const SETTINGS = {
  MODE: {
    fallback: 'embedded',
    about: 'embedded, or (later) distributed',
    check: oneOf('embedded'),
  },
  HOST: {
    fallback: '127.0.0.1',
    about: 'address to listen on; only loopback until there are keys',
  },
  PORT: { fallback: '8080', about: 'HTTP port; 0 takes a free one', check: port },
  DATA_DIR: { fallback: './weft-data', about: 'where the log and the stores are kept' },
  CATALOGUE: {
    fallback: '',
    about: 'folder with tags.yaml, triggers.yaml …; empty: the shipped one',
  },
  PARTITIONS: {
    fallback: '8',
    about: 'partitions of each topic, fixed when the data directory is created',
    check: powerOfTwo,
  },
  TIME_ZONE: {
    fallback: 'Asia/Shanghai',
    about: "the shop's time zone: where its days begin",
    check: zone,
  },
  REGION: { fallback: 'CN', about: 'region of phone numbers without a country code' },
  CURRENCY: { fallback: 'CNY', about: 'currency of orders that name none' },
  LOG_LEVEL: {
    fallback: 'info',
    about: 'debug, info, warn, error or silent',
    check: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  },
  CACHE_MB: {
    fallback: '32',
    about: 'memory for profile states, all partitions together',
    check: positive,
  },
  EGRESS_ALLOW: {
    fallback: '',
    about: 'private addresses webhooks may reach, as CIDR blocks with commas',
  },
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof SETTINGS;

export interface Config {
  readonly mode: 'embedded';
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** '' for the shipped catalogue. */
  readonly catalogueDir: string;
  readonly partitions: number;
  readonly timeZone: string;
  readonly region: string;
  readonly currency: string;
  readonly logLevel: string;
  readonly cacheBytes: number;
  /** A channel's signing secrets, whsec_…, newest first: the setting its `secret_env` names. */
  readonly secretsOf: (setting: string) => readonly string[];
  readonly egressAllow: readonly string[];
}

export type Overrides = Partial<Record<SettingName, string>>;

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** For `weft doctor`: effective values, secrets hidden. */
  readonly effective: readonly {
    readonly name: string;
    readonly value: string;
    readonly about: string;
    readonly from: 'default' | 'environment' | 'flag';
  }[];
}

/** Throws `invalid_settings` naming every fault. */
export function loadConfig(
  overrides: Overrides = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): LoadedConfig {
  const faults: string[] = [];
  const effective: LoadedConfig['effective'][number][] = [];
  const values = new Map<SettingName, string>();
  for (const [key, setting] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    const name = `WEFT_${key}`;
    const given = fromEnvironment(name, env, faults);
    const flag = overrides[key];
    const value = flag ?? given ?? setting.fallback;
    const fault = value === '' ? null : (setting.check?.(value) ?? null);
    if (fault !== null) faults.push(`${name} is ${JSON.stringify(value)}: ${fault}`);
    values.set(key, value);
    effective.push({
      name,
      value: setting.secret && value !== '' ? '(hidden)' : value,
      about: setting.about,
      from: flag !== undefined ? 'flag' : given !== undefined ? 'environment' : 'default',
    });
  }
  if (faults.length > 0) {
    throw new WeftError('invalid_settings', `settings: ${faults.join('; ')}`, {
      details: { faults },
    });
  }
  const of = (name: SettingName): string => values.get(name) ?? '';
  const list = (name: SettingName, separator: RegExp): readonly string[] =>
    of(name)
      .split(separator)
      .filter((each) => each !== '');
  return {
    config: {
      mode: 'embedded',
      host: of('HOST'),
      port: Number(of('PORT')),
      dataDir: of('DATA_DIR'),
      catalogueDir: of('CATALOGUE'),
      partitions: Number(of('PARTITIONS')),
      timeZone: of('TIME_ZONE'),
      region: of('REGION'),
      currency: of('CURRENCY'),
      logLevel: of('LOG_LEVEL'),
      cacheBytes: Number(of('CACHE_MB')) * 1024 * 1024,
      secretsOf: (setting) =>
        (fromEnvironment(setting, env, []) ?? '').split(/\s+/).filter(Boolean),
      egressAllow: list('EGRESS_ALLOW', /[\s,]+/),
    },
    warnings: unknownNames(env),
    effective,
  };
}

function fromEnvironment(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
): string | undefined {
  const direct = env[name];
  const file = env[`${name}_FILE`];
  if (direct !== undefined && file !== undefined) {
    faults.push(`${name} and ${name}_FILE are both set: keep one`);
  }
  if (file === undefined) return direct;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    faults.push(`${name}_FILE names a file that cannot be read`);
    return undefined;
  }
}

/** Settings that the catalogue names (secrets) or that only tools use. */
const ELSEWHERE = /^WEFT_(FAILPOINT$|TEST_|BENCH_|.*_SECRET(_FILE)?$)/;

function unknownNames(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = Object.keys(SETTINGS).flatMap((key) => [`WEFT_${key}`, `WEFT_${key}_FILE`]);
  return Object.keys(env)
    .filter((name) => name.startsWith('WEFT_') && !known.includes(name) && !ELSEWHERE.test(name))
    .map((name) => `${name} is no setting; nearest is ${nearest(name, known)}`);
}

function nearest(name: string, known: readonly string[]): string {
  const common = (other: string): number => {
    let length = 0;
    while (length < name.length && name[length] === other[length]) length += 1;
    return length - Math.abs(name.length - other.length) / 100;
  };
  return known.toSorted((a, b) => common(b) - common(a))[0] ?? '';
}
