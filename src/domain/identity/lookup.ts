/**
 * Reading by an identifier answers the question "where would an event with only this one go?"
 * (identity.md 2.6).
 */
import { anonymousPid } from './founding.ts';
import type { Founding } from './founding.ts';
import type { Digest, Pid } from './identifier.ts';
import type { IdentityView } from './view.ts';

export interface Found {
  readonly pid: Pid;
  /** A shared identifier or a hub: this is anon(x), which exists only if it has an event. */
  readonly ambiguous: boolean;
}

/** undefined: nobody has claimed it. */
export function findProfile(
  digest: Digest,
  view: IdentityView,
  options: Founding,
): Found | undefined {
  const entry = view.entry(digest);
  if (entry === undefined) return undefined;
  if (entry.mark === 'none') return { pid: view.root(entry.owner).pid, ambiguous: false };
  return { pid: anonymousPid(digest, view, options).pid, ambiguous: true };
}
