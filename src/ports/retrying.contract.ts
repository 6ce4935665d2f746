/**
 * How the contracts call a store that may lose replies: again, until it answers, as every caller does
 * with calls that may be repeated.
 */
import { isRetriable } from '../errors.ts';

const TRIES_MAX = 1_000;

export async function retrying<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isRetriable(error) || tries >= TRIES_MAX) throw error;
    }
  }
}
