/** Writers' schemas in memory, as a registry would keep them: one text has one id. */
import { WeftError } from '../../errors.ts';
import type { SchemaSource } from '../../ports/schema-source.ts';

export function createMemorySchemaSource(): SchemaSource {
  const texts: string[] = [];
  return {
    async idOf(_subject, schema) {
      const known = texts.indexOf(schema);
      return known >= 0 ? known + 1 : texts.push(schema);
    },
    async schemaOf(id) {
      const schema = texts[id - 1];
      if (schema !== undefined) return schema;
      throw new WeftError('store_unavailable', `reading schema ${id}: it is not known here`);
    },
  } satisfies SchemaSource;
}
