import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DhcpSpec } from '#shared/contracts/network-agent.ts';
import { dnsmasqFiles } from './dnsmasq-files.ts';

const spec: DhcpSpec = {
  id: 'n/dhcp',
  segment: { networkId: 'n', type: 'vxlan', id: 1, physical: null, bridge: 'b', mtu: 1450, peers: [] },
  port: { id: 'abcdef01-2345', mac: 'fa:16:3e:00:00:02', fixedIps: [{ address: '10.7.0.2', subnetId: 's' }] },
  subnets: [{ id: 's', cidr: '10.7.0.0/20', gateway: '10.7.0.1', dns: [], routes: [], dhcp: true }],
  leases: [{ portId: 'p', mac: 'fa:16:3e:00:00:11', address: '10.7.0.11', name: 'web' }],
  domain: 'openstacklocal',
};
const files = (more: Partial<DhcpSpec> = {}) => dnsmasqFiles({ ...spec, ...more }, '/run/x', ['9.9.9.9']);
const subnet = (more: object) => ({ subnets: [{ ...spec.subnets[0], ...more }] }) as Partial<DhcpSpec>;

test('a lease is a line of MAC, address and name', () => {
  assert.equal(files().hosts, 'fa:16:3e:00:00:11,10.7.0.11,web\n');
  assert.equal(files().names, '10.7.0.11 web.openstacklocal web\n');
});

test('of two addresses of a port the first has the lease, and both have names', () => {
  const more = { portId: 'p', mac: 'FA:16:3e:00:00:11', address: '10.7.0.10', name: 'host-10-7-0-10' };
  const { hosts, names } = files({ leases: [...spec.leases, more] });
  assert.equal(hosts, 'fa:16:3e:00:00:11,10.7.0.11,web\n');
  assert.match(names, /^10\.7\.0\.11 web.*\n10\.7\.0\.10 host-10-7-0-10/);
});

test('an invalid host name is not written to the files', () => {
  const leases = [{ portId: 'p', mac: 'fa:16:3e:00:00:11', address: '10.7.0.11', name: 'web,ignore\nx' }];
  assert.equal(files({ leases }).hosts, 'fa:16:3e:00:00:11,10.7.0.11\n');
  assert.equal(files({ leases }).names, '');
});

test('a subnet has a static range with its mask', () => {
  assert.match(files()['dnsmasq.conf'], /dhcp-range=set:s0,10\.7\.0\.0,static,255\.255\.240\.0,86400s/);
  assert.match(files()['dnsmasq.conf'], /server=9\.9\.9\.9/);
});

test('a subnet without DHCP, or of IPv6, has no range', () => {
  assert.doesNotMatch(files(subnet({ dhcp: false }))['dnsmasq.conf'], /dhcp-range/);
  assert.doesNotMatch(files(subnet({ cidr: 'fd00::/64' }))['dnsmasq.conf'], /dhcp-range/);
});

test('the options are router, name server, MTU, and the routes with metadata first', () => {
  assert.deepEqual(files().options.trim().split('\n'), [
    'tag:s0,option:router,10.7.0.1',
    'tag:s0,option:dns-server,10.7.0.2',
    'tag:s0,option:mtu,1450',
    'tag:s0,121,169.254.169.254/32,10.7.0.2,0.0.0.0/0,10.7.0.1',
    'tag:s0,249,169.254.169.254/32,10.7.0.2,0.0.0.0/0,10.7.0.1',
  ]);
});

test('a network without a gateway has metadata but no router', () => {
  const { options } = files(
    subnet({ gateway: null, dns: ['1.1.1.1'], routes: [{ destination: '10.9.0.0/24', nexthop: '10.7.0.9' }] }),
  );
  assert.match(options, /^tag:s0,option:router\n/);
  assert.match(options, /dns-server,1\.1\.1\.1/);
  assert.match(options, /121,169\.254\.169\.254\/32,10\.7\.0\.2,10\.9\.0\.0\/24,10\.7\.0\.9\n/);
});
