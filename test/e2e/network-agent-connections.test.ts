/** A connection ends when the rule or address that allowed it is removed, and not before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFlow } from './network-agent-flow.ts';
import { missing, openHost } from './network-agent-host.ts';
import { plugged, twoNetworks } from './network-agent-networks.ts';
import { groupOf } from './network-agent-specs.ts';

const skip = await missing();

test('OSSN-0020: a connection to a floating IP ends when the IP is removed or moved to another guest', {
  skip,
}, async (t) => {
  const { host, router, web, db } = await twoNetworks(t);
  const floatingIp = { id: 'f', floating: `${host.external}.100`, fixed: '10.7.0.11' };
  const withAddress = { ...router, floatingIps: [floatingIp] };
  for (const guest of [web, db]) await guest.echoes(7000);
  await host.driver.ensureRouter(withAddress);
  const fromHost = await openFlow(t, undefined, floatingIp.floating, 7000);
  const fromNeighbour = await openFlow(t, db.namespace, floatingIp.floating, 7000);
  const direct = await openFlow(t, db.namespace, '10.7.0.11', 7000);
  await host.driver.ensureRouter({
    ...router,
    floatingIps: [floatingIp, { id: 'g', floating: `${host.external}.101`, fixed: '10.8.0.21' }],
  });
  for (const flow of [fromHost, fromNeighbour, direct])
    assert.ok(await flow.isAlive(), 'a change of another floating IP does not affect it');
  await host.driver.ensureRouter({ ...router, floatingIps: [{ ...floatingIp, fixed: '10.8.0.21' }] });
  await fromHost.ends();
  await fromNeighbour.ends();
  assert.ok(await direct.isAlive(), 'a connection to the fixed address goes on');
  const toOther = await openFlow(t, undefined, floatingIp.floating, 7000);
  assert.ok(await toOther.isAlive());
  await host.driver.ensureRouter(router);
  await toOther.ends();
});

test('OSSN-0020: a connection translated to a floating IP or to the router’s address ends when that address is removed', {
  skip,
}, async (t) => {
  const { host, router, web, db } = await twoNetworks(t);
  const outside = host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 });
  const server = await plugged(host, host.port(9, outside, `${host.external}.50`, { groupIds: [groupOf(1, []).id] }));
  await server.echoes(7000);
  const floatingIp = { id: 'f', floating: `${host.external}.100`, fixed: '10.7.0.11' };
  await host.driver.ensureRouter({ ...router, floatingIps: [floatingIp] });
  const floating = await openFlow(t, web.namespace, `${host.external}.50`, 7000);
  const shared = await openFlow(t, db.namespace, `${host.external}.50`, 7000);
  await host.driver.ensureRouter(router);
  await floating.ends();
  assert.ok(await shared.isAlive(), 'the other guest’s connection uses the router’s address');
  await host.driver.ensureRouter({ ...router, gateway: router.gateway && { ...router.gateway, snat: false } });
  await shared.ends();
});

test('OSSA-2015-021: a connection ends when its rule, group or membership is removed; other connections go on', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const member = groupOf(2, [], ['10.7.0.12']);
  const rules = [
    { protocol: 'tcp', portMin: 7000, portMax: 7000, remoteGroupId: member.id },
    { protocol: 'tcp', portMin: 7001, portMax: 7001 },
    { protocol: 'tcp', portMin: 7002, portMax: 7002 },
  ];
  const group = groupOf(1, rules);
  for (const each of [group, member]) await host.driver.ensureGroup(each);
  const [webPort, otherPort] = [1, 2].map((n) => host.port(n, blue, `10.7.0.1${n}`, { groupIds: [group.id] }));
  if (!webPort || !otherPort) throw new Error('two ports');
  const [web, other] = [await plugged(host, webPort), await plugged(host, otherPort)];
  const to = async (port: number) => {
    await web.echoes(port);
    return openFlow(t, other.namespace, '10.7.0.11', port);
  };
  const [byMember, byRule, byGroup] = [await to(7000), await to(7001), await to(7002)];
  await host.driver.ensureGroup({ ...member, members: [] });
  await byMember.ends();
  assert.ok(await byRule.isAlive(), 'another rule allows it');
  await host.driver.ensureGroup(groupOf(1, [rules[0] ?? {}, rules[2] ?? {}]));
  await byRule.ends();
  assert.ok(await byGroup.isAlive(), 'its own rule still exists');
  await host.driver.ensurePort({ ...webPort, groupIds: [] });
  await byGroup.ends();
  await host.driver.ensurePort(webPort);
  const again = await openFlow(t, other.namespace, '10.7.0.11', 7002);
  assert.ok(await again.isAlive());
  await host.driver.ensurePort({ ...otherPort, groupIds: [] });
  await again.ends();
});
