/**
 * Which pid a new profile gets. It derives from the founding identifier alone, so every worker and
 * every replay finds the same; anon(x) has a label of its own, so it never equals a profile that x
 * founded.
 */
import type { Digest, Identifier, IdentityHash, Pid } from './identifier.ts';
import type { IdentityView } from './view.ts';

export interface Founding {
  readonly tenant: string;
  readonly hash: Pick<IdentityHash, 'pid'>;
}

export interface Founded {
  readonly pid: Pid;
  readonly founder: string;
  readonly epoch: number;
}

/** Pids have 64 bits: a second collision in a row is already a broken hash. */
const EPOCHS_MAX = 32;

/**
 * Epochs count up past pids that others hold, and past a profile of this founder that was absorbed.
 * One that is still a root is meant: its creation was interrupted before the founder was claimed.
 */
export function foundedPid(
  founder: Identifier | undefined,
  view: IdentityView,
  options: Founding,
): Founded | undefined {
  return founder === undefined ? undefined : firstFree(founder.digest, view, options);
}

export const anonymousPid = (digest: Digest, view: IdentityView, options: Founding): Founded =>
  firstFree(`anon:${digest}`, view, options);

function firstFree(founder: string, view: IdentityView, { tenant, hash }: Founding): Founded {
  for (let epoch = 0; epoch < EPOCHS_MAX; epoch++) {
    const pid = hash.pid(tenant, founder, epoch);
    const record = view.record(pid);
    const isFree = record === undefined || (record.founder === founder && record.parent === null);
    if (isFree) return { pid, founder, epoch };
  }
  throw new Error(`founding a profile: ${EPOCHS_MAX} pids in a row are taken; is the hash keyed?`);
}
