/** The configuration files of dnsmasq. */
import { getServers } from 'node:dns';
import { isIP } from 'node:net';
import { domainName, hostLabel } from '#shared/contracts/grammar.ts';
import type { DhcpSpec } from '#shared/contracts/network-agent.ts';
import { isWithin } from '#shared/net/addresses.ts';
import { inner } from './names.ts';

type Subnet = DhcpSpec['subnets'][number];

export interface DnsmasqFiles {
  /** Read at the start only. */
  readonly 'dnsmasq.conf': string;
  /** This one and the files below are read again at SIGHUP. */
  readonly hosts: string;
  readonly options: string;
  readonly names: string;
}

export const metadataAddress = '169.254.169.254';

export function dnsmasqFiles(spec: DhcpSpec, dir: string, upstream: readonly string[]): DnsmasqFiles {
  const subnets = spec.subnets.filter(isServed);
  return {
    'dnsmasq.conf': lines(config(spec, subnets, dir, upstream)),
    hosts: lines(
      firstOfEach(spec.leases.filter(({ address }) => isIP(address) === 4)).map(({ mac, address, name }) =>
        [mac, address, label(name)].filter(Boolean).join(','),
      ),
    ),
    options: lines(subnets.flatMap((subnet, index) => optionsOf(spec, subnet, `tag:s${index}`))),
    names: lines(
      spec.leases
        .filter(({ name }) => label(name))
        .map(({ address, name }) => `${address} ${names(name, spec.domain)}`),
    ),
  };
}

/** A client gets one address. Of several lines with its MAC dnsmasq uses the last, so only the first address is written. */
const firstOfEach = (leases: DhcpSpec['leases']) =>
  leases.filter(({ mac }, at) => leases.findIndex((other) => other.mac.toLowerCase() === mac.toLowerCase()) === at);

const isServed = ({ dhcp, cidr }: Subnet) => dhcp && cidr.includes('.');

const config = (
  { port, domain, leases }: DhcpSpec,
  subnets: readonly Subnet[],
  dir: string,
  upstream: readonly string[],
) => [
  `interface=${inner.dhcp(port.id)}`,
  'except-interface=lo',
  'bind-interfaces',
  'no-hosts',
  'no-resolv',
  'no-poll',
  'no-ping',
  'dhcp-authoritative',
  // Every lease is configured, so a lease file could only hold stale ones.
  'leasefile-ro',
  `dhcp-lease-max=${Math.max(1000, 2 ** Math.ceil(Math.log2(leases.length + 1)))}`,
  'quiet-dhcp',
  `dhcp-hostsfile=${dir}/hosts`,
  `dhcp-optsfile=${dir}/options`,
  `addn-hosts=${dir}/names`,
  `pid-file=${dir}/pid`,
  `log-facility=${dir}/log`,
  ...(isDomain(domain) ? [`domain=${domain}`, `local=/${domain}/`, 'expand-hosts'] : []),
  ...upstream.filter((server) => isIP(server)).map((server) => `server=${server}`),
  ...subnets.map(({ cidr }, index) => `dhcp-range=set:s${index},${cidr.split('/')[0]},static,${netmask(cidr)},86400s`),
];

/** A client that gets option 121 must ignore option 3, so both have the default route. */
function optionsOf(spec: DhcpSpec, subnet: Subnet, tag: string): string[] {
  const own = serverIn(spec, subnet);
  const dns = subnet.dns.length > 0 ? subnet.dns : own;
  const routes = routesOf(spec, subnet, own[0]);
  return [
    subnet.gateway ? `${tag},option:router,${subnet.gateway}` : `${tag},option:router`,
    ...(dns.length > 0 ? [`${tag},option:dns-server,${dns.join(',')}`] : []),
    `${tag},option:mtu,${spec.segment.mtu}`,
    ...(routes.length > 0 ? [121, 249].map((option) => `${tag},${option},${routes.join(',')}`) : []),
  ];
}

const serverIn = ({ port }: DhcpSpec, { id, cidr }: Subnet): string[] =>
  port.fixedIps
    .filter(({ address, subnetId }) => subnetId === id || isWithin(address, cidr))
    .map(({ address }) => address);

/** The metadata address is routed to the DHCP namespace, so that networks without a router have metadata too. */
function routesOf(spec: DhcpSpec, subnet: Subnet, own: string | undefined): string[] {
  const otherSubnets = spec.subnets.filter(({ id, cidr }) => id !== subnet.id && cidr.includes('.'));
  const requested = subnet.routes.filter(({ destination }) => destination.includes('.'));
  const metadata = own && !requested.some(({ destination }) => destination === `${metadataAddress}/32`);
  return [
    ...(metadata ? [`${metadataAddress}/32,${own}`] : []),
    ...otherSubnets.map(({ cidr }) => `${cidr},0.0.0.0`),
    ...requested.map(({ destination, nexthop }) => `${destination},${nexthop}`),
    ...(subnet.gateway ? [`0.0.0.0/0,${subnet.gateway}`] : []),
  ];
}

function netmask(cidr: string): string {
  const bits = 2 ** 32 - 2 ** (32 - Number(cidr.split('/')[1]));
  return [24, 16, 8, 0].map((shift) => Math.floor(bits / 2 ** shift) % 256).join('.');
}

/** Names come from tenants: only valid host and domain names are written to the files. */
const label = (name: string) => (hostLabel.test(name) ? name : '');
const isDomain = (domain: string) => domainName.test(domain);
const names = (name: string, domain: string) => (isDomain(domain) ? `${name}.${domain} ${name}` : name);
const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('');

/** The name servers of the host that a tenant's network can reach: not those on loopback. */
export const hostServers = (): string[] =>
  getServers().filter((server) => isIP(server) && !/^(127\.|::1$)/.test(server));
