/**
 * How the contracts call a store that may lose replies: again, until it answers, as every caller
 * does with calls that may be repeated.
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

/** The port with each of these calls made until it answers. */
export function retryingPort<Port extends object>(
  port: Port,
  calls: readonly (keyof Port & string)[],
): Port {
  const names: ReadonlySet<string> = new Set(calls);
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || typeof name !== 'string' || !names.has(name))
        return member;
      return (...args: readonly unknown[]) =>
        retrying(async (): Promise<unknown> => Reflect.apply(member, target, args));
    },
  });
}
