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
  refuseAddressAlone(input);
  const outside = await networkRows.find(db, caller, input.floating_network_id);
  if (!outside.external) throw badResource('floatingip', `Network ${outside.id} is not a valid external network`);
  await reserve(network, projectId, 'floatingip');
  const fresh = freshRow(projectId, { description: input.description ?? '' }, 0);
  const { port, address } = await takeAddress(network, outside, input, fresh.id);
  const bare: FloatingIp = {
    ...fresh,
    floatingNetworkId: outside.id,
    floatingIpAddress: address,
    floatingPortId: port.id,
    portId: null,
    fixedIpAddress: null,
    routerId: null,
    status: 'DOWN',
    dnsName: input.dns_name ?? '',
    dnsDomain: input.dns_domain ?? '',
  };
  const place = input.port_id ? await associationFor(network, caller, bare, input.port_id, input.fixed_ip_address) : {};
  const floatingIp = { ...bare, ...place };
  await floatingIpRows.insert(db, floatingIp);
  await markRouterDirty(network, floatingIp.routerId);
  await notifyAddressChange(network, floatingIp.portId);
  return floatingIp;
}

/** A port of nobody on the external network holds the address. */
async function takeAddress(network: Network, outside: NetworkRow, input: FloatingIpInput, deviceId: string) {
  const { db } = network;
  const port: Port = {
    ...newPort(outside.id, ''),
    macAddress: await generateMac(db, outside.id),
    deviceId,
    deviceOwner: owner.floatingIp,
    portSecurityEnabled: false,
    status: 'N/A',
  };
  await portRows.insert(db, port);
  const subnets = (await subnetRows.where(db, { networkId: outside.id })).filter(({ ipVersion }) => ipVersion === 4);
  const asked = given({
    subnet_id: input.subnet_id ?? undefined,
    ip_address: input.floating_ip_address ?? undefined,
  });
  const inputs = Object.keys(asked).length > 0 ? [asked] : undefined;
  const taker = { portId: port.id, mac: port.macAddress, networkId: outside.id, subnets, inputs };
  const [taken] = await assignAddresses(network, taker);
  if (!taken) throw badResource('floatingip', `Network ${outside.id} does not contain any IPv4 subnet`);
  return { port, address: taken.address };
}

/** A port to stand for, or null to stand for none, as an empty body does; one that names other things leaves it. */
export async function updateFloatingIp(
  network: Network,
  caller: Caller,
  before: FloatingIp,
  input: Partial<FloatingIpInput>,
): Promise<FloatingIp> {
  const { db } = network;
  if (input.description !== undefined)
    await floatingIpRows.update(db, before.id, { description: input.description ?? '' });
  refuseAddressAlone(input);
  if (input.port_id === null || Object.keys(input).length === 0) await disassociate(network, before);
  if (input.port_id) {
    const place = await associationFor(network, caller, before, input.port_id, input.fixed_ip_address);
    await floatingIpRows.update(db, before.id, { ...place, status: 'DOWN' });
    if (before.routerId !== place.routerId) await markRouterDirty(network, before.routerId);
    if (before.portId !== place.portId) await notifyAddressChange(network, before.portId);
    await markRouterDirty(network, place.routerId);
    await notifyAddressChange(network, place.portId);
  }
  return (await floatingIpRows.get(db, before.id)) ?? before;
}

function refuseAddressAlone({ fixed_ip_address, port_id }: Partial<FloatingIpInput>): void {
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
