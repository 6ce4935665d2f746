/** All profiles a shopper was: the one that is left and every one that became one with it. */
import type { Pid } from '../src/domain/identity/identifier.ts';
import type { IdentityStore } from '../src/ports/identity-store.ts';

/** Whichever of them is asked for; identity knows of a merge before profiles do. */
export async function profilesOf(
  identity: Pick<IdentityStore, 'record'>,
  tenant: string,
  pid: Pid,
): Promise<readonly Pid[]> {
  const followed = new Set([pid]);
  let record = await identity.record(tenant, pid);
  while (record?.parent && !followed.has(record.parent)) {
    followed.add(record.parent);
    record = await identity.record(tenant, record.parent);
  }
  return [...new Set([...followed, ...(record?.absorbed ?? [])])];
}
