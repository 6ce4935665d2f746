/**
 * Reading one shopper, without owning anything: identity, state and clock straight from the stores,
 * time-dependent values evaluated at the partition's clock.
 */
import type { Json, SentIdentifier } from '../domain/event.ts';
import type { IdentifierType, Pid } from '../domain/identity/identifier.ts';

export interface ProfileView {
  readonly id: Pid;
  readonly identifiers: readonly {
    readonly type: IdentifierType;
    readonly scope?: string;
    readonly value: string;
    /** ISO 8601. */
    readonly firstSeen: string;
    readonly lastSeen: string;
  }[];
  /** As the edge shows them: money in currency units, moments as ISO 8601. */
  readonly tags: Readonly<Record<string, Json>>;
  readonly rfm: {
    readonly recencyDays: number | null;
    readonly frequency: number;
    /** Currency units. */
    readonly monetary: number;
  } | null;
  readonly segments: readonly string[];
  readonly attributes: Readonly<Record<string, Json>>;
  /** ISO 8601: the partition clock. */
  readonly asOf: string;
  /** The identifier is shared: this is the profile of what came with it alone. */
  readonly ambiguous?: true;
}

export interface DecisionView {
  /** The action's id: `weft.actions` has its cause. */
  readonly id: string;
  readonly trigger: string;
  /** ISO 8601. */
  readonly decidedAt: string;
  readonly outcome: 'decided' | 'suppressed';
  readonly reason?: string;
}

export interface ProfileReader {
  /**
   * undefined: nobody (unknown, dropped or unclaimed identifier, or no event yet). A projection that
   * is not there is `projection_rebuilding`, never an empty profile.
   */
  find(tenant: string, identifier: SentIdentifier): Promise<ProfileView | undefined>;
  /** The latest decisions about this shopper, newest first, suppressed ones with their reason. */
  decisions(
    tenant: string,
    identifier: SentIdentifier,
  ): Promise<readonly DecisionView[] | undefined>;
}
