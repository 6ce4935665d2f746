/**
 * Which profile an event belongs to, and what that does to the identity plane (identity.md 2.4 and
 * 2.5). Pure: the same identifiers and the same view give the same decision. The event's time and
 * its type play no part. Strong values never meet a second value of their kind; a shared identifier
 * and a hub join nothing.
 */
import { anonymousPid, foundedPid } from './founding.ts';
import { clash, createGroup, loneCandidate, rootCandidate, strongOf } from './group.ts';
import type { Candidate, Group } from './group.ts';
import { keyOf } from './identifier.ts';
import type { Digest, Identifier, IdentifierKey, Pid } from './identifier.ts';
import { shareEntry } from './index-entry.ts';
import { attributeKnown, attributeNew, unchanged, type Attributing } from './plain-cases.ts';
import type { Policy } from './policy.ts';
import { compareCreated } from './profile-record.ts';
import type {
  Attribution,
  Decision,
  IdentityView,
  IndexEntry,
  OwnerAdded,
  ProfileRecord,
  RebindOrder,
  Refusal,
  RefusalReason,
} from './view.ts';

const UNRESOLVED: Decision = { kind: 'unresolved' };
const DEAD: Decision = { kind: 'dead', reason: 'two_values_of_unique_type' };
const NONE: readonly never[] = [];

/** `identifiers` come from `normaliseIdentifiers`: in canonical order, each once. */
export function attribute(
  identifiers: readonly Identifier[],
  view: IdentityView,
  options: Attributing,
): Decision {
  const first = identifiers[0];
  if (first === undefined) return UNRESOLVED;
  if (hasTwoOfUnique(identifiers, options.policy)) return DEAD;
  const known = attributeKnown(identifiers, view) ?? attributeNew(identifiers, view, options);
  if (known !== undefined) return known;
  const live = identifiers.filter((one) => isLive(view.entry(one.digest)));
  const strongest = live[0];
  if (strongest === undefined) return toAnonymous(first, view, options);
  const ambiguous = findAmbiguity(live, view, options.policy);
  if (ambiguous !== undefined) {
    return { ...toAnonymous(strongest, view, options), refused: [ambiguous] };
  }
  return decide({ identifiers, live, view, options });
}

/** Step 2: in canonical order they are neighbours. */
function hasTwoOfUnique(identifiers: readonly Identifier[], policy: Policy): boolean {
  let before: Identifier | undefined;
  for (const one of identifiers) {
    const isSameKind = before?.type === one.type && before.scope === one.scope;
    if (isSameKind && policy.types[one.type].isUnique) return true;
    before = one;
  }
  return false;
}

const isLive = (entry: IndexEntry | undefined): boolean =>
  entry === undefined || entry.mark === 'none';

/** Steps 3 and 4: anon(x) holds nothing, joins nothing, owns nothing. */
function toAnonymous(one: Identifier, view: IdentityView, options: Attributing): Attribution {
  const { pid, founder, epoch } = anonymousPid(one.digest, view, options);
  const create = view.record(pid) === undefined ? { founder, epoch } : undefined;
  return { ...unchanged(pid, NONE), anonymousOf: one.digest, create };
}

/** Step 4: without a strong identifier nothing says which of two shoppers it is. */
function findAmbiguity(
  live: readonly Identifier[],
  view: IdentityView,
  policy: Policy,
): Refusal | undefined {
  if (live.some(({ type }) => policy.types[type].strength === 'strong')) return undefined;
  const roots = new Map<Pid, ProfileRecord>();
  for (const { digest } of live) {
    const root = rootOf(digest, view);
    if (root !== undefined) roots.set(root.pid, root);
  }
  if (roots.size < 2) return undefined;
  const strong = [...roots.values()].flatMap((root) => strongOf(root, policy));
  if (!clash(strong, strong)) return undefined;
  return { reason: 'ambiguous', identifiers: live.map(keyOf), pids: [...roots.keys()] };
}

interface Case {
  readonly identifiers: readonly Identifier[];
  readonly live: readonly Identifier[];
  readonly view: IdentityView;
  readonly options: Attributing;
}

/** What step 5 found; the steps after it only read it. */
interface Joining {
  readonly group: Group;
  readonly fresh: Identifier[];
  readonly rebind: RebindOrder[];
  /** Soft identifiers that met a strong conflict. */
  readonly conflicted: Set<Digest>;
  readonly accepted: Set<Digest>;
  readonly refused: Refusal[];
}

function decide(given: Case): Attribution {
  const { identifiers, view, options } = given;
  const joining = join(given);
  const { group, fresh, rebind, accepted, refused } = joining;
  const roots = group.roots.toSorted((a, b) => compareCreated(a.record, b.record));
  const [oldest, ...younger] = roots;
  const founded = oldest === undefined ? foundedPid(fresh[0], view, options) : undefined;
  const target = founded?.pid ?? oldest?.pid;
  if (target === undefined) throw new Error('attributing an event whose group is empty');
  const shares = share(given, joining, target);
  return {
    kind: 'attributed',
    target,
    anonymousOf: undefined,
    create: founded && { founder: founded.founder, epoch: founded.epoch },
    attach: fresh,
    merge: younger.map(({ pid, by }) => ({ pid, by })),
    rebind: rebind.map((order) => (group.hasRoot(order.root) ? { ...order, root: target } : order)),
    refused,
    nowShared: shares.nowShared,
    nowHub: shares.nowHub,
    ownersAdded: shares.ownersAdded,
    accepted: identifiers.map(({ digest }) => digest).filter((digest) => accepted.has(digest)),
  };
}

