import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { notifyCompute } from '../events/store.ts';
import { findHost } from '../hosts/store.ts';
import { networkRows } from '../networks/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { given } from '../resources/values.ts';
import { groupsOfPorts, putPortGroups } from '../security-groups/store.ts';
import { subnetRows } from '../subnets/store.ts';
import { placeDhcp } from './dhcp-port.ts';
import { flagOf, groupsFor, type PortInput, pairsFor, refuseDhcpOptions, refuseForeignDevice } from './input.ts';
import { markPortDirty } from './mark-dirty.ts';
import { generateMac, newPort, reserveMac } from './new-port.ts';
import { removePort } from './remove.ts';
import { setFixedIps } from './set-fixed-ips.ts';
import { owner, type Port, portRows } from './store.ts';

export async function createPort(network: Network, caller: Caller, input: PortInput, projectId: string): Promise<Port> {
  const { db } = network;
  refuseDhcpOptions(input);
  await refuseForeignDevice(network, caller, input);
  const net = await networkRows.find(db, caller, input.network_id);
  await reserve(network, projectId, 'port');
  const deviceOwner = input.device_owner ?? '';
  const guarded = flagOf(input.port_security_enabled, 'port_security_enabled') ?? net.portSecurityEnabled;
  const portSecurityEnabled = guarded && !deviceOwner.startsWith('network:');
  const macAddress = input.mac_address
    ? await reserveMac(db, net.id, input.mac_address)
    : await generateMac(db, net.id);
  const newRow = newPort(net.id, projectId);
  const port: Port = {
    ...newRow,
    name: input.name ?? '',
    description: input.description ?? '',
    macAddress,
    adminStateUp: flagOf(input.admin_state_up, 'admin_state_up') ?? true,
    deviceId: input.device_id ?? '',
    deviceOwner,
    portSecurityEnabled,
    allowedAddressPairs: pairsFor(input.allowed_address_pairs, macAddress, portSecurityEnabled),
    dnsName: input.dns_name ?? '',
    vnicType: input['binding:vnic_type'] ?? 'normal',
    bindingProfile: input['binding:profile'] ?? {},
    ...(await bindingOn(network, input['binding:host_id'] ?? '')),
  };
  const groupIds = await groupsFor(network, caller, input, port);
  await portRows.insert(db, port);
  await putPortGroups(db, port.id, groupIds);
  const subnets = await subnetRows.where(db, { networkId: net.id });
  const addressRequest = { portId: port.id, mac: macAddress, networkId: net.id, subnets };
  await assignAddresses(network, { ...addressRequest, inputs: input.fixed_ips ?? undefined });
  await markPortDirty(network, { after: port, groupIds });
  return port;
}

/** The binding of a port to a host. It fails for a host that has never reported. */
async function bindingOn({ db }: Network, name: string): Promise<Pick<Port, 'bindingHost' | 'vifType' | 'status'>> {
  if (name === '') return { bindingHost: '', vifType: 'unbound', status: 'DOWN' };
  const host = await findHost(db, name);
  if (!host) return { bindingHost: '', vifType: 'binding_failed', status: 'DOWN' };
  return { bindingHost: host.host, vifType: 'bridge', status: 'DOWN' };
}

