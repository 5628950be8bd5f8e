import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, blueNetwork, startCloud, until } from './cloud.test.ts';

test('what a host refused is shown with the router, its floating IP and, to admins, with the agent, until the host has it', async (t) => {
  const cloud = await startCloud(t);
  let refused: readonly string[] = ['routes[0]', 'floatingIps[0]'];
  cloud.startHost('kvm-1', { ensureRouter: async () => ({ refused }) });
  await cloud.hostIsKnown('kvm-1');
  const { network, subnet } = await blueNetwork(cloud);
  const [outside] = await cloud.list('networks?router:external=True');
  const external_gateway_info = { network_id: outside?.id };
  const router = await cloud.make('routers', { router: { name: 'r', external_gateway_info } });
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await cloud.make('ports', { port: { network_id: network.id } });
  const floatingip = { floating_network_id: outside?.id, port_id: port.id };
  const floating = await cloud.make('floatingips', { floatingip });
  const routes = [{ destination: '10.9.0.0/16', nexthop: '10.7.0.9' }];
  await cloud.ask('PUT', `/v2.0/routers/${router.id}`, { router: { routes } });

  const parts = ['route 10.9.0.0/16 via 10.7.0.9', `floating IP ${floating.floating_ip_address}`];
  const shown = () => cloud.show(`routers/${router.id}`);
  await until(async () => (await shown()).status === 'ERROR' && (await shown())['wattle:refused'] !== undefined);
  await cloud.hostsInSync();
  assert.deepEqual((await shown())['wattle:refused'], parts);
  assert.equal((await cloud.show(`floatingips/${floating.id}`)).status, 'ERROR');
  const [agent] = await cloud.list('agents', admin);
  const { refused: listed } = (agent ?? assert.fail()).configurations as { refused: unknown };
  assert.deepEqual(listed, [{ kind: 'router', id: router.id, parts }]);

  refused = [];
  await cloud.ask('PUT', `/v2.0/routers/${router.id}`, { router: { name: 's' } });
  await until(async () => (await shown()).status === 'ACTIVE');
  assert.ok(!('wattle:refused' in (await shown())));
  assert.equal((await cloud.show(`floatingips/${floating.id}`)).status, 'ACTIVE');
});
