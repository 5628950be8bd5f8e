import type { Caller } from '#shared/auth/caller.ts';
import type { Target } from '#shared/auth/policy.ts';
import type { Network } from '../context.ts';
import { type NetworkRow, networkRows } from './resource.ts';

/** The policy target attributes of an object's network. */
const networkTarget = (net: NetworkRow | undefined): Target => ({
  'network:project_id': net?.projectId,
  'network:shared': net?.shared ?? false,
  'network:router:external': net?.external ?? false,
});

interface OfNetwork {
  readonly networkId: string;
}

/** A network is its own. */
export const itself = { target: async (_network: Network, row: NetworkRow) => networkTarget(row) };

/** The targets of a resource that is part of a network. */
export const ofNetwork = {
  target: async ({ db }: Network, { networkId }: OfNetwork) => networkTarget(await networkRows.get(db, networkId)),
  targetOfNew: async ({ db }: Network, caller: Caller, { networkId }: OfNetwork) =>
    networkTarget(await networkRows.find(db, caller, networkId)),
};
