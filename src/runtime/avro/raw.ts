/** `schemas/raw.avsc`; its `Wait` is of others too. */
import type { Source } from '../../domain/event.ts';
import type { RawEvent, Wait } from '../../domain/message.ts';
import { readBoolean, readLong, readNullable, readText, type Input } from './input.ts';
import { writeBoolean, writeLong, writeNullable, writeText, type Output } from './output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from './shape.ts';

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
