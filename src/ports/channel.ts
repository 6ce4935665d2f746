/**
 * What carries an action out. A channel never throws for what a gateway does: every end is an answer.
 */
import type { JsonObject } from '../domain/event.ts';

export interface Outgoing {
  /** Action id and step: the same on every attempt, the receiver's idempotency key. */
  readonly id: string;
  readonly attempt: number;
  readonly tenant: string;
  readonly trigger: string;
  readonly profile: string;
  /** ms UTC of this attempt. */
  readonly at: number;
  readonly recipients: readonly {
    readonly type: string;
    readonly scope: string;
    readonly value: string;
  }[];
  /** What to say: already rendered, escaped for this channel by the channel itself. */
  readonly content: JsonObject;
}

/** The most of a gateway's own words that is kept. */
export const GATEWAY_TEXT_BYTES_MAX = 1024;

interface Answered {
  /** How the gateway's answer began. Hostile text, may hold personal data: never logged. */
  readonly gatewayText?: string;
}

/** Reasons are short codes of ours (`timeout`, `http_500`, `gone`), never a gateway's words. */
export type DeliveryAnswer =
  | ({ readonly kind: 'accepted'; readonly receipt?: string } & Answered)
  /**
   * `permanent`: trying this again cannot help. `retryAfterMs`: the gateway said when. `gone`: the
   * gateway asks never to be called again.
   */
  | ({
      readonly kind: 'rejected';
      readonly reason: string;
      readonly permanent: boolean;
      readonly retryAfterMs?: number;
    } & Answered)
  /** It may have arrived. Keyed channels are tried again under the same id, keyless ones never. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Channel {
  readonly name: string;
  /** Does the receiver honour `Outgoing.id` as an idempotency key? */
  readonly keyed: boolean;
  /** Waits between attempts, ms; its length + 1 is the number of attempts. */
  readonly retryDelaysMs: readonly number[];
  deliver(outgoing: Outgoing): Promise<DeliveryAnswer>;
  /** Lets what is under way end, then lets go of sockets and files. Again: nothing happens. */
  close(): Promise<void>;
}
