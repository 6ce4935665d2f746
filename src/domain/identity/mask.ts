/** Phones and mail addresses as analysts and logs may see them: recognisable, not usable. */
import type { IdentifierType } from './identifier.ts';

export function maskIdentifier(type: IdentifierType, value: string): string {
  if (type === 'phone') return maskMiddle(value, value.length - 8, 4);
  if (type !== 'email') return value;
  const at = value.indexOf('@');
  return `${value.slice(0, 1)}***${value.slice(at)}`;
}

/** `+8613800138000` → `+86138****8000`. */
const maskMiddle = (text: string, from: number, length: number): string => {
  const start = Math.max(1, from);
  return text.slice(0, start) + '*'.repeat(length) + text.slice(start + length);
};
