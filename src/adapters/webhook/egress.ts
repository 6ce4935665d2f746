/**
 * Where this process may send to (reliability.md S8): public unicast addresses, and what an operator
 * lists besides. A literal in the URL is checked here, for Node looks up names only; every address a
 * name resolves to is checked in `lookup`, and the connection is made to one of those.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { WeftError } from '../../errors.ts';

export type EgressRefusal = 'scheme' | 'port' | 'credentials' | 'address';

export interface Egress {
  /** Why nothing may be sent there; undefined: it may, as far as the URL alone can tell. */
  refusalOf(url: URL): EgressRefusal | undefined;
  /** For connections to this URL. Fails with `EGRESS_REFUSED` unless every address may be reached. */
  lookupFor(url: URL): LookupFunction;
}

export type Resolver = (
  host: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

export interface EgressOptions {
  /** Addresses and CIDR blocks that may be reached though they are not public. */
  readonly allow: readonly string[];
  readonly resolve?: Resolver;
}

export const EGRESS_REFUSED = 'EGRESS_REFUSED';

const UNPRIVILEGED_PORT_MIN = 1024;

/** IPv4 that is not public unicast (IANA special-purpose registry), and 168.63.129.16 of Azure. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Public unicast IPv6 is 2000::/3 without these: Teredo and its like, documentation, 6to4. */
const UNICAST_IPV6 = ['2000::/3'];
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const specialIpv4 = blocksOf(SPECIAL_IPV4);
const unicastIpv6 = blocksOf(UNICAST_IPV6);
const specialIpv6 = blocksOf(SPECIAL_IPV6);

export function createEgress({ allow, resolve = resolveBySystem }: EgressOptions): Egress {
  const allowed = blocksOf(allow);
  const mayReach = (url: URL, address: string): boolean => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) return false;
    if (allowed.check(address, family)) return true;
    // In the clear only to where the operator says so.
    return url.protocol === 'https:' && isPublic(address);
  };
  return {
    refusalOf(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'scheme';
      if (url.username !== '' || url.password !== '') return 'credentials';
      const address = literalOf(url);
      if (address !== undefined && !mayReach(url, address)) return 'address';
      // A listed literal names its port on purpose; elsewhere the ports of other services stay shut.
      const isListed = address !== undefined && !isPublic(address);
      const isOrdinary = url.port === '' || Number(url.port) >= UNPRIVILEGED_PORT_MIN;
      return isOrdinary || isListed ? undefined : 'port';
    },
    lookupFor: (url) => (host, options, callback) => {
      resolve(host, (error, addresses) => {
        if (error) return callback(error, '');
        if (addresses.length === 0 || !addresses.every(({ address }) => mayReach(url, address))) {
          return callback(refused(host), '');
        }
        const [first] = addresses;
        if (options.all || first === undefined) return callback(null, [...addresses]);
        return callback(null, first.address, first.family);
      });
    },
  };
}

function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !specialIpv4.check(address, 'ipv4');
  return unicastIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}

/** The address a URL names without asking anybody; `2130706433` is one by then. */
function literalOf({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

function blocksOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const version = isIP(address);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    const most = version === 6 ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (version === 0 || !/^\d*$/.test(bits ?? '') || bits === '' || prefix > most) {
      throw new WeftError(
        'invalid_settings',
        `reading the addresses that may be reached: "${block}" is no address and no CIDR block`,
      );
    }
    list.addSubnet(address, prefix, family);
  }
  return list;
}

const resolveBySystem: Resolver = (host, done) =>
  systemLookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));

const refused = (host: string): Error =>
  Object.assign(new Error(`${host} resolves to an address that may not be reached`), {
    code: EGRESS_REFUSED,
  });
