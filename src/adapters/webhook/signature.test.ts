import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSigner } from './signature.ts';

const secretOf = (bytes: number, fill: number): string =>
  `whsec_${Buffer.alloc(bytes, fill).toString('base64')}`;

describe('the signature of a webhook', () => {
  // The example of the specification's own libraries.
  it('is the published one for the published secret, id, time and body', () => {
    const sign = createSigner(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
    expect(sign('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('is one for each secret while one is being replaced, the newest first', () => {
    const [fresh, former] = [secretOf(32, 1), secretOf(24, 2)];
    const both = createSigner([fresh, former])('id', 1, '{}');
    expect(both).toBe(
      `${createSigner([fresh])('id', 1, '{}')} ${createSigner([former])('id', 1, '{}')}`,
    );
  });

  it('covers id, time and body', () => {
    const secret = Buffer.alloc(32, 1);
    const expected = createHmac('sha256', secret).update('a:0.17.{"x":"购"}').digest('base64');
    expect(createSigner([secretOf(32, 1)])('a:0', 17, '{"x":"购"}')).toBe(`v1,${expected}`);
  });

  it.each([
    ['no prefix', Buffer.alloc(32).toString('base64')],
    ['too few bytes', secretOf(23, 1)],
    ['too many bytes', secretOf(65, 1)],
    ['no base64', 'whsec_*********************************'],
  ])('is not made with a secret of %s, which the refusal does not repeat', (_, secret) => {
    expect(() => createSigner([secretOf(32, 1), secret])).toThrow(/secret 2 is not whsec_/);
    expect(() => createSigner([secretOf(32, 1), secret])).not.toThrow(secret);
  });

  it('needs a secret, and takes no more than five', () => {
    expect(() => createSigner([])).toThrow(/0 secrets/);
    expect(() => createSigner(Array.from({ length: 6 }, () => secretOf(32, 1)))).toThrow(
      /6 secrets/,
    );
  });
});
