/**
 * The channel `folder`: each attempt is one file in a folder that another system of the shop reads and
 * empties. The file is named by the message's id, so a reader knows what it has seen before.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Channel } from '../../../src/ports/channel.ts';

export interface FolderChannelOptions {
  /** The channel's name in the catalogue. */
  readonly name: string;
  readonly folder: string;
}

/** A disk is full, or a share is away, for minutes rather than days. */
const RETRY_DELAYS_MS = [1_000, 10_000, 60_000, 600_000];

export function createFolderChannel({ name, folder }: FolderChannelOptions): Channel {
  return {
    name,
    // The reader tells repeats by the id: an unknown end may be tried again.
    keyed: true,
    retryDelaysMs: RETRY_DELAYS_MS,
    async deliver({ id, attempt, recipients, content }) {
      const file = join(folder, `${encodeURIComponent(id)}.${attempt}.json`);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(`${file}.part`, JSON.stringify({ id, recipients, content }));
        // Whole, or not there.
        await rename(`${file}.part`, file);
        return { kind: 'accepted' };
      } catch {
        return { kind: 'rejected', reason: 'folder_failed', permanent: false };
      }
    },
    close: async () => {},
  } satisfies Channel;
}
