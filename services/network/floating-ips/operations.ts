import type { Caller } from '#shared/auth/caller.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { type NetworkRow, networkRows } from '../networks/resource.ts';
import { refuseForwarding } from '../port-forwardings/release.ts';
import { generateMac, newPort } from '../ports/new-port.ts';
import { removePort } from '../ports/remove.ts';
import { owner, type Port, portRows } from '../ports/resource.ts';
import { reserve } from '../quotas/quotas.ts';
import { badResource, freshRow } from '../resources/values.ts';
import { subnetRows } from '../subnets/resource.ts';
import { associationFor } from './association.ts';
import { disassociate, markRouterDirty, notifyAddressChange } from './release.ts';
import { type FloatingIp, type FloatingIpChange, floatingIpRows, type NewFloatingIp } from './resource.ts';

export async function createFloatingIp(network: Network, caller: Caller, input: NewFloatingIp, projectId: string) {
  const { db } = network;
  refuseFixedIpWithoutPort(input);
  const external = await networkRows.find(db, caller, input.floatingNetworkId);
  if (!external.external) throw badResource('floatingip', `Network ${external.id} is not a valid external network`);
  await reserve(network, projectId, 'floatingip');
  const fresh = freshRow(projectId, input, 0);
  const { port, address } = await allocateAddress(network, external, input, fresh.id);
  const unassociated: FloatingIp = {
    ...fresh,
    floatingNetworkId: external.id,
    floatingIpAddress: address,
    floatingPortId: port.id,
    portId: null,
    fixedIpAddress: null,
    routerId: null,
    status: 'DOWN',
    dnsName: '',
    dnsDomain: '',
  };
  const association = input.portId
    ? await associationFor(network, caller, unassociated, input.portId, input.fixedIpAddress)
    : {};
  const floatingIp = { ...unassociated, ...association };
  await floatingIpRows.insert(db, floatingIp);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
  return floatingIp;
}

/** Allocates the address to a port on the external network that has no project. */
async function allocateAddress(network: Network, external: NetworkRow, input: NewFloatingIp, deviceId: string) {
  const { db } = network;
  const port: Port = {
    ...newPort(external.id, ''),
    macAddress: await generateMac(db, external.id),
    deviceId,
    deviceOwner: owner.floatingIp,
    portSecurityEnabled: false,
    status: 'N/A',
  };
  await portRows.insert(db, port);
  const subnets = (await subnetRows.where(db, { networkId: external.id })).filter(({ ipVersion }) => ipVersion === 4);
  const requested = {
    ...(input.subnetId === undefined ? {} : { subnet_id: input.subnetId }),
    ...(input.floatingIpAddress === undefined ? {} : { ip_address: input.floatingIpAddress }),
  };
  const inputs = Object.keys(requested).length > 0 ? [requested] : undefined;
  const addressRequest = {
    portId: port.id,
    mac: port.macAddress,
    networkId: external.id,
    subnets,
    inputs,
    deviceOwner: owner.floatingIp,
  };
  const [allocated] = await assignAddresses(network, addressRequest);
  if (!allocated) throw badResource('floatingip', `Network ${external.id} does not contain any IPv4 subnet`);
  return { port, address: allocated.address };
}

/** `port_id` associates; null, like an empty body, disassociates; without it the association is unchanged. */
export async function updateFloatingIp(
  network: Network,
  caller: Caller,
  before: FloatingIp,
  input: FloatingIpChange,
): Promise<void> {
  const { db } = network;
  const { description, portId } = input;
  if (description !== undefined) await floatingIpRows.update(db, before.id, { description });
  refuseFixedIpWithoutPort(input);
  if (before.portId !== null && (portId === null || Object.keys(input).length === 0))
    await disassociate(network, before);
  if (!portId) return;
  const association = await associationFor(network, caller, before, portId, input.fixedIpAddress);
  await floatingIpRows.update(db, before.id, { ...association, status: 'DOWN' });
  if (before.routerId !== association.routerId) await markRouterDirty(network, before.routerId);
  if (before.portId !== association.portId) await notifyAddressChange(network, before.portId);
  await markRouterDirty(network, association.routerId);
  await notifyAddressChange(network, association.portId);
}

function refuseFixedIpWithoutPort({ fixedIpAddress, portId }: FloatingIpChange): void {
  if (fixedIpAddress && !portId)
    throw badResource('floatingip', 'fixed_ip_address cannot be specified without a port_id');
}

export async function removeFloatingIp(network: Network, _caller: Caller, floatingIp: FloatingIp): Promise<void> {
  const { db } = network;
  await refuseForwarding(network, floatingIp.id);
  await floatingIpRows.remove(db, floatingIp.id);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
  const port = await portRows.get(db, floatingIp.floatingPortId);
  if (port) await removePort(network, port);
}
