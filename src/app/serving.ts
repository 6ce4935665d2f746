/** Is a data directory being served, and where? Commands go through HTTP then. */
import { readLock } from '../adapters/lmdb/lock.ts';
import { WeftError } from '../errors.ts';

/** undefined: nobody has it open. Somebody who does not listen is `data_dir_in_use`. */
export function servingAt(dir: string): string | undefined {
  const holder = readLock(dir);
  if (!holder) return undefined;
  if (holder.address !== undefined) return holder.address;
  throw new WeftError(
    'data_dir_in_use',
    `${dir} is in use by process ${holder.pid}, which has no address yet`,
  );
}
