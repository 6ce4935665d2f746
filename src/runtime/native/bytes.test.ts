import { expect, it } from 'vitest';
import { Bytes } from './bytes.ts';

it.each([0, 1, 127, 128, 5_000, 16_383, 16_384, 3_000_000])(
  'a text of %i bytes in pieces is that text',
  (length) => {
    const [whole, pieces] = [new Bytes(), new Bytes()];
    whole.text('before');
    whole.text('x'.repeat(length));
    whole.text('behind');
    pieces.text('before');
    const start = pieces.startText();
    pieces.ascii('x'.repeat(Math.floor(length / 2)));
    pieces.ascii('x'.repeat(Math.ceil(length / 2)));
    pieces.endText(start);
    pieces.text('behind');
    expect(Buffer.compare(pieces.take(), whole.take())).toBe(0);
  },
);

it.each([0, 7, 10, 909, 4_294_967_296, Number.MAX_SAFE_INTEGER])(
  'the digits of %i are those of its text',
  (value) => {
    const [whole, digits] = [new Bytes(), new Bytes()];
    whole.text(String(value));
    digits.digits(value);
    expect(digits.take()).toEqual(whole.take());
  },
);
