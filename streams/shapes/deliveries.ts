/** `schemas/deliveries.avsc`. */
import type { Delivery, DeliveryOutcome } from '../../src/domain/message.ts';
import { readLong, readNullable, readNumber, readText } from '../../src/runtime/avro/input.ts';
import { writeInt, writeLong, writeNullable, writeText } from '../../src/runtime/avro/output.ts';
import { onlyBranch, readSymbol, writeSymbol, type Shape } from '../../src/runtime/avro/shape.ts';

export const DELIVERIES: Shape<Delivery> = onlyBranch({
  write(out, delivery) {
    writeSymbol(out, delivery.kind, 'delivery');
    writeText(out, delivery.tenant);
    writeText(out, delivery.id);
    writeText(out, delivery.action);
    writeText(out, delivery.trigger);
    writeText(out, delivery.profile);
    writeInt(out, delivery.step);
    writeText(out, delivery.channel);
    writeInt(out, delivery.attempt);
    writeText(out, delivery.outcome);
    writeNullable(out, delivery.reason, writeText);
    writeNullable(out, delivery.code, writeText);
    writeLong(out, delivery.at);
    writeLong(out, delivery.durationMs);
  },
  read: (from) => ({
    kind: readSymbol(from, 'delivery'),
    tenant: readText(from),
    id: readText(from),
    action: readText(from),
    trigger: readText(from),
    profile: readText(from),
    step: readNumber(from),
    channel: readText(from),
    attempt: readNumber(from),
    outcome: readText(from) as DeliveryOutcome,
    reason: readNullable(from, readText),
    code: readNullable(from, readText),
    at: readLong(from),
    durationMs: readLong(from),
  }),
});
