/** Address groups, stateless groups, and the rules that new groups begin with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, blueNetwork, bootPort, type Cloud, type Json, refusal, startCloud } from './cloud.test.ts';

const put = (cloud: Cloud, id: string, verb: string, addresses: readonly string[]) =>
  cloud.ask('PUT', `/v2.0/address-groups/${id}/${verb}`, { addresses });

test('hosts get the addresses of an address group as members, for the rules that name it, and each change', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const addressGroup = await cloud.make('address-groups', {
    address_group: { addresses: ['10.1.2.3', '10.2.0.9/16'] },
  });
  assert.deepEqual(addressGroup.addresses, ['10.1.2.3/32', '10.2.0.0/16']);
  const port = await bootPort(cloud, network.id, 'kvm-1');
  await cloud.hostsInSync();
  assert.ok(!host.groups.has(addressGroup.id), 'no rule names it');
  const [groupId = ''] = port.security_groups as string[];
  const rule = { security_group_id: groupId, direction: 'ingress', remote_address_group_id: addressGroup.id };
  const { id: ruleId } = await cloud.make('security-group-rules', { security_group_rule: rule });
  await cloud.hostsInSync();
  assert.deepEqual(host.groups.get(addressGroup.id)?.members, ['10.1.2.3/32', '10.2.0.0/16']);
  assert.ok(host.groups.get(groupId)?.rules.some(({ remoteGroupId }) => remoteGroupId === addressGroup.id));
  assert.equal((await put(cloud, addressGroup.id, 'add_addresses', ['fd00::/8'])).status, 200);
  assert.equal((await put(cloud, addressGroup.id, 'remove_addresses', ['10.2.0.0/16'])).status, 200);
  await cloud.hostsInSync();
  assert.deepEqual(host.groups.get(addressGroup.id)?.members, ['10.1.2.3/32', 'fd00::/8']);
  const used = await refusal(cloud, 'DELETE', `address-groups/${addressGroup.id}`);
  assert.deepEqual([used.status, used.type], [409, 'AddressGroupInUse']);
  assert.equal((await cloud.ask('DELETE', `/v2.0/security-group-rules/${ruleId}`)).status, 204);
  await cloud.hostsInSync();
  assert.ok(!host.groups.has(addressGroup.id));
  assert.equal((await cloud.ask('DELETE', `/v2.0/address-groups/${addressGroup.id}`)).status, 204);
});

test('an address is added once and removed once, and nothing else is an address', async (t) => {
  const cloud = await startCloud(t);
  const { id } = await cloud.make('address-groups', { address_group: { addresses: ['10.1.0.0/16'] } });
  const cases: readonly [verb: string, address: string, status: number, type: string][] = [
    ['add_addresses', '10.1.0.0/16', 409, 'AddressesAlreadyExist'],
    ['remove_addresses', '10.9.0.0/16', 404, 'AddressesNotFound'],
    ['add_addresses', '10.1.0.0/33', 400, 'InvalidInput'],
    ['add_addresses', 'nosuch', 400, 'InvalidInput'],
  ];
  for (const [verb, address, status, type] of cases) {
    const answer = await refusal(cloud, 'PUT', `address-groups/${id}/${verb}`, { addresses: [address] });
    assert.deepEqual([answer.status, answer.type], [status, type], `${verb} ${address}`);
  }
});

test('a port is stateless when its groups are, never has groups of both kinds, and a group in use keeps what it is', async (t) => {
  const cloud = await startCloud(t);
  const host = cloud.startHost('kvm-1');
  await cloud.hostIsKnown('kvm-1');
  const { network } = await blueNetwork(cloud);
  const group = async (stateful: boolean) =>
    (await cloud.make('security-groups', { security_group: { name: 'g', stateful } })).id;
  const [stateless, stateful] = [await group(false), await group(true)];
  const port = await bootPort(cloud, network.id, 'kvm-1');
  for (const [groups, expected] of [
    [[stateless], true],
    [[stateful], false],
  ] as const) {
    await cloud.ask('PUT', `/v2.0/ports/${port.id}`, { port: { security_groups: groups } });
    await cloud.hostsInSync();
    assert.equal(host.ports.get(port.id)?.stateless, expected);
  }
  const mixed = { port: { security_groups: [stateless, stateful] } };
  assert.equal((await refusal(cloud, 'PUT', `ports/${port.id}`, mixed)).type, 'SecurityGroupConflict');
  const used = await refusal(cloud, 'PUT', `security-groups/${stateful}`, { security_group: { stateful: false } });
  assert.deepEqual([used.status, used.type], [409, 'SecurityGroupInUse']);
});

test('new groups begin with the default rules of their kind', async (t) => {
  const cloud = await startCloud(t);
  const path = 'default-security-group-rules';
  const rules = await cloud.list(path);
  assert.equal(rules.length, 4);
  for (const { id, remote_group_id } of rules.filter(({ direction }) => direction === 'ingress')) {
    assert.equal(remote_group_id, 'PARENT');
    assert.equal((await cloud.ask('DELETE', `/v2.0/${path}/${id}`, undefined, admin)).status, 204);
  }
  const rule = { direction: 'ingress', protocol: 'tcp', port_range_min: 22, port_range_max: 22 };
  const body = { default_security_group_rule: { ...rule, used_in_default_sg: true, used_in_non_default_sg: false } };
  await cloud.make(path, body, admin);
  assert.equal((await refusal(cloud, 'POST', path, body, admin)).type, 'DefaultSecurityGroupRuleExists');
  assert.equal((await refusal(cloud, 'POST', path, body)).status, 403);
  const forAll = { ...rule, used_in_default_sg: true, used_in_non_default_sg: true };
  const second = await cloud.make(path, { default_security_group_rule: forAll }, admin);
  const summary = (group: Json = {}) =>
    (group.security_group_rules as Json[]).map(({ direction, port_range_min }) => `${direction} ${port_range_min}`);
  const green = 'green/member,reader';
  const [defaultGroup] = await cloud.list('security-groups?name=default', green);
  assert.deepEqual(
    summary(defaultGroup).toSorted((one, other) => one.localeCompare(other)),
    ['egress null', 'egress null', 'ingress 22'],
    'each rule once',
  );
  await cloud.ask('DELETE', `/v2.0/${path}/${second.id}`, undefined, admin);
  const other = await cloud.make('security-groups', { security_group: { name: 'g' } });
  assert.deepEqual(summary(other), ['egress null', 'egress null']);
});
