/**
 * Ids that nobody had before, in the order they were made (UUIDv7): of requests, and of events that
 * came without one. Random numbers are drawn many at a time: two by two, as the package draws them,
 * they cost more than the id.
 */
import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

const DRAWN = 256;

export function createIds(): () => string {
  const numbers = new Uint32Array(DRAWN);
  let next = DRAWN;
  const generator = new V7Generator({
    nextUint32() {
      if (next === DRAWN) {
        randomFillSync(numbers);
        next = 0;
      }
      return numbers[next++] ?? 0;
    },
  });
  return () => generator.generate().toString();
}
