/**
 * The JSON texts inside rows, byte for byte as `JSON.stringify` writes them, at a third of its price: most
 * texts are plain and every object has the same few keys.
 */
import type { Item } from '../src/domain/event.ts';
import { maskIdentifier } from '../src/domain/identity/mask.ts';
import type { StitchedIdentifier } from '../src/domain/message.ts';

/** ASCII without quotes, backslashes and control characters. */
const PLAIN = /^[ !#-[\]-~]*$/;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

export function listText(values: readonly string[]): string {
  let text = '';
  for (const value of values) text += text === '' ? quoted(value) : `,${quoted(value)}`;
  return `[${text}]`;
}

export function itemsText(items: readonly Item[]): string {
  let text = '';
  for (const item of items) text += text === '' ? itemText(item) : `,${itemText(item)}`;
  return `[${text}]`;
}

function itemText({ sku, name, category, brand, variant, quantity, price }: Item): string {
  let text = `{"sku":${quoted(sku)}`;
  if (name !== undefined) text += `,"name":${quoted(name)}`;
  if (category !== undefined) text += `,"category":${quoted(category)}`;
  if (brand !== undefined) text += `,"brand":${quoted(brand)}`;
  if (variant !== undefined) text += `,"variant":${quoted(variant)}`;
  return `${text},"quantity":${quantity},"price":${price}}`;
}

/** As analysts may see them: masked, without digests. */
export function identifiersText(identifiers: readonly StitchedIdentifier[]): string {
  let text = '';
  for (const { type, scope, value } of identifiers) {
    if (text !== '') text += ',';
    text += `{"type":"${type}"`;
    if (scope !== '') text += `,"scope":${quoted(scope)}`;
    text += `,"value":${quoted(maskIdentifier(type, value))}}`;
  }
  return `[${text}]`;
}
