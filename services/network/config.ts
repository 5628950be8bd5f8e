/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { flag, list, number, text } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('9696', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  underlayMtu: number(1500, 'the MTU between hosts; a tenant network has 50 less'),
  segmentFirst: number(1, 'the first VXLAN identifier for tenant networks'),
  segmentLast: number(65_535, 'the last one; more than 65535 do not fit a conntrack zone'),
  flatNetworks: list(['public'], 'labels of wires on which flat networks may be made'),
  external: text('public', 'the external network made at the first start; empty: none'),
  externalCidr: text('172.24.4.0/24', 'its range'),
  externalGateway: text('172.24.4.1', 'its gateway'),
  externalPool: text('', 'its addresses for routers and floating IPs, first-last; empty: all of the range'),
  externalOnHost: flag(true, 'the gateway is an address of the host that is the way out; false: a router on the wire'),
  masquerade: flag(true, 'what leaves through that host gets its address'),
  gatewayHost: text('', 'the host where routers and external wires are; empty: the first host that reports'),
  dnsDomain: text('openstacklocal', 'the domain of names that leases give'),
  quotaNetwork: number(100, 'networks of a project; -1: no limit'),
  quotaSubnet: number(100, 'subnets of a project'),
  quotaPort: number(500, 'ports of a project'),
  quotaRouter: number(10, 'routers of a project'),
  quotaFloatingip: number(50, 'floating IPs of a project'),
  quotaSecurityGroup: number(10, 'security groups of a project'),
  quotaSecurityGroupRule: number(100, 'security group rules of a project'),
  answerMs: number(60_000, 'how long a host may take for one piece of work'),
  pollMs: number(2_000, 'how often to look for open work when no hint comes'),
  backoffMs: number(500, 'the first pause after a passing error'),
  awayMs: number(90_000, 'after this silence a host counts as down'),
};
