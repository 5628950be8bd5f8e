import type { Caller } from '#shared/auth/caller.ts';
import { conflict } from '#shared/errors/fault.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { notifyCompute } from '../events/store.ts';
import { findHost } from '../hosts/store.ts';
import { networkRows } from '../networks/resource.ts';
import { refusePolicyOf, requirePolicy } from '../qos/assign.ts';
import { reserve } from '../quotas/quotas.ts';
import { groupsOfPorts, putPortGroups } from '../security-groups/store.ts';
import { subnetRows } from '../subnets/resource.ts';
import { placeDhcp } from './dhcp-port.ts';
import { groupsFor, pairsFor, refuseForeignDevice } from './input.ts';
import { markPortDirty } from './mark-dirty.ts';
import { generateMac, newPort, reserveMac } from './new-port.ts';
import { removePort } from './remove.ts';
import { type NewPort, owner, type Port, type PortChange, portRows } from './resource.ts';
import { setFixedIps } from './set-fixed-ips.ts';

export async function createPort(network: Network, caller: Caller, input: NewPort, projectId: string): Promise<Port> {
  const { db } = network;
  await refuseForeignDevice(network, caller, input);
  refusePolicyOf(input.deviceOwner, input.qosPolicyId);
  await requirePolicy(network, caller, input.qosPolicyId);
  const { fixedIps, securityGroups, ...columns } = input;
  const net = await networkRows.find(db, caller, input.networkId);
  await reserve(network, projectId, 'port');
  const guarded = input.portSecurityEnabled ?? net.portSecurityEnabled;
  const portSecurityEnabled = guarded && !input.deviceOwner.startsWith('network:');
  const macAddress = input.macAddress ? await reserveMac(db, net.id, input.macAddress) : await generateMac(db, net.id);
  const port: Port = {
    ...newPort(net.id, projectId),
    ...columns,
    macAddress,
    portSecurityEnabled,
    allowedAddressPairs: pairsFor(input.allowedAddressPairs ?? [], macAddress, portSecurityEnabled),
    ...(await bindingOn(network, input.bindingHost ?? '')),
  };
  const groupIds = await groupsFor(network, caller, securityGroups, port);
  await portRows.insert(db, port);
  await putPortGroups(db, port.id, groupIds);
  const subnets = await subnetRows.where(db, { networkId: net.id });
  const { id: portId, deviceOwner } = port;
  const addressRequest = { portId, deviceOwner, mac: macAddress, networkId: net.id, subnets };
  await assignAddresses(network, { ...addressRequest, inputs: fixedIps ?? undefined });
  await markPortDirty(network, { after: port, groupIds });
  return port;
}

/** The binding of a port to a host. It fails for a host that has never reported, whose name it keeps. */
async function bindingOn({ db }: Network, name: string): Promise<Pick<Port, 'bindingHost' | 'vifType' | 'status'>> {
  if (name === '') return { bindingHost: '', vifType: 'unbound', status: 'DOWN' };
  const host = await findHost(db, name);
  if (!host) return { bindingHost: name, vifType: 'binding_failed', status: 'DOWN' };
  return { bindingHost: host.host, vifType: 'bridge', status: 'DOWN' };
}

export async function updatePort(network: Network, caller: Caller, before: Port, input: PortChange): Promise<void> {
  const { db } = network;
  await refuseForeignDevice(network, caller, input, before);
  refusePolicyOf(input.deviceOwner ?? before.deviceOwner, input.qosPolicyId);
  await requirePolicy(network, caller, input.qosPolicyId);
  const { fixedIps, securityGroups, ...columns } = input;
  const { portSecurityEnabled: guarded, allowedAddressPairs: pairs } = { ...before, ...columns };
  const macAddress = await changedMac(network, before, input.macAddress);
  // It becomes ACTIVE when its host has applied the new admin state.
  const isOff = input.adminStateUp === false && before.status === 'ACTIVE';
  const change = {
    ...columns,
    macAddress,
    ...(isOff ? { status: 'DOWN' as const } : {}),
    ...(input.allowedAddressPairs ? { allowedAddressPairs: pairsFor(pairs, macAddress, guarded) } : {}),
    ...(await changedBinding(network, before, input.bindingHost)),
  };
  const after: Port = { ...before, ...change };
  const currentGroups = (await groupsOfPorts(db, [before.id])).get(before.id) ?? [];
  const groupIds = await changedGroups(network, caller, after, securityGroups, currentGroups);
  await portRows.update(db, before.id, change);
  const addressesChanged = fixedIps ? await setFixedIps(network, after, fixedIps) : false;
  if (!affectsHosts(before, after, currentGroups, groupIds) && !addressesChanged) return;
  await markPortDirty(network, { before, after, groupIds: [...new Set([...currentGroups, ...groupIds])] });
  if (addressesChanged || !sameIds(currentGroups, groupIds))
    await notifyCompute(db, after, { name: 'network-changed', status: 'completed' });
}

/** The MAC of a bound port cannot change, because the guest has it already. */
async function changedMac({ db }: Network, before: Port, requested = before.macAddress): Promise<string> {
  const mac = requested.toLowerCase();
  if (mac === before.macAddress) return mac;
  if (before.vifType === 'bridge')
    throw conflict(
      `Unable to complete operation on port ${before.id}, port is already bound, port type: ${before.vifType}, old_mac ${before.macAddress}, new_mac ${mac}.`,
      'PortBound',
    );
  return reserveMac(db, before.networkId, mac);
}

async function changedBinding(network: Network, before: Port, name: string | undefined) {
  if (name === undefined) return {};
  const binding = await bindingOn(network, name);
  const unchanged = binding.bindingHost === before.bindingHost && binding.vifType === before.vifType;
  return unchanged ? { bindingHost: before.bindingHost } : binding;
}

async function changedGroups(
  network: Network,
  caller: Caller,
  after: Port,
  requested: readonly string[] | null | undefined,
  currentGroups: readonly string[],
) {
  if (requested === undefined) {
    if (currentGroups.length > 0 && !after.portSecurityEnabled)
      throw conflict(
        'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
        'PortSecurityPortHasSecurityGroup',
      );
    return currentGroups;
  }
  const groupIds = await groupsFor(network, caller, requested ?? [], after);
  await putPortGroups(network.db, after.id, groupIds);
  return groupIds;
}

const sentToHosts = [
  'bindingHost',
  'macAddress',
  'adminStateUp',
  'portSecurityEnabled',
  'allowedAddressPairs',
  'dnsName',
  'qosPolicyId',
] as const satisfies readonly (keyof Port)[];

/** True when the hosts need a new spec: a changed name or description does not affect them. */
function affectsHosts(
  before: Port,
  after: Port,
  currentGroups: readonly string[],
  groupIds: readonly string[],
): boolean {
  const hostFields = (port: Port) => JSON.stringify(sentToHosts.map((name) => port[name]));
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
