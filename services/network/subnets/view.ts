import { standardView } from '../resources/view.ts';
import type { Subnet } from './store.ts';

export const subnetView = (subnet: Subnet) => ({
  ...standardView(subnet),
  network_id: subnet.networkId,
  ip_version: subnet.ipVersion,
  subnetpool_id: subnet.subnetpoolId,
  enable_dhcp: subnet.enableDhcp,
  ipv6_ra_mode: subnet.ipv6RaMode,
  ipv6_address_mode: subnet.ipv6AddressMode,
  gateway_ip: subnet.gatewayIp,
  cidr: subnet.cidr,
  allocation_pools: subnet.allocationPools,
  host_routes: subnet.hostRoutes,
  dns_nameservers: subnet.dnsNameservers,
  service_types: subnet.serviceTypes,
  segment_id: null,
});
