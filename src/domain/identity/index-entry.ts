/**
 * What may become of an index entry: claimed once, marked as shared or hub and never unmarked
 * except by a verified rebind (identity.md 2.5). Pure; a step repeated changes nothing.
 */
import type { Digest, Pid } from './identifier.ts';
import type { IndexEntry } from './view.ts';

export interface Share {
  readonly digest: Digest;
  /** The root that becomes an owner. */
  readonly owner: Pid;
  /**
   * What the caller knows of owners already listed: which root absorbed them. They count as that
   * root, so owners that became one are one. Empty is right too, and counts more.
   */
  readonly merged: readonly { readonly pid: Pid; readonly root: Pid }[];
  /** More owners than this make a hub. */
  readonly ownersMax: number;
  readonly since: number;
}

export interface Rebind {
  readonly digest: Digest;
  /** The pid the entry names now, absorbed or not. */
  readonly from: Pid;
  readonly to: Pid;
  readonly since: number;
}

/** The entry as it is from now on; the very same object when nothing changed. */
export function shareEntry(entry: IndexEntry, share: Share): IndexEntry {
  if (entry.mark === 'hub') return entry;
  const rootOf = (pid: Pid) => share.merged.find((one) => one.pid === pid)?.root ?? pid;
  const listed = entry.mark === 'none' ? [entry.owner] : entry.owners;
  const owners = [...new Set([...listed.map(rootOf), share.owner])];
  if (owners.length > share.ownersMax) {
    return { ...entry, mark: 'hub', owners: [], since: share.since };
  }
  if (entry.mark === 'none') return { ...entry, mark: 'shared', owners, since: share.since };
  return equal(owners, entry.owners) ? entry : { ...entry, owners };
}

/** undefined: the owner is neither `from` nor, by an earlier call, `to`. */
export function rebindEntry(entry: IndexEntry, rebind: Rebind): IndexEntry | undefined {
  const { from, to, since } = rebind;
  if (entry.owner === to && (from !== to || entry.mark === 'none')) return entry;
  if (entry.owner !== from) return undefined;
  return { digest: entry.digest, owner: to, mark: 'none', owners: [], since };
}

function equal(a: readonly Pid[], b: readonly Pid[]): boolean {
  return a.length === b.length && a.every((pid, index) => pid === b[index]);
}
