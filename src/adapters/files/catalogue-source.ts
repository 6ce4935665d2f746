/**
 * A catalogue folder: YAML files as parsed documents that know their lines. A missing file is an
 * empty one; a file that is no YAML is refused with its line.
 */
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { WeftError } from '../../errors.ts';
import type { Json } from '../../domain/event.ts';
import type { CatalogueFile, CatalogueSource } from '../../ports/catalogue-source.ts';

const FILE_BYTES_MAX = 4 * 1024 * 1024;
const FILES_MAX = 200;
const ALIASES_MAX = 100;
/** Far more than any rule needs. */
const DEPTH_MAX = 64;
const TOO_DEEP = `lists and maps may be nested ${DEPTH_MAX} deep at most.`;
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
  const nameOf = (entry: Dirent): string => relative(dir, join(entry.parentPath, entry.name));
  const yaml = entries.filter((entry) => /\.ya?ml$/.test(entry.name) && !MAP.test(nameOf(entry)));
  const folder = yaml.find((entry) => entry.isDirectory());
  if (folder) {
    throw new WeftError(
      'invalid_catalogue',
      `${nameOf(folder)} is a folder: give it another name, or put a file in its place`,
    );
  }
  const names = yaml
    .filter((entry) => entry.isFile())
    .map(nameOf)
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
    const isTooDeep = fault.code === 'RESOURCE_EXHAUSTION';
    throw faultOf(name, line, isTooDeep ? TOO_DEEP : fault.message);
  }
  return {
    name,
    content: contentOf(name, document),
    lineOf: (path) => lineOf(document, lines, path),
  };
}

function contentOf(name: string, document: Document): Json {
  let content: Json;
  try {
    content = (document.toJS({ maxAliasCount: ALIASES_MAX }) ?? null) as Json;
  } catch (error) {
    if (error instanceof RangeError) throw faultOf(name, 1, TOO_DEEP);
    // Of an alias that stands for too much, or for nothing.
    if (error instanceof ReferenceError)
      throw faultOf(name, 1, `its aliases (*name) cannot be followed: ${error.message}`);
    throw error;
  }
  if (isDeeper(content, DEPTH_MAX)) throw faultOf(name, 1, TOO_DEEP);
  return content;
}

function isDeeper(content: Json, levels: number): boolean {
  if (typeof content !== 'object' || content === null) return false;
  return levels === 0 || Object.values(content).some((each) => isDeeper(each, levels - 1));
}

const faultOf = (file: string, line: number, message: string): WeftError =>
  new WeftError('invalid_catalogue', `${file}:${line}: ${message}`, { details: { file, line } });

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
