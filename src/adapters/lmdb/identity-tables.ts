/**
 * The tables of the identity plane, and what a session has changed but not written. Tenants are
 * numbered in the order they are first written, so that keys stay short.
 */
import type { Database } from 'lmdb';
import type { Digest, Pid } from '../../domain/identity/identifier.ts';
import type { IndexEntry, ProfileRecord } from '../../domain/identity/view.ts';
import type { Environment } from './environment.ts';
import { createIdentityCodec, decodeEntry, decodeRecord } from './identity-codec.ts';

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
  /** The transaction is durable. */
  settle(): void;
}

interface Changes {
  /** The tenant's. */
  readonly number: number;
  readonly entries: Map<Digest, IndexEntry>;
  readonly records: Map<Pid, ProfileRecord>;
}

type Table = Database<Buffer, Uint8Array>;

export function openIdentityTables(environment: Environment): IdentityTables {
  const entries: Table = environment.openTable('identity-entries');
  const records: Table = environment.openTable('identity-records');
  const tenants = openTenants(environment);
  const codec = createIdentityCodec();
  let version = 0;

  const begin = (): IdentityOverlay => {
    const begunAt = version;
    const changes = new Map<string, Changes>();
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
        if (changed) return changed;
        const number = tenants.numberOf(tenant);
        if (number === undefined) return undefined;
        const bytes = entries.getBinaryFast(codec.entryKey(number, digest));
        return bytes && decodeEntry(digest, bytes);
      },
      record(tenant, pid) {
        const changed = changes.get(tenant)?.records.get(pid);
        if (changed) return changed;
        const number = tenants.numberOf(tenant);
        if (number === undefined) return undefined;
        const bytes = records.getBinaryFast(codec.recordKey(number, pid));
        return bytes && decodeRecord(pid, bytes);
      },
      putEntry: (tenant, entry) => void changesOf(tenant).entries.set(entry.digest, entry),
      putRecord: (tenant, record) => void changesOf(tenant).records.set(record.pid, record),
      isStale: () => begunAt !== version,
      write() {
        for (const { number, ...changed } of changes.values()) {
          for (const [digest, entry] of changed.entries) {
            entries.putSync(codec.entryKey(number, digest), codec.encodeEntry(entry));
          }
          for (const [pid, record] of changed.records) {
            if (record.fence) throw new Error(`profile ${pid} is left behind an open fence`);
            records.putSync(codec.recordKey(number, pid), codec.encodeRecord(record));
          }
        }
      },
      settle() {
        if (changes.size > 0) version += 1;
      },
    };
  };

  return {
    begin,
    clear() {
      environment.write(() => {
        entries.clearSync();
        records.clearSync();
      });
      version += 1;
    },
  };
}

interface Tenants {
  numberOf(tenant: string): number | undefined;
  /** The number there is, or a new one, durable when this returns. */
  register(tenant: string): number;
}

function openTenants(environment: Environment): Tenants {
  const table = environment.openTable<number, string>('identity-tenants', {
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
