/**
 * Digests and pids over Node's own crypto. Keys are derived from one key of the installation, for
 * each tenant and each purpose another, so that no digest can be looked up without it and none means
 * anything to another tenant. Losing the key means losing every identifier's way to its profile.
 */
import { createHmac, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { IDENTIFIER_TYPES } from '../../domain/identity/identifier.ts';
import type {
  Digest,
  IdentifierType,
  IdentityHash,
  Pid,
} from '../../domain/identity/identifier.ts';
import { createRecentMap } from '../../domain/recent-map.ts';
import type { RecentMap } from '../../domain/recent-map.ts';
import { WeftError } from '../../errors.ts';
import { createShortHmac, type ShortHmac } from './short-hmac.ts';

export interface IdentityHashOptions {
  /** At least 32 random bytes (`loadInstallationKey`, or a setting). Never logged. */
  readonly key: Uint8Array;
  /** Digests remembered of each type: a shopper's identifiers come again and again. */
  readonly digestsCachedMax?: number;
}

/** Found by its value alone: a key of all four texts would be put together for every look. */
interface KnownDigest {
  readonly tenant: string;
  readonly scope: string;
  readonly digest: Digest;
}

interface TenantHashes {
  readonly digest: ShortHmac;
  readonly pid: ShortHmac;
}

const KEY_BYTES = 32;
const KEY_FILE = 'identity.key';
const DIGEST_BYTES = 12;
const PID_HASH_BYTES = 8;
const ANONYMOUS = 'anon:';
const SEPARATOR = '\u001f';
/** About 200 bytes each; a shopper has identifiers of two or three types. */
const DIGESTS_CACHED_MAX = 20_000;
const TENANTS_CACHED_MAX = 1_000;

export function createIdentityHash(options: IdentityHashOptions): IdentityHash {
  if (options.key.length < KEY_BYTES) {
    throw new WeftError('invalid_settings', `the identity key is shorter than ${KEY_BYTES} bytes`);
  }
  const tenants = createRecentMap<string, TenantHashes>(TENANTS_CACHED_MAX);
  const known = openKnownDigests(options.digestsCachedMax ?? DIGESTS_CACHED_MAX);
  const hashesOf = (tenant: string): TenantHashes => {
    const made = tenants.get(tenant);
    if (made) return made;
    const hashes = {
      digest: createShortHmac(deriveKey(options.key, 'digest', tenant)),
      pid: createShortHmac(deriveKey(options.key, 'pid', tenant)),
    };
    tenants.set(tenant, hashes);
    return hashes;
  };
  return {
    digest(tenant, type, scope, value) {
      const last = known[type].get(value);
      if (last !== undefined && last.scope === scope && last.tenant === tenant) return last.digest;
      const text = `${type}${SEPARATOR}${scope}${SEPARATOR}${value}`;
      const digest = hashesOf(tenant).digest(text, DIGEST_BYTES);
      known[type].set(value, { tenant, scope, digest });
      return digest;
    },
    pid: (tenant, founder, epoch) => pidOf(hashesOf(tenant).pid, founder, epoch),
  } satisfies IdentityHash;
}

type KnownDigests = Readonly<Record<IdentifierType, RecentMap<string, KnownDigest>>>;

const openKnownDigests = (entriesMax: number): KnownDigests =>
  Object.fromEntries(
    IDENTIFIER_TYPES.map((type) => [type, createRecentMap<string, KnownDigest>(entriesMax)]),
  ) as Record<IdentifierType, RecentMap<string, KnownDigest>>;

/** The shard is the founder's, so that a profile lies beside the identifier that founded it. */
function pidOf(hmac: ShortHmac, founder: string, epoch: number): Pid {
  const digest = founder.startsWith(ANONYMOUS) ? founder.slice(ANONYMOUS.length) : founder;
  const shard = digest.slice(0, 2).padStart(4, '0');
  return shard + hmac(`${founder}${SEPARATOR}${epoch}`, PID_HASH_BYTES);
}

/**
 * The key of this data directory: 32 bytes in a file only its owner may read. A missing one is made
 * only where `mayMake` says that there is no data yet: under a new key no identifier would find its
 * profile.
 */
export function loadInstallationKey(
  dir: string,
  { mayMake }: { readonly mayMake: boolean },
): Uint8Array {
  const path = join(dir, KEY_FILE);
  const key = readKey(path) ?? (mayMake ? makeKey(dir, path) : new Uint8Array());
  if (key.length !== KEY_BYTES) {
    throw new WeftError(
      'corrupt_data',
      `reading ${path}: ${key.length} bytes instead of ${KEY_BYTES}; restore it from a backup, ` +
        'for without the key it had no identifier finds its profile',
    );
  }
  return key;
}

function readKey(path: string): Buffer | undefined {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if ((mode & 0o077) !== 0) {
    throw new WeftError(
      'invalid_settings',
      `reading ${path}: others than its owner may open it; chmod 600 it, and think about who has`,
    );
  }
  return readFileSync(path);
}

/** Appears whole or not at all, and never in place of another. */
function makeKey(dir: string, path: string): Buffer {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES);
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  const file = openSync(aside, 'wx', 0o600);
  try {
    writeSync(file, key);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
  syncDirectory(dir);
  return key;
}

function syncDirectory(dir: string): void {
  const directory = openSync(dir, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const deriveKey = (key: Uint8Array, purpose: string, tenant: string): Buffer =>
  createHmac('sha256', key).update(`weft ${purpose}${SEPARATOR}${tenant}`).digest();
