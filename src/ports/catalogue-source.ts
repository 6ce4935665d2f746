/** Where what a marketer edits comes from: parsed YAML, with a way back to the line. */
import type { Json } from '../domain/event.ts';

export interface CatalogueFile {
  /** `tags.yaml`, `triggers.yaml`, `sources/segment.yaml` … */
  readonly name: string;
  /** The parsed document; null when the file is missing or empty. */
  readonly content: Json;
  /** 1-based line of a path inside `content` (`[2, 'when']`), or of its nearest ancestor. */
  lineOf(path: readonly (string | number)[]): number;
}

export interface CatalogueSource {
  /** Malformed YAML is `invalid_catalogue`, naming file and line. */
  load(): Promise<readonly CatalogueFile[]>;
}
