/**
 * The catalogue on its way from a folder into the log: read, compiled, and, when it is not the one
 * the log had last, appended whole to every partition of `events`. Stages only ever see the log's.
 */
import { createHash } from 'node:crypto';
import { openCatalogueFolder } from '../adapters/files/catalogue-source.ts';
import { zoneOf } from '../adapters/system/zone.ts';
import {
  compileCatalogue,
  type Catalogue,
  type CatalogueDocument,
} from '../domain/catalogue/catalogue.ts';
import { textIn } from '../domain/template.ts';
import { WeftError } from '../errors.ts';
import type { CatalogueFile } from '../ports/catalogue-source.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import { encodeEnvelope, type TopicCodecs } from '../runtime/outputs.ts';
import type { CatalogueTags } from '../../streams/archive-rows.ts';
import { packagePath } from './package-files.ts';

export interface LoadedCatalogue {
  readonly catalogue: Catalogue;
  readonly text: string;
  readonly hash: string;
}

/** A fault of a catalogue folder, for people: `tags.yaml:12: … Did you mean …?` */
export type FaultLines = readonly string[];

export type ReadCatalogue =
  | { readonly ok: true; readonly loaded: LoadedCatalogue }
  | { readonly ok: false; readonly faults: FaultLines };

/** `folder`: '' for the shipped one. */
export async function readCatalogue(folder: string, timeZone: string): Promise<ReadCatalogue> {
  const files = await openCatalogueFolder(folder || packagePath('catalogue')).load();
  const content = Object.fromEntries(files.map((file) => [file.name, file.content]));
  const document: CatalogueDocument = { timeZone, files: content };
  const compiled = compileCatalogue(document, zoneOf);
  if (!compiled.ok) {
    return { ok: false, faults: compiled.problems.map((problem) => faultLine(files, problem)) };
  }
  const text = JSON.stringify(document);
  const hash = createHash('sha256').update(text).digest('hex');
  return { ok: true, loaded: { catalogue: compiled.catalogue, text, hash } };
}

/** As `readCatalogue`, but faults are an `invalid_catalogue` that names them all. */
export async function loadCatalogue(folder: string, timeZone: string): Promise<LoadedCatalogue> {
  const read = await readCatalogue(folder, timeZone);
  if (read.ok) return read.loaded;
  throw new WeftError(
    'invalid_catalogue',
    `the catalogue has faults:\n  ${read.faults.join('\n  ')}`,
    {
      details: { faults: read.faults },
    },
  );
}

/** The catalogue of a message in the log; it was compiled before it was appended. */
export function catalogueOfText(): (text: string) => Catalogue {
  const known = new Map<string, Catalogue>();
  return (text) => {
    const seen = known.get(text);
    if (seen) return seen;
    const compiled = compileCatalogue(JSON.parse(text) as CatalogueDocument, zoneOf);
    if (!compiled.ok) {
      throw new WeftError(
        'corrupt_data',
        'a catalogue in the log does not compile in this version',
      );
    }
    known.set(text, compiled.catalogue);
    return compiled.catalogue;
  };
}

/** What the archive writes down of a catalogue's tags. */
export const catalogueTags = ({ tags }: Catalogue): ReturnType<CatalogueTags> =>
  tags.tags.map(({ name, unit, title }) => ({
    name,
    kind: unit === 'days' ? 'clock' : 'value',
    unit,
    title: { en: textIn(title, 'en'), zh: textIn(title, 'zh') },
    rfm: (['R', 'F', 'M'] as const).find((role) => tags.rfm[role]?.name === name) ?? '',
  }));

const CHECKPOINT = 'catalogue';

/** Appends it to every partition of `events` unless it is the one that is there. */
export async function announceCatalogue(
  loaded: LoadedCatalogue,
  to: {
    readonly log: EventLog;
    readonly checkpoints: CheckpointStore;
    readonly codecs: TopicCodecs;
  },
): Promise<void> {
  const mark = `${to.log.id} ${loaded.hash}`;
  const last = await to.checkpoints.load(CHECKPOINT);
  if (last && new TextDecoder().decode(last) === mark) return;
  const message = { kind: 'catalogue', hash: loaded.hash, text: loaded.text } as const;
  const encoded = encodeEnvelope(to.codecs, 'events', [message]);
  const partitions = to.log.partitions('events');
  // Stamped with the beginning of time: in a history run the log's clock starts with the first row.
  const records = Array.from({ length: partitions }, (_, partition) => ({
    topic: 'events',
    partition,
    ...encoded,
    logTime: 0,
  }));
  await to.log.append(records);
  await to.checkpoints.save(CHECKPOINT, new TextEncoder().encode(mark));
}

function faultLine(
  files: readonly CatalogueFile[],
  problem: {
    readonly file: string;
    readonly path: readonly (string | number)[];
    readonly message: string;
    readonly suggestion?: string;
  },
): string {
  const line = files.find((file) => file.name === problem.file)?.lineOf(problem.path) ?? 1;
  const hint = problem.suggestion === undefined ? '' : ` Did you mean '${problem.suggestion}'?`;
  return `${problem.file}:${line}: ${problem.message}${hint}`;
}
