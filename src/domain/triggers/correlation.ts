/** `matching: cart.id`: which field of an event says what it belongs to. */
import type { Event } from '../event.ts';
import { parseProperties } from '../event-scope.ts';
import type { Correlation, KeyOf } from './plan.ts';

/** Longer ones would fill the state of a profile; such an event takes no part. */
const KEY_LENGTH_MAX = 128;
const PROPERTY = /^properties\.([a-zA-Z_][a-zA-Z0-9_]{0,62})$/;

const FIELDS: ReadonlyMap<string, KeyOf> = new Map<string, KeyOf>([
  ['cart.id', (event) => event.cart],
  ['checkout.id', (event) => event.checkout],
  ['order.id', (event) => event.order?.id],
  ['store', (event) => event.store],
  ['channel', (event) => event.channel],
  ['campaign', (event) => event.campaign],
]);

export const CORRELATION_PATHS: readonly string[] = [...FIELDS.keys(), 'properties.<name>'];

/** For triggers without `matching`: all events of the profile belong together. */
export const WHOLE_PROFILE: Correlation = { path: '', keyOf: () => '' };

/** undefined: there is no such field to match by. */
export function compileCorrelation(path: string): Correlation | undefined {
  const field = FIELDS.get(path);
  if (field !== undefined) return { path, keyOf: (event) => usable(field(event)) };
  const [, name] = PROPERTY.exec(path) ?? [];
  if (name === undefined) return undefined;
  return { path, keyOf: (event) => usable(propertyOf(event, name)) };
}

const usable = (key: string | undefined): string | undefined =>
  key === undefined || key === '' || key.length > KEY_LENGTH_MAX ? undefined : key;

function propertyOf(event: Event, name: string): string | undefined {
  const value = parseProperties(event.properties)[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
