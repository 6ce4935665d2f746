/**
 * What a profile keeps of its events, as it is kept: packed, as there are millions of them and every
 * event reads one. `open-aggregates.ts` unfolds it and writes over it; the same
 * events make the same bytes, in whatever order they came. `schemas/aggregates.avsc` writes this.
 */
export interface Aggregates {
  packed: Uint8Array;
}

/** Shared by all that are empty: nobody writes into it. */
const NOTHING = new Uint8Array();

export const emptyAggregates = (): Aggregates => ({ packed: NOTHING });

export const isEmpty = ({ packed }: Aggregates): boolean => packed.length === 0;
