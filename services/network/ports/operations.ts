import type { Who } from '#shared/auth/who.ts';
import { conflict } from '#shared/errors/fault.ts';
import { assignAddresses } from '../addresses/assign.ts';
import type { Network } from '../context.ts';
import { tellCompute } from '../events/store.ts';
import { getHost } from '../hosts/store.ts';
import { networkRows } from '../networks/store.ts';
import { reserve } from '../quotas/reserve.ts';
import { given } from '../resources/values.ts';
import { groupsOfPorts, putPortGroups } from '../security-groups/store.ts';
import { subnetRows } from '../subnets/store.ts';
import { freshMac, freshPort, thatMac } from './fresh.ts';
import { placeLeases } from './leases.ts';
import { readdress } from './readdress.ts';
import { removePort } from './remove.ts';
import { restatePort } from './restate.ts';
import { owner, type Port, portRows } from './store.ts';
import { flagOf, groupsFor, type PortWish, pairsFor, refuseDhcpOptions, refuseForeignDevice } from './wish.ts';

export async function createPort(network: Network, who: Who, wish: PortWish, projectId: string): Promise<Port> {
  const { db } = network;
  refuseDhcpOptions(wish);
  await refuseForeignDevice(network, who, wish);
  const net = await networkRows.find(db, who, wish.network_id);
  await reserve(network, projectId, 'port');
  const deviceOwner = wish.device_owner ?? '';
  const guarded = flagOf(wish.port_security_enabled, 'port_security_enabled') ?? net.portSecurityEnabled;
  const portSecurityEnabled = guarded && !deviceOwner.startsWith('network:');
  const macAddress = wish.mac_address ? await thatMac(db, net.id, wish.mac_address) : await freshMac(db, net.id);
  const fresh = freshPort(net.id, projectId);
  const port: Port = {
    ...fresh,
    name: wish.name ?? '',
    description: wish.description ?? '',
    macAddress,
    adminStateUp: flagOf(wish.admin_state_up, 'admin_state_up') ?? true,
    deviceId: wish.device_id ?? '',
    deviceOwner,
    portSecurityEnabled,
    allowedAddressPairs: pairsFor(wish.allowed_address_pairs, macAddress, portSecurityEnabled),
    dnsName: wish.dns_name ?? '',
    vnicType: wish['binding:vnic_type'] ?? 'normal',
    bindingProfile: wish['binding:profile'] ?? {},
    ...(await placed(network, wish['binding:host_id'] ?? '')),
  };
  const groupIds = await groupsFor(network, who, wish, port);
  await portRows.insert(db, port);
  await putPortGroups(db, port.id, groupIds);
  const subnets = await subnetRows.where(db, { networkId: net.id });
  const taker = { portId: port.id, mac: macAddress, networkId: net.id, subnets };
  await assignAddresses(network, { ...taker, wishes: wish.fixed_ips ?? undefined });
  await restatePort(network, { after: port, groupIds });
  return port;
}

/** Where a port is when it shall be on a host. A host that never reported cannot have it. */
async function placed({ db }: Network, name: string): Promise<Pick<Port, 'bindingHost' | 'vifType' | 'status'>> {
  if (name === '') return { bindingHost: '', vifType: 'unbound', status: 'DOWN' };
  const host = await getHost(db, name);
  if (!host) return { bindingHost: '', vifType: 'binding_failed', status: 'DOWN' };
  return { bindingHost: host.host, vifType: 'bridge', status: 'DOWN' };
}

