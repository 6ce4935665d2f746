import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskIdentifier } from '../src/domain/identity/mask.ts';
import { Bytes } from '../src/runtime/native/bytes.ts';
import { writeIdentifiers, writeItems, writeList } from './archive-json.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('half \ud800'));
const maybe = fc.option(text, { nil: undefined });
const number = fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }));

function written(write: (out: Bytes) => void): string {
  const out = new Bytes();
  write(out);
  return Buffer.from(out.take()).toString();
}

it('items, identifiers and lists are written as JSON.stringify writes them', () => {
  const item = fc
    .tuple(text, maybe, maybe, maybe, maybe, number, number)
    .map(([sku, name, category, brand, variant, quantity, price]) => ({
      sku,
      name,
      category,
      brand,
      variant,
      quantity,
      price,
    }));
  const identifier = fc.record({
    type: fc.constantFrom('phone', 'email', 'device', 'openid'),
    scope: fc.oneof(fc.constant(''), text),
    digest: fc.constant(''),
    value: text,
    verified: fc.boolean(),
    accepted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(item), fc.array(identifier), fc.array(text), (items, held, list) => {
      expect(written((out) => writeItems(out, items))).toBe(JSON.stringify(items));
      expect(written((out) => writeList(out, list))).toBe(JSON.stringify(list));
      const shown = held.map(({ type, scope, value }) => ({
        type,
        ...(scope === '' ? {} : { scope }),
        value: maskIdentifier(type, value),
      }));
      expect(written((out) => writeIdentifiers(out, held))).toBe(JSON.stringify(shown));
    }),
  );
});
