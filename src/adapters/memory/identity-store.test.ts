import { identityStoreContract } from '../../ports/identity-store.contract.ts';
import { createMemoryIdentityStore } from './identity-store.ts';

identityStoreContract('an identity store in memory', {
  visible: 'at-once',
  open: async () => ({
    store: createMemoryIdentityStore(),
    logged: async () => [],
    close: async () => {},
  }),
});
