import { scopesOf } from '../address-scopes/affinity.ts';
import type { Network } from '../context.ts';
import { dhcpZones } from '../ports/store.ts';
import { subnetsOf } from '../subnets/store.ts';
import type { NetworkRow } from './resource.ts';

/** The subnets of networks, their address scopes and zones, and what clients do not see of an internal or a flat one. */
export async function networkRelations(network: Network, rows: readonly NetworkRow[]) {
  const ids = rows.map(({ id }) => id);
  const all = await subnetsOf(network.db, ids);
  const scopes = await scopesOf(network, all);
  const zones = await dhcpZones(network.db, ids);
  const subnets = Map.groupBy(all, ({ networkId }) => networkId);
  return ({ id, external, isDefault, networkType, segmentationId }: NetworkRow) => {
    const own = subnets.get(id) ?? [];
    const scopeOf = (version: 4 | 6) =>
      own.flatMap((each) => (each.ipVersion === version ? (scopes.get(each.id) ?? []) : []))[0] ?? null;
    return {
      availabilityZones: zones.get(id) ?? [],
      subnets: own.map((subnet) => subnet.id),
      isDefault: external ? isDefault : undefined,
      segmentationId: networkType === 'vxlan' ? segmentationId : null,
      ipv4AddressScope: scopeOf(4),
      ipv6AddressScope: scopeOf(6),
    };
  };
}