export async function updatePort(
  network: Network,
  caller: Caller,
  before: Port,
  input: Partial<PortInput>,
): Promise<Port> {
  const { db } = network;
  refuseDhcpOptions(input);
  await refuseForeignDevice(network, caller, input, before);
  const guarded = flagOf(input.port_security_enabled, 'port_security_enabled') ?? before.portSecurityEnabled;
  const macAddress = await changedMac(network, before, input.mac_address);
  const adminStateUp = flagOf(input.admin_state_up, 'admin_state_up');
  const change = given({
    name: input.name,
    description: input.description ?? undefined,
    adminStateUp,
    // It becomes ACTIVE when its host has applied the new admin state.
    status: adminStateUp === false && before.status === 'ACTIVE' ? ('DOWN' as const) : undefined,
    macAddress,
    deviceId: input.device_id,
    deviceOwner: input.device_owner,
    portSecurityEnabled: guarded === before.portSecurityEnabled ? undefined : guarded,
    allowedAddressPairs:
      input.allowed_address_pairs === undefined
        ? undefined
        : pairsFor(input.allowed_address_pairs, macAddress ?? before.macAddress, guarded),
    dnsName: input.dns_name,
    vnicType: input['binding:vnic_type'],
    bindingProfile: input['binding:profile'] === undefined ? undefined : (input['binding:profile'] ?? {}),
    ...(await changedBinding(network, before, input)),
  });
  const after: Port = { ...before, ...change, updatedAt: Date.now(), revision: before.revision + 1 };
  const currentGroups = (await groupsOfPorts(db, [before.id])).get(before.id) ?? [];
  const groupIds = await changedGroups(network, caller, after, input, currentGroups);
  await portRows.update(db, before.id, change);
  const addressesChanged = input.fixed_ips ? await setFixedIps(network, after, input.fixed_ips) : false;
  if (!affectsHosts(before, after, currentGroups, groupIds) && !addressesChanged) return after;
  await markPortDirty(network, { before, after, groupIds: [...new Set([...currentGroups, ...groupIds])] });
  if (addressesChanged || !sameIds(currentGroups, groupIds))
    await notifyCompute(db, after, { name: 'network-changed', status: 'completed' });
  return after;
}

/** The MAC of a bound port cannot change, because the guest has it already. */
async function changedMac({ db }: Network, before: Port, requested: string | undefined): Promise<string | undefined> {
  const mac = requested?.toLowerCase();
  if (mac === undefined || mac === before.macAddress) return undefined;
  if (before.vifType === 'bridge')
    throw conflict(
      `Unable to complete operation on port ${before.id}, port is already bound, port type: ${before.vifType}, old_mac ${before.macAddress}, new_mac ${mac}.`,
      'PortBound',
    );
  return reserveMac(db, before.networkId, mac);
}

async function changedBinding(network: Network, before: Port, input: Partial<PortInput>) {
  const name = input['binding:host_id'];
  if (name === undefined) return {};
  const binding = await bindingOn(network, name ?? '');
  const unchanged = binding.bindingHost === before.bindingHost && binding.vifType === before.vifType;
  return unchanged ? {} : binding;
}

async function changedGroups(
  network: Network,
  caller: Caller,
  after: Port,
  input: Partial<PortInput>,
  currentGroups: readonly string[],
) {
  if (input.security_groups === undefined) {
    if (currentGroups.length > 0 && !after.portSecurityEnabled)
      throw conflict(
        'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
        'PortSecurityPortHasSecurityGroup',
      );
    return currentGroups;
  }
  const groupIds = await groupsFor(network, caller, { security_groups: input.security_groups ?? [] }, after);
  await putPortGroups(network.db, after.id, groupIds);
  return groupIds;
}

/** True when the hosts need a new spec: a changed name or description does not affect them. */
function affectsHosts(
  before: Port,
  after: Port,
  currentGroups: readonly string[],
  groupIds: readonly string[],
): boolean {
  const hostFields = ({
    bindingHost,
    macAddress,
    adminStateUp,
    portSecurityEnabled,
    allowedAddressPairs,
    dnsName,
  }: Port) =>
    JSON.stringify([bindingHost, macAddress, adminStateUp, portSecurityEnabled, allowedAddressPairs, dnsName]);
  return hostFields(before) !== hostFields(after) || !sameIds(currentGroups, groupIds);
}

const sameIds = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each) => others.includes(each));

/** Ports of routers and floating IPs are deleted with those. */
export async function deletePort(network: Network, _caller: Caller, port: Port): Promise<void> {
  if (/^network:(router_interface|router_gateway|floatingip)$/.test(port.deviceOwner))
    throw conflict(
      `Port ${port.id} cannot be deleted directly via the port API: has device owner ${port.deviceOwner}.`,
      'ServicePortInUse',
    );
  await removePort(network, port);
  // The DHCP port is created again, as DHCP and metadata of the network depend on it.
  if (port.deviceOwner === owner.dhcp) await placeDhcp(network, port.networkId);
}
