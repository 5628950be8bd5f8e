/** Ports of floating IPs that lead to ports of guests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  admin,
  anonymous,
  blueNetwork,
  type Cloud,
  type Json,
  nowhere,
  refusal,
  startCloud,
  until,
} from './cloud.test.ts';

async function forwardingCloud(t: Parameters<typeof startCloud>[0]) {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  await until(async () => (await cloud.list('networks?name=public')).length === 1);
  const [outside] = await cloud.list('networks?name=public', admin);
  const { network, subnet } = await blueNetwork(cloud);
  const gateway = { external_gateway_info: { network_id: outside?.id } };
  const router = await cloud.make('routers', { router: gateway });
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const address = (port.fixed_ips as { ip_address: string }[])[0]?.ip_address;
  const fip = await cloud.make('floatingips', { floatingip: { floating_network_id: outside?.id } });
  const path = `floatingips/${fip.id}/port_forwardings`;
  const body = (more: Json) => ({
    port_forwarding: { internal_port_id: port.id, protocol: 'tcp', external_port: 8080, internal_port: 80, ...more },
  });
  return { cloud, host, network, subnet, router, port, address, fip, path, body };
}

const refusalOf = async (cloud: Cloud, path: string, body: Json, method = 'POST') => {
  const { status, type } = await refusal(cloud, method, path, body);
  return [status, type];
};

test('the router of a floating IP gets its port forwardings, and the floating IP is ACTIVE with them alone', async (t) => {
  const { cloud, host, router, address, fip, path, body } = await forwardingCloud(t);
  const one = await cloud.make(path, body({ description: 'web' }));
  assert.deepEqual(
    [one.external_port, one.internal_port, one.internal_ip_address, one.internal_port_range, one.description],
    [8080, 80, address, '80:80', 'web'],
  );
  const range = { external_port: null, internal_port: null };
  const two = await cloud.make(
    path,
    body({ ...range, external_port_range: '9000:9009', internal_port_range: '90:99' }),
  );
  assert.deepEqual([two.external_port, two.external_port_range], [undefined, '9000:9009']);
  await cloud.hostsInSync();
  const specs = host.routers.get(router.id)?.forwardings ?? [];
  assert.deepEqual(
    new Set(specs.map(({ fixed, outside, inside }) => JSON.stringify([fixed, outside, inside]))),
    new Set([JSON.stringify([address, [8080, 8080], [80, 80]]), JSON.stringify([address, [9000, 9009], [90, 99]])]),
  );
  const shown = await cloud.show(`floatingips/${fip.id}`);
  assert.deepEqual(
    [shown.status, shown.router_id, (shown.port_forwardings as Json[]).length],
    ['ACTIVE', router.id, 2],
  );
  const change = { port_forwarding: { external_port: 8081, description: 'x' } };
  const changed = await cloud.ask('PUT', `/v2.0/${path}/${one.id}`, change);
  assert.equal((changed.body.port_forwarding as Json).external_port, 8081, JSON.stringify(changed.body));
  for (const { id } of [one, two]) assert.equal((await cloud.ask('DELETE', `/v2.0/${path}/${id}`)).status, 204);
  await cloud.hostsInSync();
  assert.deepEqual(host.routers.get(router.id)?.forwardings, []);
  assert.equal((await cloud.show(`floatingips/${fip.id}`)).router_id, null);
});

test('port forwardings are refused where they collide, are no ranges, or the port cannot be reached', async (t) => {
  const { cloud, path, body, fip, port, address } = await forwardingCloud(t);
  const other = address === '10.7.0.250' ? '10.7.0.251' : '10.7.0.250'; // the port has any address of its subnet
  await cloud.make(path, body({}));
  const cases: readonly Json[] = [
    { internal_port: 81 },
    { external_port: 8081 },
    { external_port: null, external_port_range: '8000:9000', internal_port: 99 },
    { external_port: null, external_port_range: '7000:7009', internal_port: null, internal_port_range: '70:71' },
    { external_port: null, external_port_range: '9:1', internal_port: 70 },
    { external_port: null, external_port_range: '1:70000', internal_port: 70 },
    { external_port: null },
    { external_port: 7, internal_port: 7, internal_ip_address: other },
  ];
  for (const more of cases)
    assert.deepEqual(await refusalOf(cloud, path, body(more)), [400, 'BadRequest'], JSON.stringify(more));
  await cloud.make(path, body({ protocol: 'udp' }));
  assert.deepEqual(await refusalOf(cloud, path, body({ internal_port_id: nowhere })), [404, 'PortNotFound']);
  const alone = await cloud.make('networks', { network: {} });
  await cloud.make('subnets', { subnet: { network_id: alone.id, ip_version: 4, cidr: '10.8.0.0/24' } });
  const far = await cloud.make('ports', { port: { network_id: alone.id } });
  assert.deepEqual(await refusalOf(cloud, path, body({ internal_port_id: far.id, external_port: 5 })), [
    400,
    'BadRequest',
  ]);
  const associate = { floatingip: { port_id: port.id } };
  const inUse = [409, 'FipInUseByPortForwarding'];
  assert.deepEqual(await refusalOf(cloud, `floatingips/${fip.id}`, associate, 'PUT'), inUse);
  assert.deepEqual(await refusalOf(cloud, `floatingips/${fip.id}`, {}, 'DELETE'), inUse);
  assert.equal((await refusal(cloud, 'GET', path, undefined, anonymous)).status, 404);
});

test('port forwardings end with the port, and keep the interface of the router', async (t) => {
  const { cloud, host, router, subnet, port, fip, path, body } = await forwardingCloud(t);
  await cloud.make(path, body({}));
  const leave = { subnet_id: subnet.id };
  assert.deepEqual(await refusalOf(cloud, `routers/${router.id}/remove_router_interface`, leave, 'PUT'), [
    409,
    'RouterInterfaceInUseByFloatingIP',
  ]);
  assert.equal((await cloud.ask('DELETE', `/v2.0/ports/${port.id}`)).status, 204);
  await cloud.hostsInSync();
  assert.deepEqual(await cloud.list(path), []);
  assert.deepEqual(host.routers.get(router.id)?.forwardings, []);
  assert.equal((await cloud.ask('DELETE', `/v2.0/floatingips/${fip.id}`)).status, 204);
});

test('an associated floating IP has no port forwarding, and none leads to a port with a floating IP', async (t) => {
  const { cloud, port, fip, path, body } = await forwardingCloud(t);
  await cloud.ask('PUT', `/v2.0/floatingips/${fip.id}`, { floatingip: { port_id: port.id } });
  assert.deepEqual(await refusalOf(cloud, path, body({})), [409, 'FloatingIPPortAlreadyAssociated']);
  const other = await cloud.make('floatingips', { floatingip: { floating_network_id: fip.floating_network_id } });
  const to = `floatingips/${other.id}/port_forwardings`;
  assert.deepEqual(await refusalOf(cloud, to, body({})), [409, 'PortHasBindingFloatingIP']);
});
