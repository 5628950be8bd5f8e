import { tapName } from '#shared/contracts/names.ts';
import type { PortSpec } from '#shared/contracts/network-agent.ts';
import { listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { networkRows } from '../networks/resource.ts';
import { listInactive } from '../port-bindings/store.ts';
import { type Port, portRows } from '../ports/resource.ts';
import { qosOf } from '../qos/store.ts';
import { groupRows } from '../security-groups/resource.ts';
import { groupsOfPorts } from '../security-groups/store.ts';
import { segmentOn } from './segment.ts';

const isBoundTo = async (db: Network['db'], { id, bindingHost }: Port, host: string): Promise<boolean> =>
  bindingHost === host || (await listInactive(db, [id])).some((binding) => binding.host === host);

/** Undefined when the port has no binding to that host. */
export async function portSpec(network: Network, host: string, portId: string): Promise<PortSpec | undefined> {
  const { db, cloudId } = network;
  const port = await portRows.get(db, portId);
  if (!port || !(await isBoundTo(db, port, host))) return undefined;
  const net = await networkRows.get(db, port.networkId);
  if (!net) return undefined;
  const addresses = await listAddresses(db, [port.id]);
  const groupIds = (await groupsOfPorts(db, [port.id])).get(port.id) ?? [];
  const groups = await groupRows.whereIn(db, 'id', groupIds);
  const qos = await qosOf(db, port.qosPolicyId ?? net.qosPolicyId);
  return {
    id: port.id,
    segment: await segmentOn(network, net, host),
    tap: tapName(cloudId, port.id),
    mac: port.macAddress,
    fixedIps: addresses.map(({ address, subnetId }) => ({ address, subnetId })),
    allowedPairs: port.allowedAddressPairs.map((pair) => ({ address: pair.ip_address, mac: pair.mac_address })),
    guarded: port.portSecurityEnabled,
    adminUp: port.adminStateUp && net.adminStateUp,
    groupIds,
    ...(qos ? { qos } : {}),
    stateless: groups.length > 0 && groups.every(({ stateful }) => !stateful),
  };
}
