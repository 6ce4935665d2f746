/** What every checkpoint store must honour, one sentence a test. */
import { expect, it, onTestFinished } from 'vitest';
import type { CheckpointStore } from './checkpoint-store.ts';
import { retrying } from './retrying.contract.ts';

export interface OpenedCheckpointStore {
  readonly store: CheckpointStore;
  /** Closes the store and opens it again. */
  reopen?(): Promise<OpenedCheckpointStore>;
  close(): Promise<void>;
}

export interface CheckpointStoreHarness {
  open(): Promise<OpenedCheckpointStore>;
  /** It outlives the process: `reopen`. */
  readonly lasts: boolean;
}

export function checkpointStoreContract(harness: CheckpointStoreHarness): void {
  const open = async () => {
    const opened = await harness.open();
    onTestFinished(() => opened.close());
    return { ...opened, ...callsOf(opened.store) };
  };

  it('has nothing under a name nobody saved', async () => {
    const { load } = await open();
    expect(await load('archive/events')).toBeUndefined();
  });

  it('gives back the last save, names kept apart', async () => {
    const { load, save } = await open();
    await save('archive/events', [1, 2, 3]);
    await save('archive/events/0', [9]);
    await save('归档', [0, 255]);
    await save('archive/events', [4]);
    await save('empty', []);
    expect(await load('archive/events')).toEqual([4]);
    expect(await load('archive/events/0')).toEqual([9]);
    expect(await load('归档')).toEqual([0, 255]);
    expect(await load('empty')).toEqual([]);
  });

  it('has copies of its own', async () => {
    const { store, load } = await open();
    const value = Uint8Array.of(1, 2);
    await retrying(() => store.save('a', value));
    value.fill(0);
    (await retrying(() => store.load('a')))?.fill(9);
    expect(await load('a')).toEqual([1, 2]);
  });

  it.runIf(harness.lasts)('has the last save after it was closed and opened again', async () => {
    const { save, reopen } = await open();
    await save('a', [1]);
    await save('a', [2]);
    const again = await reopen?.();
    if (!again) throw new Error('a store that lasts can be opened again');
    onTestFinished(() => again.close());
    expect(await callsOf(again.store).load('a')).toEqual([2]);
  });
}

const callsOf = (store: CheckpointStore) => ({
  async load(name: string): Promise<readonly number[] | undefined> {
    const value = await retrying(() => store.load(name));
    return value && [...value];
  },
  save: (name: string, bytes: readonly number[]) =>
    retrying(() => store.save(name, Uint8Array.from(bytes))),
});
