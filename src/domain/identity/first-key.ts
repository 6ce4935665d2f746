/**
 * What raw topics are keyed by: the strongest identifier of an event, so that a shopper's events
 * mostly meet one partition. Stable: the same event has the same key wherever it is read, and no
 * secret is needed to compute it.
 */
import type { SentEvent } from '../event.ts';
import { compareCanonically, toPlain } from './normalise.ts';
import type { PlainIdentifier } from './normalise.ts';

/** A record's key need not be longer to spread well. */
const KEY_CHARS_MAX = 480;

export function firstIdentifierKey(
  { id, sent }: Pick<SentEvent, 'id' | 'sent'>,
  region = 'CN',
): string {
  let first: PlainIdentifier | undefined;
  for (const one of sent) {
    const found = toPlain(one, { region });
    if (found.kind !== 'plain') continue;
    if (first === undefined || compareCanonically(found, first) < 0) first = found;
  }
  if (first !== undefined) return keyOf(first.type, first.scope, first.value);
  const unusable = sent[0];
  if (unusable === undefined) return id;
  return keyOf(unusable.type, unusable.scope ?? '', JSON.stringify(unusable.value));
}

const keyOf = (type: string, scope: string, value: string): string =>
  `${type}\u001f${scope}\u001f${value}`.slice(0, KEY_CHARS_MAX);
