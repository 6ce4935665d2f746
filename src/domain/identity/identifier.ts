/**
 * An identifier after normalisation, and the few words the identity plane speaks: digests and pids.
 * Raw values never enter the identity plane; keys there are keyed digests.
 */
export const IDENTIFIER_TYPES = [
  'member',
  'uid',
  'unionid',
  'phone',
  'email',
  'buyer',
  'openid',
  'device',
] as const;
export type IdentifierType = (typeof IDENTIFIER_TYPES)[number];

/** First 12 bytes of HMAC(tenant key, type ‖ 1F ‖ scope ‖ 1F ‖ value), as 24 hex characters. */
export type Digest = string;

/** 2 bytes shard + 8 bytes hash, as 20 hex characters. Never an identifier's value. */
export type Pid = string;

/** What an identifier is in the identity plane: no value. `scope` is '' where the type has none. */
export interface IdentifierKey {
  readonly type: IdentifierType;
  readonly scope: string;
  readonly digest: Digest;
}

export interface Identifier extends IdentifierKey {
  readonly value: string;
  readonly verified: boolean;
}

/** Without value: what the identity plane may keep. */
export const keyOf = ({ type, scope, digest }: IdentifierKey): IdentifierKey => ({
  type,
  scope,
  digest,
});

/** Hashing is injected: the domain imports nothing. Both are keyed per tenant by the caller. */
export interface IdentityHash {
  digest(tenant: string, type: IdentifierType, scope: string, value: string): Digest;
  /** `founder` names what the pid derives from: a digest, or `anon:` + a digest. */
  pid(tenant: string, founder: string, epoch: number): Pid;
}
