/**
 * Who may be addressed. Without keys everything is open, on loopback only; a page of a foreign site
 * could still reach it by a name of its own that resolves to 127.0.0.1. So only loopback names are
 * answered then.
 */
import { isIP } from 'node:net';

/** Is the Host header `localhost`, a loopback address, or a name below `.localhost`? */
export function isLoopbackHost(header: string | undefined): boolean {
  const host = /^(\[[^\]]+\]|[^:]*)(?::\d{1,5})?$/.exec(header ?? '')?.[1]?.toLowerCase();
  if (host === undefined || host === '') return false;
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
