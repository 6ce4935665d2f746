/** `schemas/events.avsc`: which of its records a message is, its kind says. */
import type {
  CatalogueMessage,
  EventsMessage,
  IdentityRecord,
  Marker,
  Transfer,
} from '../../src/domain/message.ts';
import { STITCHED_EVENT } from './event.ts';
import { ATTACHED, CREATED, MERGED, REFUSED } from './identity.ts';
import {
  readBoolean,
  readBytes,
  readList,
  readLong,
  readNullable,
  readNumber,
  readText,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeBytes,
  writeInt,
  writeList,
  writeLong,
  writeNullable,
  writeNumber,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import { readWait, writeWait } from './raw.ts';
import { readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

const MARKER: Shape<Marker> = {
  write(out, marker) {
    writeSymbol(out, marker.kind, 'marker');
    writeLong(out, marker.clock);
    writeList(out, marker.partitions, writeInt);
    writeBoolean(out, marker.history);
  },
  read: (from) => ({
    kind: readSymbol(from, 'marker'),
    clock: readLong(from),
    partitions: readList(from, readNumber),
    history: readBoolean(from),
  }),
};

const CATALOGUE: Shape<CatalogueMessage> = {
  write(out, catalogue) {
    writeSymbol(out, catalogue.kind, 'catalogue');
    writeText(out, catalogue.hash);
    writeText(out, catalogue.text);
  },
  read: (from) => ({
    kind: readSymbol(from, 'catalogue'),
    hash: readText(from),
    text: readText(from),
  }),
};

const TRANSFER: Shape<Transfer> = {
  write(out, transfer) {
    writeSymbol(out, transfer.kind, 'transfer');
    writeText(out, transfer.tenant);
    writeText(out, transfer.mergeId);
    writeText(out, transfer.survivor);
    writeText(out, transfer.origin);
    writeBytes(out, transfer.state);
    writeInt(out, transfer.hops);
    writeBoolean(out, transfer.history);
    writeNullable(out, transfer.wait, writeWait);
  },
  read: (from) => ({
    kind: readSymbol(from, 'transfer'),
    tenant: readText(from),
    mergeId: readText(from),
    survivor: readText(from),
    origin: readText(from),
    state: readBytes(from),
    hops: readNumber(from),
    history: readBoolean(from),
    wait: readNullable(from, readWait),
  }),
};

export const EVENTS: Shape<EventsMessage> = {
  write(out, message) {
    switch (message.kind) {
      case 'event':
        return writeBranch(out, 0, STITCHED_EVENT, message);
      case 'identity':
        return writeIdentity(out, message);
      case 'marker':
        return writeBranch(out, 5, MARKER, message);
      case 'catalogue':
        return writeBranch(out, 6, CATALOGUE, message);
      case 'transfer':
        return writeBranch(out, 7, TRANSFER, message);
      default:
        throw new TypeError(`events has no schema for ${(message as { kind: string }).kind}`);
    }
  },
  read(from) {
    const branch = readNumber(from);
    switch (branch) {
      case 0:
        return STITCHED_EVENT.read(from);
      case 1:
        return CREATED.read(from);
      case 2:
        return ATTACHED.read(from);
      case 3:
        return MERGED.read(from);
      case 4:
        return REFUSED.read(from);
      case 5:
        return MARKER.read(from);
      case 6:
        return CATALOGUE.read(from);
      case 7:
        return TRANSFER.read(from);
      default:
        throw new RangeError(`no branch ${branch} in events`);
    }
  },
};

function writeIdentity(out: Output, record: IdentityRecord): void {
  switch (record.change) {
    case 'created':
      return writeBranch(out, 1, CREATED, record);
    case 'attached':
      return writeBranch(out, 2, ATTACHED, record);
    case 'merged':
      return writeBranch(out, 3, MERGED, record);
    case 'refused':
      return writeBranch(out, 4, REFUSED, record);
  }
}

function writeBranch<T>(out: Output, branch: number, { write }: Shape<T>, message: T): void {
  writeNumber(out, branch);
  write(out, message);
}
