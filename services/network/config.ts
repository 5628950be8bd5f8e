/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { flag, list, number, text } from '#shared/config/settings.ts';
import { presenceSettings } from '#shared/hosts/presence.ts';

export const section = {
  ...apiSettings,
  listen: text('9696', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  underlayMtu: number(1500, 'MTU between hosts; a VXLAN network has 50 less'),
  segmentFirst: number(1, 'first VXLAN identifier of tenant networks'),
  segmentLast: number(65_535, 'last VXLAN identifier; at most 65535, the largest conntrack zone'),
  flatNetworks: list(['public'], 'physical networks on which flat networks may be created'),
  external: text('public', 'name of the external network created at the first start; empty: none'),
  externalCidr: text('172.24.4.0/24', 'CIDR of the external subnet'),
  externalGateway: text('172.24.4.1', 'gateway of the external subnet'),
  externalPool: text('', 'allocation pool of the external subnet, first-last; empty: the whole CIDR'),
  externalOnHost: flag(
    true,
    'put externalGateway on the bridge of the gateway host; false: the gateway is a router of the physical network',
  ),
  masquerade: flag(true, 'source NAT to the address of the gateway host for traffic that leaves through it'),
  gatewayHost: text(
    '',
    'the only host that runs routers; empty: all that have a NIC of a physical network and a weight, or without any the first host that reports',
  ),
  gatewayLeaseMs: number(
    4_500,
    'lease of the routers of a host: without contact to this service it stops them after this time, and soon after they start on another',
  ),
  dnsDomain: text('openstacklocal', 'DNS domain of names given by DHCP'),
  quotaNetwork: number(100, 'quota of networks of a project; -1: no limit'),
  quotaSubnet: number(100, 'quota of subnets of a project'),
  quotaSubnetpool: number(-1, 'quota of subnet pools of a project'),
  quotaPort: number(500, 'quota of ports of a project'),
  quotaRouter: number(10, 'quota of routers of a project'),
  quotaFloatingip: number(50, 'quota of floating IPs of a project'),
  quotaSecurityGroup: number(10, 'quota of security groups of a project'),
  quotaSecurityGroupRule: number(100, 'quota of security group rules of a project'),
  quotaAddressGroup: number(-1, 'quota of address groups of a project'),
  quotaRbacPolicy: number(10, 'quota of RBAC policies of a project'),
  answerMs: number(60_000, 'timeout of one operation on a host'),
  pollMs: number(2_000, 'poll interval for open work, in case a notification is lost'),
  backoffMs: number(500, 'delay before the first retry after a transient error; doubled for each further one'),
  ...presenceSettings,
};
