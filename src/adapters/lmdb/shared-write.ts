/**
 * Small writes that arrive together share one transaction, so that many callers cost one flush to
 * disk. Each work sees what the ones before it wrote; all hear only when it is durable, or that none
 * of it is there.
 */
import { WeftError } from '../../errors.ts';
import type { Environment } from './environment.ts';

/** `work` is synchronous and throws only what makes the transaction worthless. */
export type SharedWrite = <T>(work: () => T) => Promise<T>;

interface Waiting {
  readonly work: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const WAITING_MAX = 10_000;
const GROUP_MAX = 500;

export function createSharedWrite(environment: Environment): SharedWrite {
  let waiting: Waiting[] = [];

  const flush = (): void => {
    const group = waiting.slice(0, GROUP_MAX);
    waiting = waiting.slice(GROUP_MAX);
    try {
      environment.write(() => {
        for (const { work } of group) work();
      });
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    if (waiting.length > 0) setImmediate(flush);
  };

  return async <T>(work: () => T): Promise<T> => {
    if (waiting.length >= WAITING_MAX) {
      throw new WeftError('overloaded', `writing: ${WAITING_MAX} writes wait already`);
    }
    let answer: { readonly value: T } | undefined;
    await new Promise<void>((resolve, reject) => {
      waiting.push({ work: () => void (answer = { value: work() }), resolve, reject });
      if (waiting.length === 1) setImmediate(flush);
    });
    if (answer === undefined) throw new Error('a write was answered that never ran');
    return answer.value;
  };
}
