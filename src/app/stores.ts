/** Everything that is kept in one LMDB environment, behind its ports. */
import { createLmdbCheckpointStore } from '../adapters/lmdb/checkpoint-store.ts';
import { createLmdbCouponStore } from '../adapters/lmdb/coupon-store.ts';
import { createLmdbDispatchLedger } from '../adapters/lmdb/dispatch-ledger.ts';
import type { Environment } from '../adapters/lmdb/environment.ts';
import { createLmdbEventLog } from '../adapters/lmdb/event-log.ts';
import { createLmdbIdentityStore } from '../adapters/lmdb/identity-store.ts';
import { createLmdbProfileStore } from '../adapters/lmdb/profile-store.ts';
import { createLmdbSchemaSource } from '../adapters/lmdb/schema-source.ts';
import type { Clock } from '../ports/clock.ts';

export function openStores(environment: Environment, clock: Clock) {
  return {
    log: createLmdbEventLog(environment, clock),
    identity: createLmdbIdentityStore(environment),
    profiles: createLmdbProfileStore(environment),
    coupons: createLmdbCouponStore(environment),
    ledger: createLmdbDispatchLedger(environment),
    checkpoints: createLmdbCheckpointStore(environment),
    schemas: createLmdbSchemaSource(environment),
  };
}
