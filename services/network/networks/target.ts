import type { Target } from '#shared/auth/policy.ts';
import type { NetworkRow } from './store.ts';

/** The policy target attributes of an object's network. */
export const networkTarget = (net: NetworkRow | undefined): Target => ({
  'network:project_id': net?.projectId,
  'network:shared': net?.shared ?? false,
  'network:router:external': net?.external ?? false,
});
