import { bridgeName, tapName } from '#shared/contracts/names.ts';
import type { Call } from '#shared/http/route.ts';
import { listAddresses } from '../addresses/store.ts';
import { fixedIpViews } from '../addresses/view.ts';
import type { Network } from '../context.ts';
import { refusedOf } from '../host-sync/store.ts';
import { type Host, listHosts } from '../hosts/store.ts';
import { policiesOfNetworks } from '../qos/store.ts';
import { groupsOfPorts } from '../security-groups/store.ts';
import type { Port } from './resource.ts';

/** A host without root has no bridge, as its guests have user-mode networking. */
export const vifDetails = ({ id, networkId }: Port, host: Host | undefined, cloudId: string) => ({
  port_filter: true,
  connectivity: 'l2',
  bridge_name: host?.driver === 'user' ? null : bridgeName(cloudId, networkId),
  wattle_tap: tapName(cloudId, id),
  wattle_driver: host?.driver ?? null,
});

/** The addresses and groups of ports, and how to connect to them. */
export async function portRelations({ db, cloudId }: Network, ports: readonly Port[], { may }: Pick<Call, 'may'>) {
  const ids = ports.map(({ id }) => id);
  const addresses = Map.groupBy(await listAddresses(db, ids), ({ portId }) => portId);
  const groups = await groupsOfPorts(db, ids);
  const refused = await refusedOf(db, ids);
  const known = may('get_port:binding:vif_details') ? await listHosts(db) : [];
  const hosts = new Map(known.map((host) => [host.host, host]));
  const networkPolicies = await policiesOfNetworks(
    db,
    ports.map(({ networkId }) => networkId),
  );
  return (port: Port) => {
    const own = addresses.get(port.id) ?? [];
    return {
      fixedIps: fixedIpViews(own),
      refused: refused.get(port.id),
      securityGroups: groups.get(port.id) ?? [],
      qosNetworkPolicyId: networkPolicies.get(port.networkId) ?? null,
      ipAllocation: own.length > 0 ? 'immediate' : 'none',
      vifDetails: port.vifType === 'bridge' ? vifDetails(port, hosts.get(port.bindingHost), cloudId) : {},
    };
  };
}
