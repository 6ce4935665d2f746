/** What every schema source must honour, one sentence a test. */
import { expect, it, onTestFinished } from 'vitest';
import { retrying } from './retrying.contract.ts';
import type { SchemaSource } from './schema-source.ts';

export interface OpenedSchemaSource {
  readonly source: SchemaSource;
  /** Closes the source and opens it again. */
  reopen?(): Promise<OpenedSchemaSource>;
  close(): Promise<void>;
}

export interface SchemaSourceHarness {
  open(): Promise<OpenedSchemaSource>;
  /** It outlives the process: `reopen`. */
  readonly lasts: boolean;
}

const V1 = '{"type":"record","name":"Event","fields":[{"name":"id","type":"string"}]}';
const V2 = '{"type":"record","name":"Event","fields":[],"doc":"事件"}';

export function schemaSourceContract(harness: SchemaSourceHarness): void {
  const open = async () => {
    const opened = await harness.open();
    onTestFinished(() => opened.close());
    return { ...opened, ...callsOf(opened.source) };
  };

  it('gives a schema back by the id it was registered under', async () => {
    const { idOf, schemaOf } = await open();
    const [one, two] = [await idOf('events', V1), await idOf('events', V2)];
    expect(one).not.toBe(two);
    expect([await schemaOf(one), await schemaOf(two)]).toEqual([V1, V2]);
  });

  it('gives the same schema the same id, however often and by how many it is registered', async () => {
    const { idOf } = await open();
    const ids = await Promise.all([1, 2, 3].map(() => idOf('events', V1)));
    await idOf('events', V2);
    expect(new Set([...ids, await idOf('events', V1)]).size).toBe(1);
  });

  it('gives ids that fit the four bytes of a record', async () => {
    const { idOf } = await open();
    const id = await idOf('events', V1);
    expect(Number.isInteger(id) && id > 0 && id < 2 ** 31).toBe(true);
  });

  it('does not know an id that was never given, which may only be late', async () => {
    const { source, idOf } = await open();
    const unknown = (await idOf('events', V1)) + 1_000;
    await expect(source.schemaOf(unknown)).rejects.toMatchObject({
      code: 'store_unavailable',
      retriable: true,
    });
  });

  it.runIf(harness.lasts)('knows its ids after it was closed and opened again', async () => {
    const { idOf, reopen } = await open();
    const one = await idOf('events', V1);
    const again = await reopen?.();
    if (!again) throw new Error('a source that lasts can be opened again');
    onTestFinished(() => again.close());
    const later = callsOf(again.source);
    expect(await later.schemaOf(one)).toBe(V1);
    expect(await later.idOf('events', V1)).toBe(one);
    expect(await later.idOf('events', V2)).not.toBe(one);
  });
}

const callsOf = (source: SchemaSource) => ({
  idOf: (subject: string, schema: string) => retrying(() => source.idOf(subject, schema)),
  schemaOf: (id: number) => retrying(() => source.schemaOf(id)),
});
