/**
 * A map in YAML, checked whole like the catalogue: all its faults are told at once, each with its
 * line and what was probably meant. Whether a file has the columns named is seen when it is read.
 */
import iconv from 'iconv-lite';
import { basename, dirname } from 'node:path';
import {
  fault,
  isList,
  readChoice,
  readEntry,
  readFlag,
  readTexts,
  type CatalogueProblem,
  type Entry,
} from '../../domain/catalogue/entry.ts';
import { EVENT_TYPES, SOURCES } from '../../domain/event.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { WeftError, messageOf } from '../../errors.ts';
import type { CatalogueFile } from '../../ports/catalogue-source.ts';
import { readCatalogueFile } from './catalogue-source.ts';
import type { CsvMap, CsvText, CsvTime } from './csv-map-definition.ts';
import {
  readIdentifiers,
  readItems,
  readNamedTexts,
  readOrder,
  readProperties,
  readSkips,
} from './csv-map-parts.ts';
import {
  JOINER,
  readColumns,
  readOwnColumns,
  readWord,
  scalar,
  type MapReading,
} from './csv-map-texts.ts';
import { findTimeFault } from './csv-map-time.ts';

const FIELDS = [
  'encoding',
  'delimiter',
  'decimal',
  'empty',
  'sort',
  'type',
  'source',
  'at',
  'id',
  'identifiers',
  'order',
  'items',
  'cart',
  'checkout',
  'store',
  'channel',
  'campaign',
  'properties',
  'skip',
  'refunds',
];

export async function readCsvMap(path: string): Promise<CsvMap> {
  const file = await openMap(path);
  const problems: CatalogueProblem[] = [];
  const reading: MapReading = { problems, lineOf: (at) => file.lineOf(at) };
  const entry = readEntry(file.content, { path: [], what: 'The map', known: FIELDS }, problems);
  const map = entry && mapOf(reading, entry, file.name);
  if (map !== undefined && problems.length === 0) return map;
  const faults = problems.map((problem) => faultLine(file, problem));
  throw new WeftError('invalid_catalogue', `the map has faults:\n  ${faults.join('\n  ')}`, {
    details: { faults },
  });
}

async function openMap(path: string): Promise<CatalogueFile> {
  try {
    return await readCatalogueFile(dirname(path), basename(path));
  } catch (error) {
    if (error instanceof WeftError) throw error;
    throw new WeftError('invalid_usage', `the map ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function mapOf(reading: MapReading, entry: Entry, file: string): CsvMap | undefined {
  const type = readType(reading, entry);
  const source = readSource(reading, entry);
  const at = readTime(reading, entry);
  const id = readColumns(reading, entry, 'id', JOINER.id);
  const identifiers = readIdentifiers(reading, entry);
  const order = readOrder(reading, entry);
  const { items, isAnywhere } = readItems(reading, entry, order);
  const isSorted = readFlag(entry, 'sort', false);
  const rest = {
    file,
    encoding: readEncoding(entry),
    delimiter: readDelimiter(entry),
    decimal: readChoice(entry, 'decimal', ['.', ',']) ?? '.',
    empty: new Set(readTexts(entry, 'empty')),
    isHeld: isSorted || isAnywhere,
    id: id ?? null,
    order,
    items,
    texts: readNamedTexts(reading, entry, ['cart', 'checkout', 'store', 'channel', 'campaign']),
    properties: readProperties(reading, entry),
    skip: readSkips(reading, entry),
    hasRefunds: readFlag(entry, 'refunds', false),
  };
  return type && source && at && identifiers && { ...rest, type, source, at, identifiers };
}

function readEncoding(entry: Entry): string {
  const encoding = scalar(entry.fields.get('encoding') ?? 'utf8') ?? '';
  if (encoding !== '' && iconv.encodingExists(encoding)) return encoding;
  const near = nearestName(encoding, ['utf8', 'gbk', 'gb18030', 'big5', 'utf16le']);
  fault(entry, 'encoding', 'There is no such encoding; common are utf8, gbk and gb18030.', near);
  return 'utf8';
}

function readDelimiter(entry: Entry): string {
  const delimiter = entry.fields.get('delimiter') ?? ',';
  if (delimiter === 'tab') return '\t';
  if (typeof delimiter === 'string' && /^[^"\r\n]{1,4}$/.test(delimiter)) return delimiter;
  fault(entry, 'delimiter', "'delimiter' must be what stands between cells: ',', ';', '|' or tab.");
  return ',';
}

const TYPE = /^[a-z][a-z0-9_]{0,63}$/;

function readType(reading: MapReading, entry: Entry): CsvText | undefined {
  const type = readWord(reading, entry, 'type');
  if (!entry.fields.has('type')) {
    return fault(entry, null, "The map needs a type, such as 'type: order_paid'.");
  }
  for (const word of wordsOf(type)) {
    if (TYPE.test(word)) continue;
    const message = 'A type is snake_case, such as order_paid.';
    fault(entry, 'type', message, nearestName(word.toLowerCase(), EVENT_TYPES));
  }
  return type;
}

function readSource(reading: MapReading, entry: Entry): CsvText | undefined {
  const source = readWord(reading, entry, 'source');
  const list = SOURCES.join(', ');
  if (!entry.fields.has('source')) return fault(entry, null, `The map needs a source: ${list}.`);
  for (const word of wordsOf(source)) {
    if (SOURCES.some((one) => one === word)) continue;
    fault(entry, 'source', `A source is one of: ${list}.`, nearestName(word, SOURCES));
  }
  return source;
}

function wordsOf(text: CsvText | undefined): readonly string[] {
  if (text === undefined) return [];
  return text.kind === 'fixed' ? [text.value] : [...(text.values?.values() ?? [])];
}

function readTime(reading: MapReading, entry: Entry): CsvTime | undefined {
  const value = entry.fields.get('at');
  if (value === undefined) return fault(entry, null, "The map needs 'at': the column of the time.");
  const isObject = typeof value === 'object' && value !== null && !isList(value);
  const known = ['column', 'first', 'format', 'zone', 'locale'];
  const at = isObject
    ? readEntry(value, { path: ['at'], what: "'at'", known }, reading.problems)
    : undefined;
  const text = at
    ? readOwnColumns(reading, at, JOINER.text)
    : readColumns(reading, entry, 'at', JOINER.text);
  const [format, zone, locale] = ['format', 'zone', 'locale'].map((field) =>
    scalar(at?.fields.get(field)),
  );
  const time = { format: format ?? 'iso', zone: zone ?? null, locale: locale ?? 'en-US' };
  const found = findTimeFault(time);
  if (found) {
    const field = at?.fields.has(found.field) === true ? found.field : null;
    fault(at ?? entry, field, found.message, found.suggestion);
  }
  return text && { text, ...time };
}

function faultLine(file: CatalogueFile, { path, message, suggestion }: CatalogueProblem): string {
  const hint = suggestion === undefined ? '' : ` Did you mean '${suggestion}'?`;
  return `${file.name}:${file.lineOf(path)}: ${message}${hint}`;
}
