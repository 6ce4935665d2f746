/** `schemas/dead_letters.avsc`. */
import type { DeadLetter } from '../../src/domain/message.ts';
import { readOrigin, writeOrigin } from './event.ts';
import { readBytes, readLong, readText } from '../../src/runtime/avro/input.ts';
import { writeBytes, writeLong, writeText } from '../../src/runtime/avro/output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const DEAD_LETTERS: Shape<DeadLetter> = onlyBranch({
  write(out, letter) {
    writeSymbol(out, letter.kind, 'dead_letter');
    writeText(out, letter.tenant);
    writeOrigin(out, letter.origin);
    writeText(out, letter.source);
    writeText(out, letter.code);
    writeText(out, letter.reason);
    writeLong(out, letter.at);
    writeBytes(out, letter.body);
  },
  read: (from) => ({
    kind: readSymbol(from, 'dead_letter'),
    tenant: readText(from),
    origin: readOrigin(from),
    source: readText(from),
    code: readText(from),
    reason: readText(from),
    at: readLong(from),
    body: readBytes(from),
  }),
});
