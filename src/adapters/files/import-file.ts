/**
 * A file of history on its way in: digest, decompression, text, and how much of it was read. What its
 * rows mean is a format's business (`import-formats.ts`). Nothing is held but what a format needs.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import iconv from 'iconv-lite';
import { messageOf, WeftError } from '../../errors.ts';
import { IMPORT_LIMITS } from '../../domain/event-limits.ts';
import type { JsonObject } from '../../domain/event.ts';

export interface ImportedEvent {
  readonly kind: 'event';
  /** Counts events and dead rows of this file from 0, in the order they are read: with the digest, their id. */
  readonly row: number;
  /** A canonical event; its id may be missing. When it was is the parser's to say. */
  readonly body: JsonObject;
  /** The body as JSON text, where the file has it as such. */
  readonly text?: string;
}

export interface SkippedRow {
  readonly kind: 'skipped';
  readonly reason: string;
}

/** A row that is broken: it becomes a dead letter, whole. */
export interface DeadRow {
  readonly kind: 'dead';
  readonly row: number;
  readonly reason: string;
  readonly text: string;
}

export type ImportedRow = ImportedEvent | SkippedRow | DeadRow;

export interface ImportFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the file as it lies there, 32 hex characters. */
  readonly digest: string;
  /** Of `sizeBytes`. */
  bytesRead(): number;
  /** The text, decompressed where it is gzip. */
  text(encoding: string): AsyncIterable<string>;
}

export async function openImportFile(path: string): Promise<ImportFile> {
  const size = await stat(path).catch(() => undefined);
  if (!size?.isFile()) {
    throw new WeftError('invalid_usage', `there is no file ${path}`);
  }
  let bytesRead = 0;
  return {
    path,
    sizeBytes: size.size,
    digest: await digestOf(path),
    bytesRead: () => bytesRead,
    async *text(encoding) {
      bytesRead = 0;
      const counted = async function* (): AsyncIterable<Buffer> {
        for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
          bytesRead += (chunk as Buffer).length;
          yield chunk as Buffer;
        }
      };
      const bytes = (await isGzip(path)) ? gunzipped(counted()) : counted();
      const decoder = iconv.getDecoder(encoding, { stripBOM: true });
      try {
        for await (const chunk of bytes) yield decoder.write(chunk);
      } catch (cause) {
        const how = `${bytesRead} of ${size.size} bytes: ${messageOf(cause)}`;
        throw new WeftError('unreadable_file', `${path} cannot be read on after ${how}`, { cause });
      }
      yield decoder.end() ?? '';
    },
  } satisfies ImportFile;
}

/** The file ends before its end: what was read before counts. */
export const isUnreadable = (error: unknown): error is WeftError =>
  error instanceof WeftError && error.code === 'unreadable_file';

export const unreadableAfter = (rows: number, error: WeftError): WeftError =>
  new WeftError(
    error.code,
    `${error.message}; ${rows === 0 ? 'no row was' : `the rows up to row ${rows} were`} taken`,
    { cause: error },
  );

/** Longer lines are no rows: they end there, and `tooLong` knows them. */
const LINE_CHARS_MAX = IMPORT_LIMITS.bytesMax;
/** What a dead letter keeps of one. */
const KEPT_CHARS = 32 * 1024;

/**
 * The lines of a text in pieces, without their ends; as many at a time as a piece has. Every piece is
 * looked at once, however long a line is.
 */
export async function* linesOf(text: AsyncIterable<string>): AsyncIterable<readonly string[]> {
  let open: string[] = [];
  let openChars = 0;
  for await (const piece of text) {
    const lines = piece.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = open.join('') + lines[0];
      open = [];
      openChars = 0;
      yield lines.map(withoutReturn);
    }
    if (openChars > LINE_CHARS_MAX) continue;
    open.push(last);
    openChars += last.length;
  }
  if (openChars > 0) yield [open.join('')];
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);

/** undefined: it is not. */
export const tooLong = (line: string, row: number): DeadRow | undefined =>
  line.length <= LINE_CHARS_MAX
    ? undefined
    : {
        kind: 'dead',
        row,
        reason: `the line has more than ${LINE_CHARS_MAX} characters, only its beginning is kept`,
        text: line.slice(0, KEPT_CHARS),
      };

/** An error anywhere ends the reading with that error. */
function gunzipped(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const gunzip = createGunzip();
  pipeline(Readable.from(bytes), gunzip, () => undefined);
  return gunzip;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex').slice(0, 32);
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}
