/** The channel that docs/add-a-channel.md builds, through the suite of every channel. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { createFolderChannel } from '../docs/examples/channel/folder-channel.ts';
import { channelContract } from './ports/channel.contract.ts';

describe('the channel folder', () => {
  channelContract({
    behaviours: ['accepts', 'fails for a while'],
    async open() {
      const parent = await mkdtemp(join(tmpdir(), 'weft-folder-'));
      const folder = join(parent, 'outbox');
      return {
        channel: createFolderChannel({ name: 'folder', folder }),
        gateway: {
          async behave(behaviour) {
            await rm(folder, { recursive: true, force: true });
            // Where a file stands, there can be no folder.
            if (behaviour !== 'accepts') await writeFile(folder, '');
          },
          received: () => readdirSync(folder).map((name) => name.split('.')[0] ?? ''),
        },
        close: () => rm(parent, { recursive: true }),
      };
    },
  });
});
