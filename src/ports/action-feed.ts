/** The latest decisions of the whole installation, newest first, from the log itself. */
import type { Action } from '../domain/message.ts';

export interface ActionQuery {
  readonly tenant: string;
  readonly limit: number;
  /** Opaque; what the last page answered. */
  readonly cursor?: string;
  readonly trigger?: string;
  readonly profile?: string;
  readonly outcome?: Action['outcome'];
}

export interface ActionPage {
  readonly items: readonly Action[];
  readonly nextCursor: string | null;
}

export interface ActionFeed {
  /** Kept in memory, at least the last 10,000; what is older is in ClickHouse. */
  latest(query: ActionQuery): Promise<ActionPage>;
}
