/**
 * Writes what was decided of one event into the identity plane, call by call, in the order that stays
 * right whoever else is writing: create, absorb (fence, absorb, finish), attach and claim, rebind,
 * share. Where the plane has moved on meanwhile the answer is `again`: look and decide anew.
 */
import { keyOf, type Pid } from '../src/domain/identity/identifier.ts';
import type { Policy } from '../src/domain/identity/policy.ts';
import type { NewProfile, ProfileLimits } from '../src/domain/identity/profile-record.ts';
import type { Attribution, CreatedAt, RebindOrder } from '../src/domain/identity/view.ts';
import type { IdentitySession } from '../src/ports/identity-store.ts';

export interface Writing {
  readonly tenant: string;
  readonly decision: Attribution;
  readonly createdAt: CreatedAt;
  readonly policy: Policy;
  /** What the policy allows a profile (`profileLimits`). */
  readonly limits: ProfileLimits;
  /** Epoch of the target, where it is there already. */
  readonly targetEpoch: number;
  /** A fence token nobody ever used. */
  readonly newToken: () => string;
}

/** `created`: the target was not there before. */
export type Written =
  | { readonly kind: 'written'; readonly created: boolean }
  | { readonly kind: 'again' };

const AGAIN: Written = { kind: 'again' };

export const writesNothing = (decision: Attribution): boolean =>
  decision.create === undefined &&
  decision.attach.length +
    decision.merge.length +
    decision.rebind.length +
    decision.ownersAdded.length ===
    0;

export async function writeDecision(session: IdentitySession, writing: Writing): Promise<Written> {
  const { decision, tenant } = writing;
  const created = newProfileOf(writing);
  const ensured = created ? await session.ensure(tenant, created) : 'exists';
  if (ensured === 'collision') return AGAIN;
  for (const { pid } of decision.merge) {
    if (!(await absorb(session, writing, pid))) return AGAIN;
  }
  if (!(await attach(session, writing, ensured === 'created'))) return AGAIN;
  for (const order of decision.rebind) {
    if (!(await rebind(session, writing, order))) return AGAIN;
  }
  const since = writing.createdAt.logTime;
  for (const { identifier, owner, merged } of decision.ownersAdded) {
    const { ownersMax } = writing.policy.types[identifier.type];
    const share = { digest: identifier.digest, owner, merged, ownersMax, since };
    await session.share(tenant, share);
  }
  return { kind: 'written', created: ensured === 'created' };
}

function newProfileOf({ decision, createdAt }: Writing): NewProfile | undefined {
  if (!decision.create) return undefined;
  const { founder, epoch } = decision.create;
  const identifiers = decision.attach.map(keyOf);
  return { pid: decision.target, createdAt, founder, epoch, identifiers };
}

/** Only the younger root is ever fenced; nothing is written to it until the fence ends. */
async function absorb(session: IdentitySession, writing: Writing, pid: Pid): Promise<boolean> {
  const { tenant, decision, createdAt, limits } = writing;
  const token = writing.newToken();
  const since = createdAt.logTime;
  const fence = { kind: 'merge', token, into: decision.target, since } as const;
  if ((await session.fence(tenant, pid, fence)).kind !== 'ok') return false;
  const sealed = await session.record(tenant, pid);
  const answer = sealed && (await session.absorb(tenant, decision.target, sealed, limits));
  if (answer?.kind !== 'ok') {
    await session.unfence(tenant, pid, token);
    return false;
  }
  await session.finish(tenant, pid, decision.target, token);
  return true;
}

/**
 * Listed first, claimed second; a claim that went elsewhere takes its listing back. A record that
 * was just created has its listings from birth.
 */
async function attach(
  session: IdentitySession,
  writing: Writing,
  isListed: boolean,
): Promise<boolean> {
  const { tenant, decision, limits, targetEpoch } = writing;
  const { target } = decision;
  if (!isListed && decision.attach.length > 0) {
    const keys = decision.attach.map(keyOf);
    const answer = await session.attach(tenant, target, targetEpoch, keys, limits);
    if (answer.kind !== 'ok') return false;
  }
  let isOurs = true;
  for (const { digest } of decision.attach) {
    const owner = await session.claim(tenant, digest, target);
    if (owner === target) continue;
    isOurs = false;
    await session.detach(tenant, target, digest);
  }
  return isOurs;
}

async function rebind(
  session: IdentitySession,
  writing: Writing,
  { identifier, from, root }: RebindOrder,
): Promise<boolean> {
  const { tenant, decision, limits, targetEpoch, createdAt } = writing;
  const { target } = decision;
  const key = keyOf(identifier);
  const listed = await session.attach(tenant, target, targetEpoch, [key], limits);
  if (listed.kind !== 'ok') return false;
  const { digest } = key;
  const order = { digest, from, to: target, since: createdAt.logTime };
  if (!(await session.rebind(tenant, order))) return false;
  if (root !== target) await session.detach(tenant, root, digest);
  return true;
}
