/** `schemas/actions.avsc`. */
import type { IdentifierType } from '../../src/domain/identity/identifier.ts';
import type { Action, ActionStep, SuppressionReason } from '../../src/domain/message.ts';
import {
  readBoolean,
  readList,
  readLong,
  readNullable,
  readText,
  type Input,
} from '../../src/runtime/avro/input.ts';
import {
  writeBoolean,
  writeList,
  writeLong,
  writeNullable,
  writeText,
  type Output,
} from '../../src/runtime/avro/output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const ACTIONS: Shape<Action> = onlyBranch({
  write(out, action) {
    writeSymbol(out, action.kind, 'action');
    writeText(out, action.tenant);
    writeText(out, action.id);
    writeText(out, action.trigger);
    writeText(out, action.profile);
    writeText(out, action.event);
    writeText(out, action.anchor);
    writeNullable(out, action.correlation, writeText);
    writeNullable(out, action.dueAt, writeLong);
    writeLong(out, action.decidedAt);
    writeText(out, action.outcome);
    writeNullable(out, action.reason, writeText);
    writeText(out, JSON.stringify(action.steps));
    writeList(out, action.recipients, writeRecipient);
    writeText(out, action.context);
    writeBoolean(out, action.history);
    writeNullable(out, action.receivedAt, writeLong);
  },
  read: (from) => ({
    kind: readSymbol(from, 'action'),
    tenant: readText(from),
    id: readText(from),
    trigger: readText(from),
    profile: readText(from),
    event: readText(from),
    anchor: readText(from),
    correlation: readNullable(from, readText),
    dueAt: readNullable(from, readLong),
    decidedAt: readLong(from),
    outcome: readText(from) as Action['outcome'],
    reason: readNullable(from, readText) as SuppressionReason | null,
    steps: JSON.parse(readText(from)) as readonly ActionStep[],
    recipients: readList(from, readRecipient),
    context: readText(from),
    history: readBoolean(from),
    receivedAt: readNullable(from, readLong),
  }),
});

type Recipient = Action['recipients'][number];

function writeRecipient(out: Output, recipient: Recipient): void {
  writeText(out, recipient.type);
  writeText(out, recipient.scope);
  writeText(out, recipient.value);
}

const readRecipient = (from: Input): Recipient => ({
  type: readText(from) as IdentifierType,
  scope: readText(from),
  value: readText(from),
});
