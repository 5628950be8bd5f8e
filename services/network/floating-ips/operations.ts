import type { Caller } from '#shared/auth/caller.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { type NetworkRow, networkRows } from '../networks/store.ts';
import { generateMac, newPort } from '../ports/new-port.ts';
import { removePort } from '../ports/remove.ts';
import { owner, type Port, portRows } from '../ports/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { badResource, freshRow, given, type StandardInput } from '../resources/values.ts';
import { subnetRows } from '../subnets/store.ts';
import { associationFor } from './association.ts';
import { disassociate, markRouterDirty, notifyAddressChange } from './release.ts';
import { type FloatingIp, floatingIpRows } from './store.ts';

export interface FloatingIpInput extends StandardInput {
  readonly floating_network_id: string;
  readonly floating_ip_address?: string | null;
  readonly subnet_id?: string | null;
  readonly port_id?: string | null;
  readonly fixed_ip_address?: string | null;
  readonly dns_name?: string;
  readonly dns_domain?: string;
}

export async function createFloatingIp(network: Network, caller: Caller, input: FloatingIpInput, projectId: string) {
  const { db } = network;
  refuseFixedIpWithoutPort(input);
  const external = await networkRows.find(db, caller, input.floating_network_id);
  if (!external.external) throw badResource('floatingip', `Network ${external.id} is not a valid external network`);
  await reserve(network, projectId, 'floatingip');
  const fresh = freshRow(projectId, { description: input.description ?? '' }, 0);
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
    dnsName: input.dns_name ?? '',
    dnsDomain: input.dns_domain ?? '',
  };
  const association = input.port_id
    ? await associationFor(network, caller, unassociated, input.port_id, input.fixed_ip_address)
    : {};
  const floatingIp = { ...unassociated, ...association };
  await floatingIpRows.insert(db, floatingIp);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
  return floatingIp;
}

/** Allocates the address to a port on the external network that has no project. */
async function allocateAddress(network: Network, external: NetworkRow, input: FloatingIpInput, deviceId: string) {
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
  const requested = given({
    subnet_id: input.subnet_id ?? undefined,
    ip_address: input.floating_ip_address ?? undefined,
  });
  const inputs = Object.keys(requested).length > 0 ? [requested] : undefined;
  const addressRequest = { portId: port.id, mac: port.macAddress, networkId: external.id, subnets, inputs };
  const [allocated] = await assignAddresses(network, addressRequest);
  if (!allocated) throw badResource('floatingip', `Network ${external.id} does not contain any IPv4 subnet`);
  return { port, address: allocated.address };
}

/** `port_id` associates; null, like an empty body, disassociates; without it the association is unchanged. */
export async function updateFloatingIp(
  network: Network,
  caller: Caller,
  before: FloatingIp,
  input: Partial<FloatingIpInput>,
): Promise<FloatingIp> {
  const { db } = network;
  if (input.description !== undefined)
    await floatingIpRows.update(db, before.id, { description: input.description ?? '' });
  refuseFixedIpWithoutPort(input);
  if (input.port_id === null || Object.keys(input).length === 0) await disassociate(network, before);
  if (input.port_id) {
    const association = await associationFor(network, caller, before, input.port_id, input.fixed_ip_address);
    await floatingIpRows.update(db, before.id, { ...association, status: 'DOWN' });
    if (before.routerId !== association.routerId) await markRouterDirty(network, before.routerId);
    if (before.portId !== association.portId) await notifyAddressChange(network, before.portId);
    await markRouterDirty(network, association.routerId);
    await notifyAddressChange(network, association.portId);
  }
  return (await floatingIpRows.get(db, before.id)) ?? before;
}

function refuseFixedIpWithoutPort({ fixed_ip_address, port_id }: Partial<FloatingIpInput>): void {
  if (fixed_ip_address && !port_id)
    throw badResource('floatingip', 'fixed_ip_address cannot be specified without a port_id');
}

export async function removeFloatingIp(network: Network, _caller: Caller, floatingIp: FloatingIp): Promise<void> {
  const { db } = network;
  await floatingIpRows.remove(db, floatingIp.id);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
  const port = await portRows.get(db, floatingIp.floatingPortId);
  if (port) await removePort(network, port);
}
