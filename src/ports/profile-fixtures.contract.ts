/** What the clauses about the state plane are written with: short commits, a caller that retries. */
import { expect, onTestFinished } from 'vitest';
import type { NewRecord } from './event-log.ts';
import type { CommitAnswer, OutboxRow, Position } from './outbox.ts';
import type { PartitionClaim, PartitionCommit, ProfileStore, StateWrite } from './profile-store.ts';
import { retrying } from './retrying.contract.ts';

export interface OpenedProfileStore {
  readonly store: ProfileStore;
  /** What the store itself has put into the log so far, oldest first. */
  logged(): Promise<readonly Pick<NewRecord, 'topic' | 'partition' | 'value'>[]>;
  /** Closes the store and opens it again. */
  reopen?(): Promise<OpenedProfileStore>;
  close(): Promise<void>;
}

export interface ProfileStoreHarness {
  open(partitions: number): Promise<OpenedProfileStore>;
  /** It outlives the process: `reopen`. */
  readonly lasts: boolean;
}

export const PARTITIONS = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (value: Uint8Array | null | undefined): string | undefined =>
  value ? decoder.decode(value) : undefined;

export const at = (offset: number, index = 0): Position => ({ offset, index });

/** A write whose key is due at `due`, before and after. */
export const state = (
  key: string,
  value: string | null,
  due: readonly [before: number | null, after: number | null] = [null, null],
): StateWrite => ({
  key,
  value: value === null ? null : bytesOf(value),
  dueBefore: due[0],
  dueAfter: due[1],
});

export const output = (text: string, partition = 0): NewRecord => ({
  topic: 'actions',
  partition,
  schema: 3,
  value: bytesOf(text),
});

export type Work = Partial<Pick<PartitionCommit, 'clock' | 'notes' | 'states' | 'outputs'>>;

/** The commit of whoever holds this claim, from where it stands. */
export const commitOf = (
  partition: number,
  { epoch, position }: Pick<PartitionClaim, 'epoch' | 'position'>,
  to: Position,
  work: Work = {},
): PartitionCommit => ({
  partition,
  epoch,
  from: position,
  to,
  clock: 0,
  states: [],
  outputs: [],
  ...work,
});

export async function openStore(harness: ProfileStoreHarness) {
  const opened = await harness.open(PARTITIONS);
  onTestFinished(() => opened.close());
  return { ...opened, ...describeStore(opened) };
}

export function describeStore({ store, logged }: OpenedProfileStore) {
  /**
   * What a caller makes of the answers: `moved` to a commit's own end means that the reply to an
   * earlier try was lost.
   */
  const commit = async (
    ...commits: readonly PartitionCommit[]
  ): Promise<readonly CommitAnswer[]> => {
    const answers = await retrying(() => store.commit(commits));
    return Promise.all(
      answers.map(async (answer, i): Promise<CommitAnswer> => {
        const { partition = 0, to = at(0) } = commits[i] ?? {};
        if (answer.kind !== 'moved' || !isSame(answer.position, to)) return answer;
        return { kind: 'committed', unpublished: await unpublished(partition) };
      }),
    );
  };
  const unpublished = (partition: number): Promise<readonly OutboxRow[]> =>
    retrying(() => store.unpublished(partition));
  /** Outputs that are in the log, then those that wait to be. */
  const outputs = async (partition: number): Promise<readonly (string | undefined)[]> => {
    const there = (await logged()).filter((record) => record.partition === partition);
    const waiting = (await unpublished(partition)).map(({ record }) => record);
    return [...there, ...waiting].map(({ value }) => textOf(value));
  };
  const load = async (partition: number, ...keys: readonly string[]) =>
    (await retrying(() => store.load(partition, keys))).map(textOf);
  const due = async (partition: number, until: number, limit = 1_000) =>
    (await retrying(() => store.dueTimers(partition, until, limit))).map(
      ({ key, dueAt }) => `${key} at ${dueAt}`,
    );
  const scan = async (partition: number): Promise<Record<string, string | undefined>> => {
    const found: [string, string | undefined][] = [];
    for await (const [key, value] of store.scan(partition)) found.push([key, textOf(value)]);
    expect(new Set(found.map(([key]) => key)).size).toBe(found.length);
    return Object.fromEntries(found);
  };
  return {
    commit,
    unpublished,
    outputs,
    load,
    due,
    scan,
    claim: (partition: number) => retrying(() => store.claim(partition)),
    peek: (partition: number) => retrying(() => store.peek(partition)),
    trim: (partition: number, sequence: number) => retrying(() => store.trim(partition, sequence)),
    reset: (partition: number) => retrying(() => store.reset(partition)),
  };
}

const isSame = (a: Position, b: Position): boolean => a.offset === b.offset && a.index === b.index;
