import { bridgeName, tapName } from '#shared/contracts/names.ts';
import { type Address, listAddresses } from '../addresses/store.ts';
import { fixedIpViews } from '../addresses/view.ts';
import type { Network } from '../context.ts';
import { type Host, listHosts } from '../hosts/store.ts';
import type { May } from '../resources/values.ts';
import { standardView } from '../resources/view.ts';
import { groupsOfPorts } from '../security-groups/store.ts';
import type { Port } from './store.ts';

interface PortRelations {
  readonly addresses: readonly Address[];
  readonly groupIds: readonly string[];
}

const portView = (port: Port, { addresses, groupIds }: PortRelations) => ({
  ...standardView(port),
  network_id: port.networkId,
  mac_address: port.macAddress,
  admin_state_up: port.adminStateUp,
  status: port.status,
  device_id: port.deviceId,
  device_owner: port.deviceOwner,
  fixed_ips: fixedIpViews(addresses),
  allowed_address_pairs: port.allowedAddressPairs,
  extra_dhcp_opts: port.extraDhcpOpts,
  security_groups: groupIds,
  port_security_enabled: port.portSecurityEnabled,
  qos_policy_id: null,
  qos_network_policy_id: null,
  resource_request: null,
  ip_allocation: addresses.length > 0 ? 'immediate' : 'none',
  'binding:vnic_type': port.vnicType,
});

/** Attributes for admins and services only: the host, and how to connect to the port. */
const bindingView = (port: Port, host: Host | undefined, cloudId: string) => ({
  'binding:host_id': port.bindingHost,
  'binding:profile': port.bindingProfile,
  'binding:vif_type': port.vifType,
  'binding:vif_details': port.vifType === 'bridge' ? vifDetails(port, host, cloudId) : {},
});

/** A host without root has no bridge, as its guests have user-mode networking. */
const vifDetails = ({ id, networkId }: Port, host: Host | undefined, cloudId: string) => ({
  port_filter: true,
  connectivity: 'l2',
  bridge_name: host?.driver === 'user' ? null : bridgeName(cloudId, networkId),
  wattle_tap: tapName(cloudId, id),
  wattle_driver: host?.driver ?? null,
});

export async function portViews({ db, cloudId }: Network, ports: readonly Port[], may: May): Promise<object[]> {
  const ids = ports.map(({ id }) => id);
  const addresses = Map.groupBy(await listAddresses(db, ids), ({ portId }) => portId);
  const groups = await groupsOfPorts(db, ids);
  const showsBinding = may('get_port:binding:host_id');
  const hosts = showsBinding
    ? new Map((await listHosts(db)).map((host) => [host.host, host]))
    : new Map<string, Host>();
  return ports.map((port) => ({
    ...portView(port, { addresses: addresses.get(port.id) ?? [], groupIds: groups.get(port.id) ?? [] }),
    ...(showsBinding ? bindingView(port, hosts.get(port.bindingHost), cloudId) : {}),
  }));
}
