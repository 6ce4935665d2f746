/**
 * Every message that travels on a topic, in domain words. `schemas/<topic>.avsc` has the same
 * records; the codec (runtime) turns one into the other. A message without a wall clock: all its
 * moments come from the log.
 */
import type { Event, JsonObject, Source } from './event.ts';
import type {
  Digest,
  Identifier,
  IdentifierKey,
  IdentifierType,
  Pid,
} from './identity/identifier.ts';
import type { CreatedAt, RefusalReason } from './identity/view.ts';

/** Who waits for `?wait=applied`: the instance that took the request, and its token. */
export interface Wait {
  readonly instance: string;
  readonly token: string;
}

/** raw.*: the body as it came. */
export interface RawEvent {
  readonly kind: 'raw';
  readonly tenant: string;
  readonly source: Source;
  readonly receivedAt: number;
  /** JSON text of one canonical event, as sent. */
  readonly body: string;
  /** What is said of the id, where the body has none. */
  readonly id: string;
  /** The row of an import: its log time is the running maximum of `at` (history clock). */
  readonly history: boolean;
  /** May this event fire triggers? No for imports, unless asked for. */
  readonly triggers: boolean;
  readonly wait: Wait | null;
  /** Why no event could be made of the row it comes from; null: it could, or nobody has tried. */
  readonly unreadable: string | null;
}

/** The place of a message in the log: topic, partition, record offset, index in its envelope. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

/** events: an event that knows its profile. */
export interface StitchedEvent extends Event {
  readonly kind: 'event';
  readonly profile: Pid;
  /** The profile is anon(x): windows count, triggers do not send by default. */
  readonly anonymous: boolean;
  readonly identifiers: readonly StitchedIdentifier[];
  readonly origin: Origin;
  /** Log time of the raw record. */
  readonly logTime: number;
  readonly history: boolean;
  readonly triggers: boolean;
  readonly wait: Wait | null;
  /** Set when an absorbed profile's owner sent it on: the profile it was first addressed to. */
  readonly forwardedFrom: Pid | null;
  readonly hops: number;
}

export interface StitchedIdentifier extends Identifier {
  /** Listed with the profile (false: left out, shared, or hub). */
  readonly accepted: boolean;
}

interface IdentityRecordBase {
  readonly kind: 'identity';
  readonly recordId: string;
  readonly tenant: string;
  readonly eventId: string;
  readonly source: Source;
  /** Event time. */
  readonly effectiveAt: number;
  /** Log time. */
  readonly changedAt: number;
  readonly policy: number;
}

/** events: every change of the identity plane, complete enough to rebuild it. */
export type IdentityRecord = IdentityRecordBase &
  (
    | {
        readonly change: 'created';
        readonly pid: Pid;
        readonly epoch: number;
        readonly founder: string;
        /** Type and scope of the founder; null and '' for anon(x). */
        readonly createdBy: IdentifierType | null;
        readonly createdByScope: string;
        readonly createdAt: CreatedAt;
        readonly anonymousOf: Digest | null;
      }
    | {
        readonly change: 'attached';
        readonly pid: Pid;
        readonly identifiers: readonly IdentifierKey[];
        readonly movedFrom: Pid | null;
      }
    | {
        readonly change: 'merged';
        readonly survivor: Pid;
        readonly absorbed: Pid;
        readonly mergeId: string;
        readonly absorbedBefore: readonly Pid[];
        readonly rule: string;
        /** Of the event that showed it. */
        readonly history: boolean;
        /** Travels on with the transfer: the event counts as applied when its merge is. */
        readonly wait: Wait | null;
      }
    | {
        readonly change: 'refused';
        readonly reason: RefusalReason;
        readonly identifiers: readonly IdentifierKey[];
        readonly pids: readonly Pid[];
        readonly attributedTo: Pid;
        readonly nowShared: readonly IdentifierKey[];
        readonly nowHub: readonly IdentifierKey[];
        readonly ownersAdded: readonly {
          readonly identifier: IdentifierKey;
          readonly owner: Pid;
        }[];
      }
  );

/** events: the clock of the raw partitions one stitcher owns; the same to every partition. */
export interface Marker {
  readonly kind: 'marker';
  /** The least clock of the raw partitions listed. */
  readonly clock: number;
  /** Indices of (raw topic, partition); empty: all. */
  readonly partitions: readonly number[];
  readonly history: boolean;
}

/** events: the whole catalogue, once to every partition, when its hash changed. */
export interface CatalogueMessage {
  readonly kind: 'catalogue';
  readonly hash: string;
  /** JSON of `CatalogueSource` (catalogue/source.ts). */
  readonly text: string;
}