/** Step 5: one pass, strongest first; only what violates is left out. */
function join({ identifiers, live, view, options: { policy } }: Case): Joining {
  const group = createGroup(policy);
  const joining: Joining = {
    group,
    fresh: [],
    rebind: [],
    conflicted: new Set(),
    accepted: new Set(),
    refused: [],
  };
  for (const one of live) {
    const root = rootOf(one.digest, view);
    if (root !== undefined && group.hasRoot(root.pid)) joining.accepted.add(one.digest);
    else consider(one, root, joining, { view, policy });
  }
  const hasStrong = live.some(({ type }) => policy.types[type].strength === 'strong');
  if (!hasStrong) return joining;
  // Marked ones come after all roots are known: one that is listed in the group already adds nothing.
  for (const one of identifiers) {
    const entry = view.entry(one.digest);
    if (one.verified && !isLive(entry)) tryRebind(one, joining, { view, policy });
  }
  return joining;
}

interface Ground {
  readonly view: IdentityView;
  readonly policy: Policy;
}

function consider(
  one: Identifier,
  root: ProfileRecord | undefined,
  joining: Joining,
  ground: Ground,
): void {
  const { policy } = ground;
  const { group, fresh, accepted, conflicted } = joining;
  const candidate: Candidate =
    root === undefined ? loneCandidate(one, policy) : rootCandidate(root, policy);
  if (group.clashes(candidate)) {
    if (one.verified && tryRebind(one, joining, ground)) return;
    refuse(joining, 'strong_conflict', one, root);
    if (policy.types[one.type].strength === 'soft') conflicted.add(one.digest);
  } else if (group.fits(candidate)) {
    group.take(candidate, one);
    if (root === undefined) fresh.push(one);
    accepted.add(one.digest);
  } else {
    refuse(joining, 'limit', one, root);
  }
}

/**
 * A soft identifier proven to be the shopper's moves alone, leaving its root behind. Where it does
 * not fit it is treated as if it were not proven: to leave it unmarked with its former owner would
 * let it join that one again.
 */
function tryRebind(one: Identifier, joining: Joining, { view, policy }: Ground): boolean {
  const { group, rebind, accepted } = joining;
  const entry = view.entry(one.digest);
  if (entry === undefined || policy.types[one.type].strength === 'strong') return false;
  const root = view.root(entry.owner);
  if (!group.hasRoot(root.pid)) {
    const alone = loneCandidate(one, policy);
    if (!group.fits(alone)) return false;
    group.take(alone, one);
  }
  rebind.push({ identifier: one, from: entry.owner, root: root.pid });
  accepted.add(one.digest);
  return true;
}

/** One refusal for each reason, with all it kept out. */
function refuse(
  { refused, group }: Joining,
  reason: RefusalReason,
  one: Identifier,
  root: ProfileRecord | undefined,
): void {
  const index = refused.findIndex((refusal) => refusal.reason === reason);
  const before = refused[index];
  const roots = root === undefined ? group.roots : [root, ...group.roots];
  const pids = new Set([...(before?.pids ?? NONE), ...roots.map(({ pid }) => pid)]);
  const identifiers = [...(before?.identifiers ?? NONE), keyOf(one)];
  refused.splice(index < 0 ? refused.length : index, 1, { reason, identifiers, pids: [...pids] });
}

/** Step 7: a target with a strong value becomes an owner of every shared identifier of the event. */
function share(given: Case, { group, conflicted, accepted }: Joining, target: Pid) {
  const { identifiers, view, options } = given;
  const nowShared: IdentifierKey[] = [];
  const nowHub: IdentifierKey[] = [];
  const ownersAdded: OwnerAdded[] = [];
  if (!group.isStrong()) return { nowShared, nowHub, ownersAdded };
  for (const one of identifiers) {
    const entry = view.entry(one.digest);
    const isShared = entry?.mark === 'shared' || conflicted.has(one.digest);
    if (entry === undefined || !isShared || accepted.has(one.digest)) continue;
    const rootAfter = (pid: Pid): Pid => {
      const root = view.record(pid) === undefined ? pid : view.root(pid).pid;
      return group.hasRoot(root) ? target : root;
    };
    const listed = entry.mark === 'none' ? [entry.owner] : entry.owners;
    const merged = listed
      .map((pid) => ({ pid, root: rootAfter(pid) }))
      .filter(({ pid, root }) => pid !== root);
    const { ownersMax } = options.policy.types[one.type];
    const order = { digest: one.digest, owner: target, merged, ownersMax, since: entry.since };
    const { mark } = shareEntry(entry, order);
    if (mark === entry.mark && listed.some((pid) => rootAfter(pid) === target)) continue;
    if (mark !== entry.mark) (mark === 'hub' ? nowHub : nowShared).push(keyOf(one));
    ownersAdded.push({ identifier: keyOf(one), owner: target, merged });
  }
  return { nowShared, nowHub, ownersAdded };
}

function rootOf(digest: Digest, view: IdentityView): ProfileRecord | undefined {
  const entry = view.entry(digest);
  return entry === undefined ? undefined : view.root(entry.owner);
}
