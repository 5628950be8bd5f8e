/** The frames that a guest may send, one by one, through a real bridge. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  address6,
  arp,
  ethernet,
  everybody,
  inFragments,
  inject,
  ip4,
  ip6,
  sniff,
  summed6,
  udp,
} from './network-agent-frames.ts';
import { missing, openHost } from './network-agent-host.ts';
import { groupOf, idOf, macOf } from './network-agent-specs.ts';

const skip = (await missing()) || (existsSync('/usr/bin/python3') ? false : 'needs python3');

const [own, victim, foreign] = [macOf(1), macOf(2), 'fa:16:3e:99:99:99'];
const [own4, victim4] = ['10.7.0.11', '10.7.0.12'];
const [own6, victim6, local6] = ['fd00:7::11', 'fd00:7::12', 'fe80::f816:3eff:fe00:1'];
const allNodes = 'ff02::1';
const allMac = '33:33:00:00:00:01';
const marker = ethernet(everybody, own, '0806', arp(1, own, own4, '10.7.0.222'));

/** The last bytes of each frame are unique. */
const sign = (text: string) => Buffer.from(`<${text}>`.padStart(24, '-'));
const signed4 = (from: string, name: string, ports: [number, number] = [5000, 5000]) =>
  ip4(from, victim4, udp(...ports, sign(name)));
const icmp6 = (type: number, body: Buffer, name: string, from = local6, to = allNodes) =>
  summed6(from, to, 58, Buffer.concat([Buffer.from([type, 0, 0, 0]), body, sign(name)]));
const nd = (type: number, body: Buffer, name: string, from = local6) =>
  ethernet(allMac, own, '86dd', ip6(from, allNodes, 58, icmp6(type, body, name, from)));
const advert = (address: string) => Buffer.concat([Buffer.from([0x20, 0, 0, 0]), address6(address)]);
const target = (address: string) => Buffer.concat([Buffer.alloc(4), address6(address)]);
/** A DHCP request; the client's MAC (chaddr) is at byte 28. */
const discover = (mac: string, name: string) => {
  const body = Buffer.alloc(240);
  body.writeUInt32BE(0x01010600, 0);
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(body, 28);
  return ip4('0.0.0.0', '255.255.255.255', udp(68, 67, Buffer.concat([body, sign(name)])));
};

const forged: Record<string, Buffer[]> = {
  'an ARP answer for the gateway': [ethernet(victim, own, '0806', arp(2, own, '10.7.0.1', victim4))],
  'an ARP answer for the victim, to all': [ethernet(everybody, own, '0806', arp(2, own, victim4, victim4))],
  'ARP under another MAC inside': [ethernet(victim, own, '0806', arp(2, foreign, own4, victim4))],
  'ARP under another MAC outside': [ethernet(victim, foreign, '0806', arp(2, foreign, own4, '10.7.0.3'))],
  'another IPv4 source': [ethernet(victim, own, '0800', signed4('10.7.0.99', 'source'))],
  'another MAC': [ethernet(victim, foreign, '0800', signed4(own4, 'mac'))],
  'an answer of a DHCP server': [ethernet(victim, own, '0800', signed4(own4, 'offer', [67, 68]))],
  'a question for another’s lease': [ethernet(everybody, own, '0800', discover(victim, 'lease'))],
  'a router advertisement': [nd(134, Buffer.alloc(12), 'router')],
  'a redirect': [nd(137, Buffer.alloc(36), 'redirect')],
  'a neighbour advertisement for the victim': [nd(136, advert(victim6), 'neighbour')],
  'a neighbour question as the victim': [nd(135, target('fd00:7::1'), 'question', victim6)],
  'another IPv6 source': [
    ethernet(
      victim,
      own,
      '86dd',
      ip6('fd00:7::99', victim6, 17, summed6('fd00:7::99', victim6, 17, udp(5, 5, sign('v6')))),
    ),
  ],
  'an answer of a DHCPv6 server': [
    ethernet(victim, own, '86dd', ip6(own6, victim6, 17, summed6(own6, victim6, 17, udp(547, 546, sign('dhcp6'))))),
  ],
  'a router advertisement in fragments': inFragments(
    local6,
    victim6,
    58,
    icmp6(134, Buffer.alloc(12), 'parts', local6, victim6),
  ).map((packet) => ethernet(victim, own, '86dd', packet)),
  'a neighbour advertisement in fragments': inFragments(
    own6,
    victim6,
    58,
    icmp6(136, advert(victim6), 'parts2', own6, victim6),
  ).map((packet) => ethernet(victim, own, '86dd', packet)),
  'an answer of a DHCPv6 server in fragments': inFragments(
    own6,
    victim6,
    17,
    summed6(own6, victim6, 17, udp(547, 546, sign('parts3'))),
  ).map((packet) => ethernet(victim, own, '86dd', packet)),
  'a router advertisement in small fragments': inFragments(
    local6,
    victim6,
    58,
    icmp6(134, Buffer.alloc(12), 'small', local6, victim6),
    8,
  ).map((packet) => ethernet(victim, own, '86dd', packet)),
  'a frame of a VLAN': [
    ethernet(victim, own, '8100', Buffer.concat([Buffer.from([0, 5, 8, 0]), signed4(own4, 'vlan')])),
  ],
  'an unknown protocol': [ethernet(victim, own, '88b5', sign('unknown'))],
};
const honest: Record<string, Buffer[]> = {
  'an ARP answer for its own address': [ethernet(victim, own, '0806', arp(2, own, own4, victim4))],
  'a packet under its own address': [ethernet(victim, own, '0800', signed4(own4, 'own'))],
  'a question for its lease': [ethernet(everybody, own, '0800', discover(own, 'own lease'))],
  'a neighbour advertisement for itself': [nd(136, advert(own6), 'itself', own6)],
};

