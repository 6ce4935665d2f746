/**
 * A catalogue folder: YAML files as parsed documents that know their lines. A missing file is an
 * empty one; a file that is no YAML is refused with its line.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { WeftError } from '../../errors.ts';
import type { Json } from '../../domain/event.ts';
import type { CatalogueFile, CatalogueSource } from '../../ports/catalogue-source.ts';

const FILE_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 200;
/** Maps of `weft ingest` are read by it alone: a changed one must not make a new catalogue. */
const MAP = /^imports[/\\]/;

export function openCatalogueFolder(dir: string): CatalogueSource {
  return {
    async load() {
      const names = await yamlFilesIn(dir);
      return Promise.all(names.map((name) => readCatalogueFile(dir, name)));
    },
  } satisfies CatalogueSource;
}

async function yamlFilesIn(dir: string): Promise<readonly string[]> {
  let entries;
  try {
    entries = await readdir(dir, { withFileTypes: true, recursive: true });
  } catch (error) {
    throw new WeftError('invalid_catalogue', `the catalogue folder ${dir} cannot be read`, {
      cause: error,
    });
  }
  const names = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
    .filter((name) => !MAP.test(name))
    .toSorted();
  if (names.length > FILES_MAX) {
    throw new WeftError('invalid_catalogue', `${dir} holds more than ${FILES_MAX} YAML files`);
  }
  return names;
}

export async function readCatalogueFile(dir: string, name: string): Promise<CatalogueFile> {
  const text = await readFile(join(dir, name), 'utf8');
  if (text.length > FILE_BYTES_MAX) {
    throw new WeftError('invalid_catalogue', `${name} is larger than ${FILE_BYTES_MAX} bytes`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault) {
    const { line } = lines.linePos(fault.pos[0]);
    throw new WeftError('invalid_catalogue', `${name}:${line}: ${fault.message}`, {
      details: { file: name, line },
    });
  }
  const content = (document.toJS({ maxAliasCount: 100 }) ?? null) as Json;
  return { name, content, lineOf: (path) => lineOf(document, lines, path) };
}

function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
): number {
  let node: unknown = document.contents;
  let known = 1;
  for (const step of [...path, null]) {
    const range = (node as Node | null)?.range;
    if (range) known = lines.linePos(range[0]).line;
    if (step === null) break;
    if (isMap(node)) {
      const pair = node.items.find((each) => String(each.key) === String(step));
      const key = pair?.key as Node | undefined;
      if (key?.range) known = lines.linePos(key.range[0]).line;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
    } else break;
    if (node === undefined || node === null) break;
  }
  return known;
}