/** events, on the survivor's partition: the state of an absorbed profile. */
export interface Transfer {
  readonly kind: 'transfer';
  readonly tenant: string;
  readonly mergeId: string;
  readonly survivor: Pid;
  readonly origin: Pid;
  /** Encoded profile state. */
  readonly state: Uint8Array;
  readonly hops: number;
  /** Of the merge. */
  readonly history: boolean;
  readonly wait: Wait | null;
}

export type EventsMessage = StitchedEvent | IdentityRecord | Marker | CatalogueMessage | Transfer;

export type TagValue = string | number | boolean | readonly string[];

export interface TagChange {
  readonly name: string;
  readonly old: TagValue | null;
  /** null: the tag left. */
  readonly new: TagValue | null;
  /** Clock tags (`days_since_…`): the moment they count from; the value follows from the clock. */
  readonly anchor: number | null;
}

export interface IdentifierChange {
  readonly type: IdentifierType;
  readonly scope: string;
  readonly digest: Digest;
  readonly value: string;
  readonly validFrom: number;
  readonly validTo: number | null;
}

export type Cause = 'event' | 'time' | 'merge' | 'catalogue';

/** changes: what one message did to a profile. */
export interface Change {
  readonly kind: 'change';
  readonly tenant: string;
  readonly profile: Pid;
  readonly cause: Cause;
  /** Event id, merge id, or catalogue hash; '' for time. */
  readonly causeId: string;
  /** Partition clock. */
  readonly at: number;
  readonly tags: readonly TagChange[];
  readonly identifiers: readonly IdentifierChange[];
}

export type SuppressionReason =
  | 'profile_limit'
  | 'global_limit'
  | 'event_too_old'
  | 'too_late'
  | 'no_consent'
  | 'anonymous'
  | 'suspected_bot'
  | 'quarantined';

/** One step of what to do: a coupon to issue, or a channel to send through. */
export type ActionStep =
  | { readonly coupon: string }
  | {
      readonly channel: string;
      readonly template?: string;
      readonly fallback?: readonly string[];
      readonly with?: JsonObject;
    };

/** actions: every decision, suppressed ones too. */
export interface Action {
  readonly kind: 'action';
  readonly tenant: string;
  readonly id: string;
  readonly trigger: string;
  readonly profile: Pid;
  /** The causing event, or the event that armed the wait; '' where no event causes it. */
  readonly event: string;
  /** What the id derives from, beside tenant and trigger (decisions.md Q2). */
  readonly anchor: string;
  readonly correlation: string | null;
  readonly dueAt: number | null;
  readonly decidedAt: number;
  readonly outcome: 'decided' | 'suppressed';
  readonly reason: SuppressionReason | null;
  readonly steps: readonly ActionStep[];
  /** Where the shopper can be reached: identifiers at the moment of the decision. */
  readonly recipients: readonly { type: IdentifierType; scope: string; value: string }[];
  /** JSON object: what templates may use (event, tags). */
  readonly context: string;
  /** Decided by an import with triggers on: channels are replaced by `log`. */
  readonly history: boolean;
  /** When the causing event was received (latency is measured from here); null for time. */
  readonly receivedAt: number | null;
}

export type DeliveryOutcome =
  | 'issued'
  | 'accepted'
  | 'rejected'
  | 'failed'
  | 'unknown'
  | 'withheld';

/** deliveries: one attempt to carry one step of an action out, with its result. */
export interface Delivery {
  readonly kind: 'delivery';
  readonly tenant: string;
  /** Action id, step number, attempt. */
  readonly id: string;
  readonly action: string;
  readonly trigger: string;
  readonly profile: Pid;
  readonly step: number;
  /** `coupon:<name>` for the issue of a coupon, else the channel. */
  readonly channel: string;
  readonly attempt: number;
  readonly outcome: DeliveryOutcome;
  readonly reason: string | null;
  readonly code: string | null;
  readonly at: number;
  readonly durationMs: number;
}

/** dead_letters: a message that could not be processed, whole, with its reason. */
export interface DeadLetter {
  readonly kind: 'dead_letter';
  readonly tenant: string;
  readonly origin: Origin;
  readonly source: string;
  /** A stable code: `invalid_event`, `two_values_of_unique_type`, `undecodable`, `rule_failed` … */
  readonly code: string;
  readonly reason: string;
  readonly at: number;
  readonly body: Uint8Array;
}

export type Message = RawEvent | EventsMessage | Change | Action | Delivery | DeadLetter;