export async function updatePort(network: Network, who: Who, before: Port, wish: Partial<PortWish>): Promise<Port> {
  const { db } = network;
  refuseDhcpOptions(wish);
  await refuseForeignDevice(network, who, wish, before);
  const guarded = flagOf(wish.port_security_enabled, 'port_security_enabled') ?? before.portSecurityEnabled;
  const macAddress = await changedMac(network, before, wish.mac_address);
  const adminStateUp = flagOf(wish.admin_state_up, 'admin_state_up');
  const change = given({
    name: wish.name,
    description: wish.description ?? undefined,
    adminStateUp,
    // It is ACTIVE again when its host has heard that it is to be up.
    status: adminStateUp === false && before.status === 'ACTIVE' ? ('DOWN' as const) : undefined,
    macAddress,
    deviceId: wish.device_id,
    deviceOwner: wish.device_owner,
    portSecurityEnabled: guarded === before.portSecurityEnabled ? undefined : guarded,
    allowedAddressPairs:
      wish.allowed_address_pairs === undefined
        ? undefined
        : pairsFor(wish.allowed_address_pairs, macAddress ?? before.macAddress, guarded),
    dnsName: wish.dns_name,
    vnicType: wish['binding:vnic_type'],
    bindingProfile: wish['binding:profile'] === undefined ? undefined : (wish['binding:profile'] ?? {}),
    ...(await moved(network, before, wish)),
  });
  const after: Port = { ...before, ...change, updatedAt: Date.now(), revision: before.revision + 1 };
  const held = (await groupsOfPorts(db, [before.id])).get(before.id) ?? [];
  const groupIds = await regrouped(network, who, after, wish, held);
  await portRows.update(db, before.id, change);
  const readdressed = wish.fixed_ips ? await readdress(network, after, wish.fixed_ips) : false;
  if (!changesHosts(before, after, held, groupIds) && !readdressed) return after;
  await restatePort(network, { before, after, groupIds: [...new Set([...held, ...groupIds])] });
  if (readdressed || !sameOnes(held, groupIds))
    await tellCompute(db, after, { name: 'network-changed', status: 'completed' });
  return after;
}

/** A guest has the MAC that its port had when it was plugged. */
async function changedMac({ db }: Network, before: Port, asked: string | undefined): Promise<string | undefined> {
  const mac = asked?.toLowerCase();
  if (mac === undefined || mac === before.macAddress) return undefined;
  if (before.vifType === 'bridge')
    throw conflict(
      `Unable to complete operation on port ${before.id}, port is already bound, port type: ${before.vifType}, old_mac ${before.macAddress}, new_mac ${mac}.`,
      'PortBound',
    );
  return thatMac(db, before.networkId, mac);
}

async function moved(network: Network, before: Port, wish: Partial<PortWish>) {
  const name = wish['binding:host_id'];
  if (name === undefined) return {};
  const place = await placed(network, name ?? '');
  const stays = place.bindingHost === before.bindingHost && place.vifType === before.vifType;
  return stays ? {} : place;
}

async function regrouped(network: Network, who: Who, after: Port, wish: Partial<PortWish>, held: readonly string[]) {
  if (wish.security_groups === undefined) {
    if (held.length > 0 && !after.portSecurityEnabled)
      throw conflict(
        'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
        'PortSecurityPortHasSecurityGroup',
      );
    return held;
  }
  const groupIds = await groupsFor(network, who, { security_groups: wish.security_groups ?? [] }, after);
  await putPortGroups(network.db, after.id, groupIds);
  return groupIds;
}

/** A name or a description is nobody's business but the API's. */
function changesHosts(before: Port, after: Port, held: readonly string[], groupIds: readonly string[]): boolean {
  const seen = ({ bindingHost, macAddress, adminStateUp, portSecurityEnabled, allowedAddressPairs, dnsName }: Port) =>
    JSON.stringify([bindingHost, macAddress, adminStateUp, portSecurityEnabled, allowedAddressPairs, dnsName]);
  return seen(before) !== seen(after) || !sameOnes(held, groupIds);
}

const sameOnes = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each) => others.includes(each));

/** Ports of routers and floating IPs go with those. */
export async function deletePort(network: Network, _who: Who, port: Port): Promise<void> {
  if (/^network:(router_interface|router_gateway|floatingip)$/.test(port.deviceOwner))
    throw conflict(
      `Port ${port.id} cannot be deleted directly via the port API: has device owner ${port.deviceOwner}.`,
      'ServicePortInUse',
    );
  await removePort(network, port);
  // What a network needs for itself comes back: its leases and metadata stand on that port.
  if (port.deviceOwner === owner.dhcp) await placeLeases(network, port.networkId);
}
