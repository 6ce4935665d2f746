/** `schemas/raw.avsc`; its `Wait` is of others too. */
import type { Source } from '../../src/domain/event.ts';
import type { RawEvent, Wait } from '../../src/domain/message.ts';
import {
  readBoolean,
  readLong,
  readNullable,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeLong,
  writeNullable,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const RAW: Shape<RawEvent> = onlyBranch({
  write(out, raw) {
    writeSymbol(out, raw.kind, 'raw');
    writeText(out, raw.tenant);
    writeText(out, raw.source);
    writeLong(out, raw.receivedAt);
    writeText(out, raw.body);
    writeText(out, raw.id);
    writeBoolean(out, raw.history);
    writeBoolean(out, raw.triggers);
    writeNullable(out, raw.wait, writeWait);
    writeNullable(out, raw.unreadable, writeText);
  },
  read: (from) => ({
    kind: readSymbol(from, 'raw'),
    tenant: readText(from),
    source: readText(from) as Source,
    receivedAt: readLong(from),
    body: readText(from),
    id: readText(from),
    history: readBoolean(from),
    triggers: readBoolean(from),
    wait: readNullable(from, readWait),
    unreadable: readNullable(from, readText),
  }),
});

export function writeWait(out: Output, wait: Wait): void {
  writeText(out, wait.instance);
  writeText(out, wait.token);
}

export const readWait = (from: Input): Wait => ({
  instance: readText(from),
  token: readText(from),
});