test('OSSA-2016-009, OSSN-0027, OSSA-2021-001, OSSA-2021-004: spoofed frames of a guest are dropped, and valid ones pass', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [{}, { family: 6 }]);
  await host.driver.ensureGroup(group);
  const port = (number: number, address: string, address6: string) =>
    host.port(number, blue, address, {
      groupIds: [group.id],
      fixedIps: [address, address6].map((each) => ({ address: each, subnetId: 's' })),
    });
  const ports = [port(1, own4, own6), port(2, victim4, victim6)] as const;
  for (const each of ports) await host.driver.ensurePort(each);
  const [thief, other] = [await host.guest(ports[0]), await host.guest(ports[1])];
  const heard = await sniff(t, other.namespace);
  await inject(thief.namespace, [...Object.values(forged), ...Object.values(honest)].flat().concat(marker));
  const frames = await heard(marker);
  const arrived = (sent: readonly Buffer[]) => {
    const end = sent.at(-1)?.subarray(-20).toString('hex') ?? '';
    return frames.some((frame) => frame.includes(end));
  };
  const names = (all: Record<string, Buffer[]>) => Object.keys(all).filter((name) => arrived(all[name] ?? []));
  assert.deepEqual(names(forged), []);
  assert.deepEqual(names(honest), Object.keys(honest));
});

test('OSSA-2019-002: with overlapping ranges in several groups exactly those packets pass that a model allows', {
  skip,
}, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const [first, second] = [1, 2].map((number) => idOf(6, number));
  const webPort = host.port(1, blue, own4, { groupIds: [first ?? '', second ?? ''] });
  const otherPort = host.port(2, blue, victim4, { groupIds: [first ?? ''] });
  for (const each of [1, 2]) await host.driver.ensureGroup(groupOf(each, []));
  for (const port of [webPort, otherPort]) await host.driver.ensurePort(port);
  const [web, other] = [await host.guest(webPort), await host.guest(otherPort)];
  const heard = await sniff(t, web.namespace);
  const most = 60;
  const random = (below: number) => Math.floor(Math.random() * below);
  for (let turn = 0; turn < 25; turn += 1) {
    const rules = Array.from({ length: 6 }, () => {
      const portMin = 1 + random(most);
      return { protocol: 'udp', portMin, portMax: Math.min(most, portMin + random(12)) };
    });
    await host.driver.ensureGroup(groupOf(1, rules.slice(0, 3)));
    await host.driver.ensureGroup(groupOf(2, rules.slice(3)));
    const ports = Array.from({ length: most }, (_, at) => at + 1);
    const end = ethernet(everybody, victim, '0806', arp(1, victim, victim4, `10.7.1.${turn}`));
    const frames = ports.map((port) =>
      ethernet(own, victim, '0800', ip4(victim4, own4, udp(2000 + turn, port, sign(`turn ${turn} port ${port}`)))),
    );
    await inject(other.namespace, [...frames, end]);
    const arrived = await heard(end);
    const passed = ports.filter((_, at) =>
      arrived.some((each) => each.includes(frames[at]?.subarray(-24).toString('hex') ?? '')),
    );
    const model = ports.filter((port) => rules.some(({ portMin, portMax }) => port >= portMin && port <= portMax));
    assert.deepEqual(passed, model, JSON.stringify(rules));
  }
});

test('OSSA-2019-004: frames between two guests do not reach a third', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [{}]);
  await host.driver.ensureGroup(group);
  const ports = [own4, victim4, '10.7.0.13'].map((address, at) =>
    host.port(at + 1, blue, address, { groupIds: [group.id] }),
  );
  for (const port of ports) await host.driver.ensurePort(port);
  const [web, db, third] = await Promise.all(ports.map((port) => host.guest(port)));
  if (!web || !db || !third) throw new Error('three guests');
  await web.address(`${own4}/24`);
  await db.address(`${victim4}/24`);
  assert.ok(await web.pings(victim4), 'the bridge has learned both MACs');
  const heard = await sniff(t, third.namespace);
  assert.ok(await web.pings(victim4));
  assert.ok(await db.pings(own4));
  await inject(web.namespace, [marker]);
  const between = (await heard(marker)).filter(
    (frame) => !frame.startsWith('ffffffffffff') && !frame.startsWith('3333'),
  );
  assert.deepEqual(between, []);
});
