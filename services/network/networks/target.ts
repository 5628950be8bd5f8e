import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import type { Network } from '../context.ts';
import type { SharingAction } from '../sharing/policy.ts';
import { sharedAmong } from '../sharing/store.ts';
import { type NetworkRow, networkRows } from './resource.ts';

/** The policy target attributes of an object's network. */
async function networkTarget({ db }: Network, { projectId }: Caller, net: NetworkRow | undefined): Promise<Target> {
  const ids = net ? [net.id] : [];
  const has = async (action: SharingAction) => (await sharedAmong(db, projectId, 'network', ids, action)).size > 0;
  return {
    'network:project_id': net?.projectId,
    'network:shared': await has('access_as_shared'),
    'network:router:external': await has('access_as_external'),
  };
}

interface OfNetwork {
  readonly networkId: string;
}

/** A network is its own. */
export const itself = { target: networkTarget };

/** The targets of a resource that is part of a network. */
export const ofNetwork = {
  target: async (network: Network, caller: Caller, { networkId }: OfNetwork) =>
    networkTarget(network, caller, await networkRows.get(network.db, networkId)),
  targetOfNew: async (network: Network, caller: Caller, { networkId }: OfNetwork) =>
    networkTarget(network, caller, await networkRows.find(network.db, caller, networkId)),
};
