/**
 * The JSON texts inside rows, byte for byte as `JSON.stringify` writes them, at a tenth of its price: every
 * object has the same few keys, and what is written is never a string.
 */
import type { Item } from '../src/domain/event.ts';
import { maskIdentifier } from '../src/domain/identity/mask.ts';
import type { StitchedIdentifier } from '../src/domain/message.ts';
import type { Bytes } from '../src/runtime/native/bytes.ts';

export function writeList(out: Bytes, values: readonly string[]): void {
  out.ascii('[');
  for (let i = 0; i < values.length; i += 1) {
    if (i > 0) out.ascii(',');
    out.jsonText(values[i] as string);
  }
  out.ascii(']');
}

export function writeItems(out: Bytes, items: readonly Item[]): void {
  out.ascii('[');
  for (let i = 0; i < items.length; i += 1) writeItem(out, items[i] as Item, i);
  out.ascii(']');
}

function writeItem(out: Bytes, item: Item, index: number): void {
  out.ascii(index === 0 ? '{"sku":' : ',{"sku":');
  out.jsonText(item.sku);
  if (item.name !== undefined) {
    out.ascii(',"name":');
    out.jsonText(item.name);
  }
  if (item.category !== undefined) {
    out.ascii(',"category":');
    out.jsonText(item.category);
  }
  if (item.brand !== undefined) {
    out.ascii(',"brand":');
    out.jsonText(item.brand);
  }
  if (item.variant !== undefined) {
    out.ascii(',"variant":');
    out.jsonText(item.variant);
  }
  out.ascii(',"quantity":');
  out.jsonNumber(item.quantity);
  out.ascii(',"price":');
  out.jsonNumber(item.price);
  out.ascii('}');
}

/** As analysts may see them: masked, without digests. */
export function writeIdentifiers(out: Bytes, identifiers: readonly StitchedIdentifier[]): void {
  out.ascii('[');
  for (let i = 0; i < identifiers.length; i += 1) {
    const { type, scope, value } = identifiers[i] as StitchedIdentifier;
    out.ascii(i === 0 ? '{"type":' : ',{"type":');
    out.jsonText(type);
    if (scope !== '') {
      out.ascii(',"scope":');
      out.jsonText(scope);
    }
    out.ascii(',"value":');
    out.jsonText(maskIdentifier(type, value));
    out.ascii('}');
  }
  out.ascii(']');
}
