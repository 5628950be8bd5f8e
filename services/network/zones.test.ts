/** Availability zones of hosts, and the networks and routers that name them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, blueNetwork, bootPort, type Cloud, refusal, startCloud, until } from './cloud.test.ts';

/** A host `kvm-1` in zone nova, and after it `kvm-2` in zone east. */
async function twoZones(cloud: Cloud) {
  for (const [name, zone] of Object.entries({ 'kvm-1': 'nova', 'kvm-2': 'east' })) {
    cloud.startHost(name, {}, undefined, zone);
    await cloud.hostIsKnown(name);
  }
}

test('an unknown availability zone is a 404; a known one is stored and shown', async (t) => {
  const cloud = await startCloud(t);
  const early = { network: { availability_zone_hints: ['nova'] } };
  assert.equal((await refusal(cloud, 'POST', 'networks', early)).type, 'AvailabilityZoneNotFound');
  await twoZones(cloud);
  const plain = await cloud.make('networks', { network: { availability_zone_hints: null } });
  assert.deepEqual([plain.availability_zone_hints, plain.availability_zones], [[], []]);
  for (const one of ['network', 'router']) {
    const make = (availability_zone_hints: string[]) =>
      refusal(cloud, 'POST', `${one}s`, { [one]: { availability_zone_hints } });
    assert.deepEqual(await make(['nova', 'west']), {
      status: 404,
      type: 'AvailabilityZoneNotFound',
      message: 'AvailabilityZone west could not be found.',
    });
    assert.equal((await make(['nova', 'nova'])).status, 400);
    const hints = ['east', 'nova'];
    const { id } = await cloud.make(`${one}s`, { [one]: { availability_zone_hints: hints } });
    assert.deepEqual((await cloud.show(`${one}s/${id}`)).availability_zone_hints, hints);
  }
  const zones = (await cloud.list('availability_zones?resource=router')).map(({ name }) => name);
  assert.deepEqual(new Set(zones), new Set(['nova', 'east']));
  const [agent] = await cloud.list('agents?availability_zone=east', admin);
  assert.equal(agent?.host, 'kvm-2');
});

test('DHCP of a network is on a host in a zone that it names, if one has its ports', async (t) => {
  const cloud = await startCloud(t);
  await twoZones(cloud);
  const { id } = await cloud.make('networks', { network: { availability_zone_hints: ['east'] } });
  await cloud.make('subnets', { subnet: { network_id: id, ip_version: 4, cidr: '10.7.0.0/24' } });
  const zones = async () => (await cloud.show(`networks/${id}`)).availability_zones;
  await bootPort(cloud, id, 'kvm-1');
  assert.deepEqual(await zones(), ['nova']);
  await bootPort(cloud, id, 'kvm-2');
  assert.deepEqual(await zones(), ['east']);
  const { network } = await blueNetwork(cloud, '10.8.0.0/24');
  for (const host of ['kvm-1', 'kvm-2']) await bootPort(cloud, network.id, host);
  assert.deepEqual((await cloud.show(`networks/${network.id}`)).availability_zones, ['nova']);
});

test('a router is on no host while the gateway host is in none of its zones', async (t) => {
  const cloud = await startCloud(t);
  await twoZones(cloud);
  const zonesOf = async (hints: string[]) => {
    const { id } = await cloud.make('routers', { router: { availability_zone_hints: hints } });
    return async () => (await cloud.show(`routers/${id}`)).availability_zones;
  };
  const [near, far] = [await zonesOf(['nova']), await zonesOf(['east'])];
  assert.deepEqual([await near(), await far()], [['nova'], []]);
  cloud.startHost('kvm-1', {}, undefined, 'east');
  await until(async () => String(await far()) === 'east');
});
