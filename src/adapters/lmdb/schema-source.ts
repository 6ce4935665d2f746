/** Writers' schemas in the environment, by id. One text has one id, whoever registers it. */
import { WeftError } from '../../errors.ts';
import type { SchemaSource } from '../../ports/schema-source.ts';
import type { Environment } from './environment.ts';

interface SchemaEntry {
  readonly subject: string;
  readonly schema: string;
}

export function createLmdbSchemaSource(environment: Environment): SchemaSource {
  const table = environment.openTable<SchemaEntry, number>('schemas', {
    encoding: 'json',
    keyEncoding: 'uint32',
  });
  const texts = new Map<number, string>();
  const ids = new Map<string, number>();
  const know = (id: number, schema: string): void => {
    texts.set(id, schema);
    ids.set(schema, id);
  };
  for (const { key, value } of table.getRange({ start: 0 })) know(key, value.schema);
  return {
    async idOf(subject, schema) {
      const known = ids.get(schema);
      if (known !== undefined) return known;
      const id = texts.size + 1;
      environment.write(() => table.putSync(id, { subject, schema }));
      know(id, schema);
      return id;
    },
    async schemaOf(id) {
      const schema = texts.get(id);
      if (schema !== undefined) return schema;
      throw new WeftError(
        'store_unavailable',
        `reading schema ${id}: ${environment.dir} does not have it`,
      );
    },
  } satisfies SchemaSource;
}
