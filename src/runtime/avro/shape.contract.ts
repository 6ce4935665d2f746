/** What every shape promises: avsc with the same schema cannot be told from it. */
import { expect, it } from 'vitest';
import type { Form, SchemaForm } from './by-schema.ts';

interface Case<T> {
  readonly bySchema: SchemaForm<T>;
  readonly shaped: Form<T> | undefined;
  readonly values: readonly T[];
}

export function isAsAvsc<T>({ bySchema, shaped, values }: Case<T>): void {
  it('is made for the schema there is', () => {
    expect(shaped, `this schema has the fingerprint ${bySchema.fingerprint}`).toBeDefined();
  });
  if (!shaped) return;

  it('writes what avsc writes, and reads it, with every key in its place', () => {
    for (const value of values) {
      const bytes = bySchema.encode(value, 0);
      expect(shaped.encode(value, 0).equals(bytes)).toBe(true);
      const [read, expected] = [shaped.decode(bytes, 0), bySchema.decode(bytes, 0)];
      expect(inOrder(read)).toBe(inOrder(expected));
    }
  });

  it('leaves the bytes in front to the caller', () => {
    for (const value of values) {
      const bytes = shaped.encode(value, 5);
      expect(bytes.subarray(5).equals(shaped.encode(value, 0))).toBe(true);
      expect(inOrder(shaped.decode(bytes, 5))).toBe(inOrder(shaped.decode(bytes.subarray(5), 0)));
    }
  });

  it('refuses the changed bytes that avsc refuses, and reads of others what avsc does', () => {
    for (const [i, value] of values.slice(0, 10).entries()) {
      const bytes = bySchema.encode(value, 0);
      for (let at = 0; at < bytes.length; at += 1) {
        const before = bytes[at] as number;
        const others = [0, 1, before ^ 2, before + 4, 0x7f, 0x80, 0xff];
        bytes[at] = others[(at + i) % others.length] as number;
        expect(outcome(shaped, bytes)).toBe(outcome(bySchema, bytes));
        bytes[at] = before;
      }
    }
  });

  it('reads nothing of bytes cut off or with more behind', () => {
    for (const value of values.slice(0, 5)) {
      const bytes = shaped.encode(value, 0);
      for (let size = 0; size < bytes.length; size += 1) {
        expect(outcome(shaped, bytes.subarray(0, size))).toBe('refused');
      }
      expect(outcome(shaped, Buffer.concat([bytes, Buffer.from([0])]))).toBe('refused');
    }
  });

  it('keeps nothing of the bytes it read from, and writes nothing over what it wrote', () => {
    for (const [i, value] of values.entries()) {
      const bytes = shaped.encode(value, 0);
      const before = Buffer.from(bytes);
      const read = shaped.decode(bytes, 0);
      const expected = inOrder(read);
      shaped.encode(values[(i + 1) % values.length] as T, 0);
      expect(bytes.equals(before)).toBe(true);
      bytes.fill(0xff);
      expect(inOrder(read)).toBe(expected);
    }
  });
}

/** As the domain has it: bytes are bytes, and what is absent is not there. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([name, inner]) => [name, plain(inner)]));
}

/** With every key in its place, the absent ones too. */
const inOrder = (value: unknown): string =>
  JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, inner: unknown) {
    const own = this[key];
    if (own instanceof Uint8Array) return [...own];
    return inner === undefined ? 'absent' : inner;
  });

/** What is read, or that nothing is. */
export function outcome(form: Form<unknown>, bytes: Buffer): string {
  try {
    return inOrder(form.decode(bytes, 0));
  } catch {
    return 'refused';
  }
}
