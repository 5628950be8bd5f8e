/** The effects of attributes that the resource itself does not show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, blueNetwork, bootPort, refusal, startCloud, until } from './cloud.test.ts';

test('the quota of subnet pools counts', async (t) => {
  const cloud = await startCloud(t, { settings: { quotaSubnetpool: 1 } });
  const pool = (prefix: string) => ({ subnetpool: { name: 'p', prefixes: [prefix] } });
  await cloud.make('subnetpools', pool('10.1.0.0/16'));
  assert.equal((await refusal(cloud, 'POST', 'subnetpools', pool('10.2.0.0/16'))).type, 'OverQuota');
});

test('names of networks and ports reach the DHCP server of the host, also those of an update', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const { id } = await bootPort(cloud, network.id, 'kvm-1');
  const spec = () => host.dhcp.get(`${network.id}/dhcp`);
  await cloud.ask('PUT', `/v2.0/ports/${id}`, { port: { dns_name: 'web' } }, admin);
  await until(() => spec()?.leases[0]?.name === 'web');
  await cloud.ask('PUT', `/v2.0/networks/${network.id}`, { network: { dns_domain: 'blue.example.' } });
  await until(() => spec()?.domain === 'blue.example');
});

test('use_default_subnetpool needs a default pool, and gives a range of it', async (t) => {
  const cloud = await startCloud(t);
  const { id: network_id } = await cloud.make('networks', { network: {} });
  const subnet = { network_id, ip_version: 4, use_default_subnetpool: true };
  assert.match((await refusal(cloud, 'POST', 'subnets', { subnet })).message ?? '', /No default subnetpool defined/);
  const prefixes = ['10.20.0.0/16'];
  const pool = { name: 'p', prefixes, default_prefixlen: 24, is_default: true, shared: true };
  const { id } = await cloud.make('subnetpools', { subnetpool: pool }, admin);
  const made = await cloud.make('subnets', { subnet });
  assert.deepEqual([made.subnetpool_id, made.cidr], [id, '10.20.0.0/24']);
});

test('a subnet with service types is for ports of those device owners, which use it before others', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud);
  const service_types = ['compute:nova'];
  const special = { network_id: network.id, ip_version: 4, cidr: '10.8.0.0/24', service_types };
  const own = await cloud.make('subnets', { subnet: special }, admin);
  const subnetOf = async (device_owner: string) => {
    const port = await cloud.make('ports', { port: { network_id: network.id, device_owner } }, admin);
    return (port.fixed_ips as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id);
  };
  assert.deepEqual(await subnetOf('compute:nova'), [own.id]);
  assert.deepEqual(await subnetOf('compute:other'), [subnet.id]);
  await cloud.ask('PUT', `/v2.0/subnets/${subnet.id}`, { subnet: { service_types: ['network:x'] } }, admin);
  const none = { port: { network_id: network.id, device_owner: 'compute:other' } };
  assert.equal((await refusal(cloud, 'POST', 'ports', none)).type, 'IpAddressGenerationFailureNoMatchingSubnet');
});

test('an interface is added and removed by its subnet or by its port', async (t) => {
  const cloud = await startCloud(t);
  const { network, subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: {} });
  const change = async (verb: string, named: object) => {
    const { status, body } = await cloud.ask('PUT', `/v2.0/routers/${id}/${verb}_router_interface`, named);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const interfaces = async () => (await cloud.list(`ports?device_id=${id}`)).map((port) => port.id);
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  for (const named of [{ subnet_id: subnet.id }, { port_id: port.id }]) {
    const { port_id, subnet_id } = await change('add', named);
    assert.equal(subnet_id, subnet.id);
    assert.deepEqual(await interfaces(), [port_id]);
    assert.equal((await change('remove', named)).port_id, port_id);
    assert.deepEqual(await interfaces(), []);
  }
});
