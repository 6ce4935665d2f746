import type { LookupAddress } from 'node:dns';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EGRESS_REFUSED, createEgress } from './egress.ts';

const nobody = createEgress({ allow: [] });
const refusal = (text: string, egress = nobody) => egress.refusalOf(new URL(text));

/** What connecting to a name would be told, when the name resolves to these addresses. */
async function resolved(url: string, addresses: readonly string[], allow: readonly string[] = []) {
  const answer: LookupAddress[] = addresses.map((address) => ({
    address,
    family: address.includes(':') ? 6 : 4,
  }));
  const egress = createEgress({ allow, resolve: (_, done) => done(null, answer) });
  const lookup = egress.lookupFor(new URL(url));
  return promisify<string | LookupAddress[]>((done) =>
    lookup(new URL(url).hostname, { all: true }, (error, found) => done(error, found)),
  )();
}

describe('a request to the outside (S8)', () => {
  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::127.0.0.1]/',
    'https://100.100.100.200/',
    'https://169.254.169.254/latest/meta-data/',
    'https://168.63.129.16/',
    'https://10.0.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://192.0.2.1/',
    'https://198.18.0.1/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::a00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[2001:db8::1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[ff02::1]/',
  ])('never goes to %s', (url) => {
    expect(refusal(url)).toBe('address');
  });

  it.each([
    'https://8.8.8.8/',
    'https://[2408:8000::1]/',
    'https://172.32.0.1/',
    'https://100.63.255.255/',
  ])('may go to %s', (url) => {
    expect(refusal(url)).toBeUndefined();
  });

  it.each([
    ['ftp://example.com/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['https://user:secret@example.com/', 'credentials'],
    ['https://example.com:25/', 'port'],
    ['https://example.com:80/', 'port'],
    ['https://example.com:8443/', undefined],
    ['https://example.com/', undefined],
    ['http://8.8.8.8/', 'address'],
  ])('to %s is refused for its %s', (url, expected) => {
    expect(refusal(url)).toBe(expected);
  });

  it.each([
    ['localhost', ['127.0.0.1']],
    ['localhost', ['::1']],
    ['a name for the metadata service', ['169.254.169.254']],
    ['a name of which one address of two is private', ['8.8.8.8', '10.0.0.1']],
    ['a name for an IPv4 address in an IPv6 coat', ['::ffff:10.0.0.1']],
    ['a name for a link-local address', ['fe80::1%eth0']],
    ['a name for nothing', []],
    ['a name for what is no address', ['elsewhere.example']],
  ])('by %s connects nowhere', async (_, addresses) => {
    await expect(resolved('https://localhost/', addresses)).rejects.toMatchObject({
      code: EGRESS_REFUSED,
    });
  });

  it('by a name connects to the very addresses that were checked', async () => {
    const addresses = ['8.8.8.8', '2408:8000::1'];
    const found = await resolved('https://example.com/', addresses);
    expect(found).toEqual([
      { address: '8.8.8.8', family: 4 },
      { address: '2408:8000::1', family: 6 },
    ]);
  });

  it('may go where an operator says, and only there', async () => {
    const egress = createEgress({ allow: ['10.1.0.0/16', '127.0.0.1', 'fd00::/8'] });
    expect(refusal('http://10.1.2.3:80/', egress)).toBeUndefined();
    expect(refusal('http://127.0.0.1:81/', egress)).toBeUndefined();
    expect(refusal('https://[fd00::1]/', egress)).toBeUndefined();
    expect(refusal('http://10.2.0.1/', egress)).toBe('address');
    expect(refusal('http://127.0.0.2/', egress)).toBe('address');
    const found = await resolved('http://push.internal/', ['10.1.2.3'], ['10.1.0.0/16']);
    expect(found).toEqual([{ address: '10.1.2.3', family: 4 }]);
  });

  it('in the clear goes to listed addresses only, by name too', async () => {
    await expect(resolved('http://example.com/', ['8.8.8.8'])).rejects.toMatchObject({
      code: EGRESS_REFUSED,
    });
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'example.com', '10.0.0.0/', '10.0.0.0/x', 'fd00::/129', ''])(
    'is not opened by the setting %j',
    (block) => {
      expect(() => createEgress({ allow: [block] })).toThrow(/no CIDR block/);
    },
  );
});
