import { type Handler, ok } from '#shared/http/route.ts';
import { atomically, type Network } from '../context.ts';
import { ownersOf } from '../resources/values.ts';
import { sharedAmong } from '../sharing/store.ts';
import { addAddresses, removeAddresses } from './operations.ts';
import { addressGroups } from './resource.ts';

interface Body {
  readonly addresses: readonly string[];
}

const changing =
  (verb: typeof addAddresses, rule: string): Handler<Network, Body, 'id'> =>
  async (network, { caller, params, body, authorize, may }) => {
    const { rows } = addressGroups;
    const group = await atomically(network, async (within) => {
      await rows.lock(within.db, params.id);
      const before = await rows.find(within.db, caller, params.id);
      authorize(rule, ownersOf(before));
      await verb(within, before, body.addresses);
      return (await rows.get(within.db, before.id)) ?? before;
    });
    const shared = await sharedAmong(network.db, caller.projectId, 'address_group', [group.id]);
    return ok({ address_group: addressGroups.view({ ...group, shared: shared.has(group.id) }, { may }) });
  };

export const addGroupAddresses = changing(addAddresses, 'add_addresses');
export const removeGroupAddresses = changing(removeAddresses, 'remove_addresses');
