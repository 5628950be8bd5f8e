import { list, number, oneOf, text } from '#shared/config/settings.ts';

export const section = {
  driver: oneOf(['auto', 'linux', 'user', 'fake'], 'auto', 'auto: linux as root, else user'),
  stateDir: text('', 'where this host keeps what it was asked to be; empty: network-agent below var'),
  tunnelAddress: text('', 'where other hosts send VXLAN frames for this one; empty: the address of the cloud'),
  vxlanPort: number(4789, 'UDP port of VXLAN; clouds that share a machine and span hosts need one each'),
  wires: list([], 'flat networks that have a wire, and the NIC it is plugged into: public=eth1'),
  dns: list([], 'name servers asked for networks without any of their own; empty: those of the host'),
  hostDoors: list(
    [],
    'ports of the cloud’s machines that guests and routers may reach, closed otherwise: 8774 at the address of the cloud, 10.0.0.1:53/udp',
  ),
  healMs: number(15_000, 'how often the host is compared with what it was asked to be'),
} as const;
