import { list, number, oneOf, text } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(
    ['auto', 'linux', 'user', 'fake'],
    'auto',
    'network driver; auto: linux as root, else user (user-mode networking)',
  ),
  availabilityZone: text('nova', 'availability zone of this host, which networks and routers can name'),
  stateDir: text('', 'directory of the specs that this host applies; empty: network-agent below var'),
  tunnelAddress: text('', 'local address of VXLAN tunnels; empty: the address of the cloud'),
  vxlanPort: number(4789, 'UDP port of VXLAN; must differ between multi-host clouds that share a machine'),
  physicalNetworks: list([], 'physical networks and the NICs of this host that are bridged to them: public=eth1'),
  gatewayWeight: number(1, 'share of the routers that this host gets, if it has a NIC of a physical network; 0: none'),
  dns: list([], 'name servers for subnets that set none; empty: those of the host'),
  hostEndpoints: list(
    [],
    'ports of the hosts that guests and routers may reach, all others are closed: 8774 (at the address of the cloud), 10.0.0.1:53/udp',
  ),
  fakeHosts: number(1, 'number of fake hosts in this process, named as those of compute-agent: host-1, host-2 …'),
  healMs: number(15_000, 'interval for comparing the host with its specs and repairing differences'),
} as const;
