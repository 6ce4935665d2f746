import { describe, expect, it } from 'vitest';
import { isLoopbackHost } from './hosts.ts';

describe('a loopback host', () => {
  it.each([
    'localhost',
    'LOCALHOST:8080',
    'weft.localhost:80',
    '127.0.0.1',
    '127.0.0.1:65535',
    '127.1.2.3',
    '[::1]',
    '[::1]:8080',
  ])('is %s', (host) => expect(isLoopbackHost(host)).toBe(true));

  it.each([
    '',
    'example.org',
    'localhost.example.org',
    'localhost:',
    'localhost:8080:8080',
    '127.0.0.1.example.org',
    '127.0.0.1@example.org',
    '128.0.0.1',
    '127.0.0.256',
    '2130706433',
    '[::2]',
    '[::ffff:10.0.0.1]',
    '0.0.0.0',
  ])('is not %j', (host) => expect(isLoopbackHost(host)).toBe(false));
});
