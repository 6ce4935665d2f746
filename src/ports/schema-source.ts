/** Where writers' schemas are kept, by id: a registry, or the data directory. */
export interface SchemaSource {
  /** The id of this schema under this subject (a topic, or `profile-state`); registers it if new. */
  idOf(subject: string, schema: string): Promise<number>;
  /** The schema's text; an unknown id is `store_unavailable` (it may only be late). */
  schemaOf(id: number): Promise<string>;
}
