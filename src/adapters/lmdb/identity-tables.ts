/**
 * The tables of the identity plane, and what a session has changed but not written. Tenants are
 * numbered in the order they are first written, so that keys stay short.
 */
import type { Database } from 'lmdb';
import type { Digest, Pid } from '../../domain/identity/identifier.ts';
import type { IndexEntry, ProfileRecord } from '../../domain/identity/view.ts';
import type { Environment } from './environment.ts';
import { createRecentMap } from '../../domain/recent-map.ts';
import {
  DIGEST_BYTES,
  PID_BYTES,
  createKeys,
  decodeEntry,
  decodeRecord,
  encodeEntry,
  encodeRecord,
} from './identity-codec.ts';

export interface IdentityTables {
  begin(): IdentityOverlay;
  /** Durable when it returns. Every overlay begun before is stale. */
  clear(): void;
}

export interface IdentityOverlay {
  entry(tenant: string, digest: Digest): IndexEntry | undefined;
  record(tenant: string, pid: Pid): ProfileRecord | undefined;
  putEntry(tenant: string, entry: IndexEntry): void;
  putRecord(tenant: string, record: ProfileRecord): void;
  /** Another overlay was written since this one began. */
  isStale(): boolean;
  /** Inside a transaction: everything that was put. An open fence is a mistake. */
  write(): void;
  /** The transaction is durable; or it never was. */
  settle(): void;
  undo(): void;
}

interface Changes {
  /** The tenant's. */
  readonly number: number;
  readonly entries: Map<Digest, IndexEntry>;
  readonly records: Map<Pid, ProfileRecord>;
}

type Table = Database<Buffer, Uint8Array>;

/** Decoded, of what is on disk: about 300 and 700 bytes each. */
const ENTRIES_CACHED_MAX = 40_000;
const RECORDS_CACHED_MAX = 20_000;

export function openIdentityTables(environment: Environment): IdentityTables {
  const entries = openCached(environment, 'identity.entries', {
    cachedMax: ENTRIES_CACHED_MAX,
    keyOf: createKeys(DIGEST_BYTES),
    encode: encodeEntry,
    decode: decodeEntry,
  });
  const records = openCached(environment, 'identity.records', {
    cachedMax: RECORDS_CACHED_MAX,
    keyOf: createKeys(PID_BYTES),
    encode: encodeRecord,
    decode: decodeRecord,
  });
  const tenants = openTenants(environment);
  let version = 0;

  const begin = (): IdentityOverlay => {
    const begunAt = version;
    const changes = new Map<string, Changes>();
    let bumped = 0;
    const changesOf = (tenant: string): Changes => {
      const known = changes.get(tenant);
      if (known) return known;
      const number = tenants.register(tenant);
      const made = { number, entries: new Map(), records: new Map() };
      changes.set(tenant, made);
      return made;
    };
    return {
      entry(tenant, digest) {
        const changed = changes.get(tenant)?.entries.get(digest);
        return changed ?? entries.get(tenants.numberOf(tenant), digest);
      },
      record(tenant, pid) {
        const changed = changes.get(tenant)?.records.get(pid);
        return changed ?? records.get(tenants.numberOf(tenant), pid);
      },
      putEntry: (tenant, entry) => void changesOf(tenant).entries.set(entry.digest, entry),
      putRecord: (tenant, record) => void changesOf(tenant).records.set(record.pid, record),
      isStale: () => begunAt !== version,
      write() {
        // Here and not in `settle`: who shares the transaction sees what this one wrote.
        bumped = changes.size > 0 ? 1 : 0;
        version += bumped;
        for (const { number, ...changed } of changes.values()) {
          for (const entry of changed.entries.values()) entries.write(number, entry.digest, entry);
          for (const record of changed.records.values()) {
            if (record.fence) throw new Error(`profile ${record.pid} is left behind an open fence`);
            records.write(number, record.pid, record);
          }
        }
      },
      undo() {
        version -= bumped;
        bumped = 0;
      },
      settle() {
        for (const { number, ...changed } of changes.values()) {
          for (const entry of changed.entries.values()) entries.cache(number, entry.digest, entry);
          for (const record of changed.records.values()) records.cache(number, record.pid, record);
        }
      },
    };
  };

  return {
    begin,
    clear() {
      environment.write(() => {
        entries.clear();
        records.clear();
      });
      version += 1;
    },
  };
}

interface CachedTable<V> {
  get(tenant: number | undefined, id: string): V | undefined;
  /** Inside a transaction. */
  write(tenant: number, id: string, value: V): void;
  /** What is on disk now. */
  cache(tenant: number, id: string, value: V): void;
  clear(): void;
}

interface CachedTableOptions<V> {
  readonly cachedMax: number;
  readonly keyOf: (tenant: number, id: string) => Buffer;
  readonly encode: (value: V) => Buffer;
  readonly decode: (id: string, bytes: Buffer) => V;
}

function openCached<V>(
  environment: Environment,
  name: string,
  { cachedMax, keyOf, encode, decode }: CachedTableOptions<V>,
): CachedTable<V> {
  const table: Table = environment.openTable(name);
  // null: not on disk. A new identifier is looked for several times before it is written.
  const cached = createRecentMap<string, V | null>(cachedMax);
  return {
    get(tenant, id) {
      if (tenant === undefined) return undefined;
      const key = cacheKey(tenant, id);
      const known = cached.get(key);
      if (known !== undefined) return known ?? undefined;
      const bytes = table.getBinaryFast(keyOf(tenant, id));
      const value = bytes === undefined ? null : decode(id, bytes);
      cached.set(key, value);
      return value ?? undefined;
    },
    write: (tenant, id, value) => table.putSync(keyOf(tenant, id), encode(value)),
    cache: (tenant, id, value) => cached.set(cacheKey(tenant, id), value),
    clear() {
      table.clearSync();
      cached.clear();
    },
  };
}

const cacheKey = (tenant: number, id: string): string => (tenant === 0 ? id : `${tenant}/${id}`);

interface Tenants {
  numberOf(tenant: string): number | undefined;
  /** The number there is, or a new one, durable when this returns. */
  register(tenant: string): number;
}

function openTenants(environment: Environment): Tenants {
  const table = environment.openTable<number, string>('identity.tenants', {
    encoding: 'json',
    keyEncoding: 'ordered-binary',
  });
  const known = new Map<string, number>();
  for (const { key, value } of table.getRange({})) known.set(key, value);
  return {
    numberOf: (tenant) => known.get(tenant),
    register(tenant) {
      const number = known.get(tenant) ?? known.size;
      if (known.has(tenant)) return number;
      environment.write(() => table.putSync(tenant, number));
      known.set(tenant, number);
      return number;
    },
  };
}
