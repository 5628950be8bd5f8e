/** Items of a list that are added and removed one by one: routes, address pairs, prefixes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blueNetwork, type Cloud, type Json, nowhere, refusal, startCloud } from './cloud.test.ts';

const put = async (cloud: Cloud, path: string, body: Json): Promise<Json> => {
  const answer = await cloud.ask('PUT', `/v2.0/${path}`, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

test('routes of a router are added beside the others and removed alone; those that are there, or are not, do not matter', async (t) => {
  const cloud = await startCloud(t);
  const { subnet } = await blueNetwork(cloud);
  const { id } = await cloud.make('routers', { router: {} });
  await put(cloud, `routers/${id}/add_router_interface`, { subnet_id: subnet.id });
  const to = (net: number) => ({ destination: `10.${net}.0.0/16`, nexthop: '10.7.0.9' });
  const change = async (verb: string, ...routes: object[]) =>
    ((await put(cloud, `routers/${id}/${verb}`, { router: { routes } })).router as Json).routes;
  assert.deepEqual(await change('add_extraroutes', to(1)), [to(1)]);
  assert.deepEqual(await change('add_extraroutes', to(1), to(2)), [to(1), to(2)]);
  assert.deepEqual(await change('remove_extraroutes', to(1), to(9)), [to(2)]);
  const bad = { router: { routes: [{ destination: '10.3.0.0/16', nexthop: '10.99.0.9' }] } };
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}/add_extraroutes`, bad)).type, 'InvalidRoutes');
  const many = { router: { routes: Array.from({ length: 30 }, (_, at) => to(at + 100)) } };
  assert.equal((await refusal(cloud, 'PUT', `routers/${id}/add_extraroutes`, many)).type, 'RoutesExhausted');
  assert.equal((await refusal(cloud, 'PUT', `routers/${nowhere}/add_extraroutes`, many)).type, 'RouterNotFound');
});

test('address pairs of a port are added beside the others and removed alone', async (t) => {
  const cloud = await startCloud(t);
  const { network } = await blueNetwork(cloud);
  const { id, mac_address } = await cloud.make('ports', { port: { network_id: network.id } });
  const change = async (verb: string, ...addresses: string[]) => {
    const pairs = addresses.map((ip_address) => ({ ip_address }));
    const { port } = await put(cloud, `ports/${id}/${verb}`, { port: { allowed_address_pairs: pairs } });
    return ((port as Json).allowed_address_pairs as Json[]).map((pair) => {
      assert.equal(pair.mac_address, mac_address);
      return pair.ip_address;
    });
  };
  assert.deepEqual(await change('add_allowed_address_pairs', '10.7.0.50'), ['10.7.0.50']);
  assert.deepEqual(await change('add_allowed_address_pairs', '10.7.0.50', '10.7.0.51'), ['10.7.0.50', '10.7.0.51']);
  assert.deepEqual(await change('remove_allowed_address_pairs', '10.7.0.50', '10.7.0.99'), ['10.7.0.51']);
  const many = Array.from({ length: 10 }, (_, at) => ({ ip_address: `10.9.0.${at}` }));
  const body = { port: { allowed_address_pairs: many } };
  const refused = await refusal(cloud, 'PUT', `ports/${id}/add_allowed_address_pairs`, body);
  assert.equal(refused.type, 'AllowedAddressPairExhausted');
});

test('prefixes of a subnet pool are added, and removed unless a subnet is from one', async (t) => {
  const cloud = await startCloud(t);
  const pool = await cloud.make('subnetpools', { subnetpool: { name: 'p', prefixes: ['10.0.0.0/16'] } });
  const path = `subnetpools/${pool.id}`;
  const change = async (verb: string, ...prefixes: string[]) =>
    (await put(cloud, `${path}/${verb}`, { prefixes })).prefixes;
  assert.deepEqual(await change('add_prefixes', '10.9.0.0/16'), ['10.0.0.0/16', '10.9.0.0/16']);
  assert.deepEqual(await change('remove_prefixes', '10.9.0.0/17'), ['10.0.0.0/16', '10.9.128.0/17']);
  const { id: network_id } = await cloud.make('networks', { network: {} });
  await cloud.make('subnets', { subnet: { network_id, subnetpool_id: pool.id, ip_version: 4, prefixlen: 24 } });
  for (const prefixes of [['10.0.0.0/24'], ['10.0.0.0/8']]) {
    const refused = await refusal(cloud, 'PUT', `${path}/remove_prefixes`, { prefixes });
    assert.deepEqual([refused.status, refused.type], [400, 'IllegalSubnetPoolPrefixUpdate']);
  }
});
