/** Adds and removes some allowed address pairs of a port, whatever others do at the same time. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import type { Action } from '../resources/resource.ts';
import { pairsFor } from './input.ts';
import { updatePort } from './operations.ts';
import { type AddressPair, mostPairs, type Port } from './resource.ts';

const keyOf = ({ ip_address, mac_address }: AddressPair) => `${ip_address} ${mac_address}`;

type Edit = (known: readonly AddressPair[], asked: readonly AddressPair[]) => readonly AddressPair[];

const without: Edit = (known, asked) => {
  const gone = new Set(asked.map(keyOf));
  return known.filter((pair) => !gone.has(keyOf(pair)));
};
const withThem: Edit = (known, asked) => [...without(known, asked), ...asked];

const action = (edit: Edit): Action<Port> => ({
  rules: ['update_port', 'update_port:allowed_address_pairs'],
  change: async (network: Network, caller: Caller, port, input) => {
    const asked = pairsFor(
      (input.allowed_address_pairs ?? []) as Partial<AddressPair>[],
      port.macAddress,
      port.portSecurityEnabled,
    );
    const allowedAddressPairs = edit(port.allowedAddressPairs, asked);
    if (allowedAddressPairs.length > mostPairs)
      throw badRequest(
        `The number of allowed address pair exceeds the maximum ${mostPairs}.`,
        'AllowedAddressPairExhausted',
      );
    await updatePort(network, caller, port, { allowedAddressPairs });
  },
});

export const addressPairs = {
  add_allowed_address_pairs: action(withThem),
  remove_allowed_address_pairs: action(without),
};
