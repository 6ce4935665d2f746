/**
 * Reading one shopper from the projections: identity → state → tags as of the partition's clock. It
 * owns nothing and changes nothing; a projection that is not there is said to be so.
 */
import { WeftError } from '../src/errors.ts';
import type { Catalogue } from '../src/domain/catalogue/catalogue.ts';
import type { SentIdentifier } from '../src/domain/event.ts';
import { createBatchView } from '../src/domain/identity/batch-view.ts';
import type { Identifier, IdentityHash, Pid } from '../src/domain/identity/identifier.ts';
import { findProfile } from '../src/domain/identity/lookup.ts';
import { normaliseIdentifiers } from '../src/domain/identity/normalise.ts';
import type { Policy } from '../src/domain/identity/policy.ts';
import { partitionOf, stateKeyOf } from '../src/domain/partitioning.ts';
import { attributesAsObject, consentOf } from '../src/domain/profile/facts.ts';
import { identifiersOf } from '../src/domain/profile/held-identifiers.ts';
import type { ProfileState } from '../src/domain/profile/profile-state.ts';
import { valuesAt } from '../src/domain/tags/evaluate.ts';
import { presentTags, rfmOf } from '../src/domain/tags/present.ts';
import { openTriggers } from '../src/domain/triggers/packed-triggers.ts';
import { toUnits } from '../src/domain/expression.ts';
import { formatMoment } from '../src/domain/moment.ts';
import type { IdentityStore } from '../src/ports/identity-store.ts';
import type { DecisionView, ProfileReader, ProfileView } from '../src/ports/profile-reader.ts';
import type { ProfileStore } from '../src/ports/profile-store.ts';
import type { RecordCodec } from '../src/runtime/codec.ts';

/** Profiles absorbed into one another; the marks are followed no further. */
const HOPS_MAX = 16;

export interface ReaderOptions {
  readonly identity: IdentityStore;
  readonly profiles: ProfileStore;
  readonly codec: RecordCodec<ProfileState>;
  readonly hash: IdentityHash;
  readonly policy: Policy;
  readonly region: string;
  readonly partitions: number;
  readonly catalogue: () => Catalogue;
}

export interface StoredProfile {
  readonly id: Pid;
  readonly state: ProfileState;
  /** Partition clock, or what the state itself was brought up to. */
  readonly now: number;
}

export interface FullReader extends ProfileReader {
  read(tenant: string, pid: Pid): Promise<StoredProfile | undefined>;
  /** The shopper's latest word; undefined: none. */
  consentOf(tenant: string, pid: Pid, channel: string): Promise<boolean | undefined>;
}

export function createProfileReader(options: ReaderOptions): FullReader {
  const read = async (tenant: string, pid: Pid): Promise<StoredProfile | undefined> => {
    let id = pid;
    for (let hops = 0; hops <= HOPS_MAX; hops += 1) {
      const partition = partitionOf(id, options.partitions);
      const standing = await options.profiles.peek(partition);
      if (!standing || standing.horizon !== null) throw rebuilding(partition);
      const [bytes] = await options.profiles.load(partition, [stateKeyOf(tenant, id)]);
      if (!bytes) return undefined;
      await options.codec.learnOf(bytes);
      const state = options.codec.decode(bytes);
      if (!state.forward) return { id, state, now: Math.max(standing.clock, state.clock) };
      id = state.forward.to;
    }
    return undefined;
  };

  const locate = async (tenant: string, sent: SentIdentifier) => {
    const identifier = normaliseOne(options, tenant, sent);
    if (!identifier) return undefined;
    const [resolved] = await options.identity.resolve(tenant, [identifier.digest]);
    const view = createBatchView(options.policy);
    view.load(identifier.digest, resolved ?? { entry: undefined, records: [] });
    const found = findProfile(identifier.digest, view, { tenant, hash: options.hash });
    const stored = found && (await read(tenant, found.pid));
    return stored && { ...stored, ambiguous: found.ambiguous };
  };

  return {
    read,
    async consentOf(tenant, pid, channel) {
      const stored = await read(tenant, pid);
      return stored && consentOf(stored.state.consents, channel);
    },
    async find(tenant, sent) {
      const located = await locate(tenant, sent);
      return located && viewOf(located, options.catalogue());
    },
    async decisions(tenant, sent) {
      const located = await locate(tenant, sent);
      return located && decisionsOf(located.state, options.catalogue());
    },
  };
}

function normaliseOne(
  { region, hash }: ReaderOptions,
  tenant: string,
  sent: SentIdentifier,
): Identifier | undefined {
  return normaliseIdentifiers([sent], { tenant, region, hash }).identifiers[0];
}

function viewOf(
  { id, state, now, ambiguous }: StoredProfile & { readonly ambiguous: boolean },
  { tags: plan }: Catalogue,
): ProfileView {
  const values = valuesAt(plan, state.aggregates, now);
  const { recencyDays, frequency, monetary } = rfmOf(plan, values, now);
  return {
    id,
    identifiers: identifiersOf(state.identifiers).map(
      ({ type, scope, value, firstSeen, lastSeen }) => ({
        type,
        ...(scope === '' ? {} : { scope }),
        value,
        firstSeen: formatMoment(firstSeen),
        lastSeen: formatMoment(lastSeen),
      }),
    ),
    tags: presentTags(plan, values, now),
    rfm: { recencyDays, frequency, monetary: toUnits(monetary) },
    segments: [],
    attributes: attributesAsObject(state.attributes),
    asOf: formatMoment(now),
    ...(ambiguous ? { ambiguous: true as const } : {}),
  };
}

function decisionsOf(state: ProfileState, { triggers }: Catalogue): readonly DecisionView[] {
  return openTriggers(state.triggers)
    .records.toReversed()
    .map((record) => ({
      id: record.action,
      trigger: triggers.byHash.get(record.trigger)?.name ?? '(removed)',
      decidedAt: formatMoment(record.at),
      outcome: record.reason === null ? 'decided' : 'suppressed',
      ...(record.reason === null ? {} : { reason: record.reason }),
    }));
}

const rebuilding = (partition: number): WeftError =>
  new WeftError('projection_rebuilding', `profiles of partition ${partition} are being rebuilt`);
