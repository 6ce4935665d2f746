/** A file of history to a running Weft: in batches over `POST /v1/events`, each acknowledged. */
import {
  isUnreadable,
  openImportFile,
  unreadableAfter,
  type ImportedRow,
  type ImportFile,
} from '../adapters/files/import-file.ts';
import type { ImportProgress, ImportResult } from '../app/import.ts';
import { WeftError } from '../errors.ts';

const BATCH_ROWS = 500;
/** As the server counts, and below its own limit. */
const BATCH_BYTES = 400 * 1024;
const SEPARATOR_BYTES = 1;
const TRIES_MAX = 20;
const WAIT_MAX_MS = 30_000;
/** Of refused rows as many are told, the others counted. */
const TOLD_MAX = 20;

export interface SendOptions {
  readonly path: string;
  readonly read: (file: ImportFile) => AsyncIterable<ImportedRow>;
  readonly url: string;
  readonly onProgress: (progress: ImportProgress) => void;
}

export async function sendFile(options: SendOptions): Promise<ImportResult> {
  const file = await openImportFile(options.path);
  const skipped = new Map<string, number>();
  const refused: string[] = [];
  let [events, dead, rows, bytes] = [0, 0, 0, 0];
  let batch: string[] = [];

  const refuse = (why: string): void => {
    dead += 1;
    if (refused.length < TOLD_MAX) refused.push(why);
  };
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { accepted, rejected } = await post(options.url, batch);
    events += accepted;
    for (const { id, pointer, message } of rejected) refuse(`event ${id}: ${pointer} ${message}`);
    batch = [];
    bytes = 0;
    options.onProgress({ rows, bytesRead: file.bytesRead(), sizeBytes: file.sizeBytes });
  };

  try {
    for await (const row of options.read(file)) {
      if (row.kind === 'skipped') {
        skipped.set(row.reason, (skipped.get(row.reason) ?? 0) + 1);
        continue;
      }
      rows += 1;
      if (row.kind === 'dead') {
        refuse(`row ${row.row + 1}: ${row.reason}`);
        continue;
      }
      const id = row.body['id'] ?? `${file.digest}:${row.row}`;
      const text = JSON.stringify({ ...row.body, id });
      const size = Buffer.byteLength(text) + SEPARATOR_BYTES;
      if (batch.length >= BATCH_ROWS || bytes + size > BATCH_BYTES) await flush();
      batch.push(text);
      bytes += size;
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    await flush();
    throw unreadableAfter(rows, error);
  }
  await flush();
  return { events, dead, refused, skipped, known: 0 };
}

interface Taken {
  readonly accepted: number;
  readonly rejected: readonly Rejected[];
}

type Rejected = Readonly<Record<'id' | 'pointer' | 'message', string>>;

async function post(url: string, texts: readonly string[]): Promise<Taken> {
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${url}/v1/events?triggers=off`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `[${texts.join(',')}]`,
    }).catch(() => undefined);
    if (response?.status === 200) return (await response.json()) as Taken;
    if (response?.status === 413 && texts.length > 1) return postHalves(url, texts);
    if (response?.status === 400 || response?.status === 413)
      return { accepted: 0, rejected: await refusalsOf(response, texts) };
    const isPassing = response === undefined || response.status === 429 || response.status >= 500;
    if (!isPassing || tries >= TRIES_MAX) {
      const what = response === undefined ? 'cannot be reached' : `answered ${response.status}`;
      throw new WeftError('log_unavailable', `${url} ${what}; the rows before this were taken`);
    }
    const askedMs = Number(response?.headers.get('retry-after') ?? 1) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, Math.min(WAIT_MAX_MS, askedMs)));
  }
}

/** Too large together: what is too large alone is found, and told as refused. */
async function postHalves(url: string, texts: readonly string[]): Promise<Taken> {
  const middle = Math.ceil(texts.length / 2);
  const first = await post(url, texts.slice(0, middle));
  const second = await post(url, texts.slice(middle));
  return {
    accepted: first.accepted + second.accepted,
    rejected: [...first.rejected, ...second.rejected],
  };
}

/** None of a batch was acceptable: the answer has one sentence for all of it. */
async function refusalsOf(response: Response, texts: readonly string[]): Promise<Rejected[]> {
  const { detail = '' } = (await response.json()) as { readonly detail?: string };
  return texts.map((text) => {
    const { id } = JSON.parse(text) as { readonly id: string };
    return { id, pointer: '', message: detail };
  });
}
