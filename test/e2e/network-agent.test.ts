/** A host's network, for real: the kernel's bridges, namespaces and packet filter, and dnsmasq. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Block, changeText, wholeText } from '../../services/network-agent/drivers/linux/blocks.ts';
import { loadNft } from '../../services/network-agent/drivers/linux/commands.ts';
import { listDnsmasq } from '../../services/network-agent/drivers/linux/dnsmasq.ts';
import { namesOf } from '../../services/network-agent/drivers/linux/names.ts';
import { type FirewallState, rulesetOf } from '../../services/network-agent/drivers/linux/ruleset.ts';
import { tearDown } from '../../services/network-agent/drivers/linux/sweep.ts';
import type {
  FirewallRule,
  NetworkAgent,
  PortWish,
  RouterWish,
  Segment,
} from '../../shared/contracts/network-agent.ts';
import { run, tryRun } from '../../shared/process/run.ts';
import { dhcpOf, groupOf, type Host, idOf, macOf, missing, openHost, routerOf } from './network-agent-host.ts';

const skip = await missing();

test('a guest gets its address, its MTU, its routes and its metadata', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensureGroup(groupOf(1, []));
  await host.driver.ensurePort(port);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'server-1');
  const guest = await host.guest(port);
  const lease = await guest.lease();
  assert.match(lease, /ip=10\.7\.0\.11 mtu=1450 router=10\.7\.0\.1 dns=10\.7\.0\.2/);
  assert.match(lease, /169\.254\.169\.254\/32 10\.7\.0\.2 0\.0\.0\.0\/0 10\.7\.0\.1/);
  assert.equal(await guest.get('http://169.254.169.254/openstack'), 'server-1 /openstack');
});

test('guests of two networks meet across a router, and reach the outside under its address', { skip }, async (t) => {
  const { host, web, db } = await twoNetworks(t);
  assert.ok(await web.pings('10.8.0.21'), 'across the router');
  assert.ok(await web.pings('10.8.0.21', '-s', '4000'), 'fragments too');
  assert.ok(await db.pings(`${host.external}.1`), 'outside, by the router’s address');
  assert.ok(await web.cannotPing('10.7.0.99'), 'nobody is there');
});

test('a floating address leads to its guest from the host, from outside and from a neighbour', { skip }, async (t) => {
  const { host, router, web, db, blue } = await twoNetworks(t);
  const neighbour = host.port(3, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] });
  await host.driver.ensurePort(neighbour);
  const near = await host.guest(neighbour);
  await near.address('10.7.0.12/24');
  await near.route('default', 'via', '10.7.0.1');
  const floating = `${host.external}.100`;
  await host.driver.ensureRouter({ ...router, floatingIps: [{ id: 'f', floating, fixed: '10.7.0.11' }] });
  await web.listens(7000);
  assert.ok(await hostPings(floating), 'from the host');
  assert.ok(await hostReaches(floating, 7000), 'a service of the guest');
  assert.ok(await near.pings(floating), 'hairpin in one network');
  assert.ok(await db.reaches(floating, 7000), 'from the other network');
  assert.ok(await web.pings(floating), 'its own');
  await host.driver.ensureRouter(router);
  assert.ok(!(await hostPings(floating)), 'taken away again');
});

test('a security group lets in what its rules say, at once, and members by name', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  const group = groupOf(1, [
    { protocol: 'tcp', portMin: 7000, portMax: 7001, remoteGroupId: idOf(6, 2) },
    { protocol: 'tcp', portMin: 7002, portMax: 7002, cidr: '10.7.0.0/24' },
  ]);
  await host.driver.ensureGroup(group);
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [group.id] }));
  const other = await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [group.id] }));
  for (const port of [7000, 7002, 7003]) await web.listens(port);
  assert.ok(await other.cannotPing('10.7.0.11'), 'no rule for ICMP');
  assert.ok(!(await other.reaches('10.7.0.11', 7000, 0.5)), 'not a member');
  assert.ok(await other.reaches('10.7.0.11', 7002), 'by its address');
  assert.ok(!(await other.reaches('10.7.0.11', 7003, 0.5)), 'no rule');
  await host.driver.ensureGroup(groupOf(2, [], ['10.7.0.12', '10.7.0.0/28']));
  assert.ok(await other.reaches('10.7.0.11', 7000), 'a member now');
  await host.driver.ensureGroup({
    ...group,
    rules: [
      ...group.rules,
      { ...group.rules[0], protocol: 'icmp', portMin: 8, portMax: 0, remoteGroupId: null } as never,
    ],
  });
  assert.ok(await other.pings('10.7.0.11'), 'a new rule');
  const silent = host.port(2, blue, '10.7.0.12', { groupIds: [] });
  await host.driver.ensurePort(silent);
  assert.ok(!(await other.reaches('10.7.0.11', 7002, 0.5)), 'without a group nothing leaves');
});

test('a guest cannot send as somebody else', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}, { family: 6 }]));
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  const thief = await plugged(host, port);
  const other = await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] }));
  assert.ok(await thief.pings('10.7.0.12'), 'as itself');
  await thief.address('10.7.0.99/32');
  assert.ok(await thief.cannotPing('10.7.0.12', '-I', '10.7.0.99'), 'another address');
  const claims = (address: string) =>
    thief.exec('arping', '-q', '-c', '1', '-w', '1', '-s', address, '-I', 'eth0', '10.7.0.12');
  assert.notEqual((await claims('10.7.0.99')).code, 0, 'ARP for another address');
  assert.equal((await claims('10.7.0.11')).code, 0, 'ARP for its own');
  await host.driver.ensurePort({ ...port, allowedPairs: [{ address: '10.7.0.96/28', mac: port.mac }] });
  assert.ok(await thief.pings('10.7.0.12', '-I', '10.7.0.99'), 'an allowed pair');
  await host.driver.ensurePort(port);
  await thief.exec('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:99:99:99');
  assert.ok(await thief.cannotPing('10.7.0.12'), 'another MAC');
  await host.driver.ensurePort({ ...port, guarded: false });
  assert.ok(await thief.pings('10.7.0.12'), 'an unguarded port may');
  await host.driver.ensurePort({ ...port, guarded: false, adminUp: false });
  assert.ok(await other.cannotPing('10.7.0.11'), 'a port that is down carries nothing');
});

test('a tap that nobody asked for carries nothing', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] }));
  const stranger = await host.guest(host.port(9, blue, '10.7.0.19'));
  await stranger.address('10.7.0.19/24');
  assert.ok(await stranger.cannotPing('10.7.0.11'));
  assert.ok(await web.cannotPing('10.7.0.19'));
});

test('two clouds with the same addresses and networks on one machine do not meet', { skip }, async (t) => {
  const clouds = await Promise.all([openHost(t), openHost(t)]);
  const guests = await Promise.all(
    clouds.map(async (host, index) => {
      const blue = host.segment(1);
      await host.driver.ensureGroup(groupOf(1, [{}]));
      const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
      await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
      host.owners.set(`${blue.networkId} 10.7.0.11`, `server of ${index}`);
      await host.driver.ensurePort(port);
      const first = await host.guest(port);
      await first.lease();
      if (index === 0) await plugged(host, host.port(2, blue, '10.7.0.12', { groupIds: [idOf(6, 1)] }));
      return first;
    }),
  );
  const [first, second] = guests as [(typeof guests)[0], (typeof guests)[0]];
  assert.ok(await first.pings('10.7.0.12'));
  assert.ok(await second.cannotPing('10.7.0.12'), 'the neighbour of the other cloud');
  assert.match(await first.get('http://169.254.169.254/x'), /server of 0/);
  assert.match(await second.get('http://169.254.169.254/x'), /server of 1/);
});

test('the host keeps out of tenants’ networks', { skip }, async (t) => {
  const { web, host } = await twoNetworks(t);
  const bridgeMac = await macOfLink(host.segment(1).bridge);
  await web.exec('ip', 'neigh', 'replace', '10.7.0.77', 'lladdr', bridgeMac, 'dev', 'eth0', 'nud', 'permanent');
  await web.route(`${host.external}.1/32`, 'via', '10.7.0.77', 'dev', 'eth0');
  assert.ok(await web.cannotPing(`${host.external}.1`), 'a frame for the bridge itself');
  await web.route(`${host.external}.1/32`, 'dev', 'eth0');
  assert.ok(await web.cannotPing(`${host.external}.1`), 'ARP for an address of the host');
});

test('metadata is answered behind a router too, to the network that asks alone', { skip }, async (t) => {
  const { host, web, db, blue, red } = await twoNetworks(t);
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  host.owners.set(`${red.networkId} 10.8.0.21`, 'db');
  assert.equal(await web.get('http://169.254.169.254/latest'), 'web /latest');
  assert.equal(await db.get('http://169.254.169.254/latest'), 'db /latest');
  host.owners.delete(`${red.networkId} 10.8.0.21`);
  assert.equal(await db.get('http://169.254.169.254/latest'), '');
});

test('what is lost is built again: after a restart, and after the host was torn down', { skip }, async (t) => {
  const { host, web } = await twoNetworks(t);
  const standing = async () => (await host.leftovers()).map(nameIn).filter((name) => !name.startsWith('t'));
  const before = await standing();
  await run(['ip', 'link', 'add', `b${host.cloudId}9999999999`, 'type', 'bridge']);
  await run(['ip', 'netns', 'add', `${host.names.table}-r-stranger`]);
  await host.restart();
  assert.ok(await web.pings('10.8.0.21'), 'after a restart');
  assert.ok(!(await host.leftovers()).some((line) => /999999|stranger/.test(line)), 'strangers are gone');
  await host.driver.close();
  await tearDown(host.names);
  assert.deepEqual(await host.leftovers(), [], 'nothing is left');
  await host.restart();
  await until(async () => (await standing()).length === before.length);
});

test('killed at any moment, the agent ends what it was asked, and takes everything away again', { skip }, async (t) => {
  const host = await openHost(t);
  await host.driver.close();
  const { port, up, down } = wholeLife(host);
  await killedOnTheWay(host, up, [150, 250, 350, 500, 650]);
  await host.restart();
  const guest = await host.guest(port);
  assert.match(await guest.lease(), /ip=10\.7\.0\.11/);
  assert.ok(await guest.pings(`${host.external}.1`), 'by lease, router and way out');
  assert.ok(await hostPings(`${host.external}.100`), 'by floating address');
  await host.driver.close();
  await killedOnTheWay(host, down, [150, 250, 350, 500]);
  await host.restart();
  assert.deepEqual(
    (await host.leftovers()).map(nameIn),
    ['table', 'table'],
    'only the rule that unknown taps carry nothing',
  );
});

test('addresses of a deleted port serve the next one at once', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const lease = async (number: number) => {
    const port = host.port(number, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
    await host.driver.ensurePort(port);
    await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
    const guest = await host.guest(port);
    const said = await guest.lease();
    await host.driver.ensurePortGone(port);
    return said;
  };
  assert.match(await lease(1), /ip=10\.7\.0\.11/);
  assert.match(await lease(2), /ip=10\.7\.0\.11/);
});

test('what somebody broke is whole again within the healing time', { skip }, async (t) => {
  const host = await openHost(t, { healMs: 100 });
  const blue = host.segment(1);
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  await host.driver.ensureGroup(groupOf(1, [{}]));
  await host.driver.ensurePort(port);
  await host.driver.ensureDhcp(dhcpOf(blue, '10.7.0', 1, [port]));
  const guest = await host.guest(port);
  const [dnsmasq = 0] = listDnsmasq(host.names.runDir);
  process.kill(dnsmasq, 'SIGKILL');
  await run(['ip', 'link', 'del', blue.bridge]);
  await run(['nft', 'delete', 'table', 'bridge', host.names.table]);
  await until(async () => listDnsmasq(host.names.runDir).length === 1);
  await until(async () => (await host.leftovers()).includes(`table bridge ${host.names.table}`));
  await until(async () => (await run(['ip', '-br', 'link', 'show', 'master', blue.bridge])).stdout.includes(port.tap));
  assert.match(await guest.lease(), /ip=10\.7\.0\.11/);
});

test('two hosts share a network over VXLAN, full frames and all', { skip }, async (t) => {
  const host = await openHost(t);
  await host.driver.close();
  const hosts = await cabledHosts(t, host.cloudId);
  const group = groupOf(1, [{}]);
  const guests = [];
  for (const [index, { space, address, peer }] of hosts.entries()) {
    const blue = host.segment(1, { peers: [peer] });
    const port = host.port(index + 1, blue, `10.7.0.1${index}`, { groupIds: [group.id] });
    const worker = [
      'ip',
      'netns',
      'exec',
      space,
      process.execPath,
      workerFile,
      host.cloudId,
      join(host.stateDir, space),
      address,
    ];
    const work: Work[] = [
      ['ensureGroup', group],
      ['ensurePort', port],
    ];
    await run(worker, { input: JSON.stringify(work) });
    const guest = await host.guest(port, space);
    await guest.address(`10.7.0.1${index}/24`);
    guests.push(guest);
  }
  const [first] = guests;
  assert.ok(await first?.pings('10.7.0.11'), 'across');
  assert.ok(await first?.pings('10.7.0.11', '-M', 'do', '-s', '1422'), 'a full frame');
});

test('each set of rules becomes the next by its difference, and the kernel takes every odd value', {
  skip,
}, async (t) => {
  const { space } = await scratch(t);
  const names = namesOf('zzzz');
  const listed = async () => (await run(['ip', 'netns', 'exec', space, 'nft', 'list', 'ruleset'])).stdout;
  let before: Block[] = [];
  await loadNft(wholeText(names.table, before), space);
  for (const [turn, state] of oddStates().entries()) {
    const after = rulesetOf({ names, ...state });
    const change = changeText(names.table, before, after);
    if (change !== null) await loadNft(change, space);
    const changed = change === null ? null : sortedBlocks(await listed());
    await loadNft(wholeText(names.table, after), space);
    if (changed !== null) assert.deepEqual(changed, sortedBlocks(await listed()), `turn ${turn}`);
    before = after;
  }
});

/** Two namespaces as hosts, with a cable between them that is wide enough for the tunnel's header. */
async function cabledHosts(t: TestContext, cloudId: string) {
  const spaces = [`guest-${cloudId}-h1`, `guest-${cloudId}-h2`] as const;
  const addresses = ['192.0.2.1', '192.0.2.2'] as const;
  for (const space of spaces) await run(['ip', 'netns', 'add', space]);
  t.after(async () => {
    for (const space of spaces) await tryRun(['ip', 'netns', 'del', space]);
  });
  const [one, two] = spaces;
  await run([
    'ip',
    '-n',
    one,
    'link',
    'add',
    'under',
    'mtu',
    '1500',
    'type',
    'veth',
    'peer',
    'name',
    'under',
    'mtu',
    '1500',
    'netns',
    two,
  ]);
  for (const [index, space] of spaces.entries()) {
    await run(['ip', '-n', space, '-batch', '-'], {
      input: `addr add ${addresses[index]}/24 dev under\nlink set under up\n`,
    });
  }
  return spaces.map((space, index) => ({ space, address: addresses[index] ?? '', peer: addresses[1 - index] ?? '' }));
}

async function scratch(t: TestContext) {
  const space = `guest-${Math.random().toString(36).slice(2, 8)}`;
  await run(['ip', 'netns', 'add', space]);
  t.after(() => run(['ip', 'netns', 'del', space]));
  return { space };
}

/** States of a host's filter with what APIs accept and rulesets stumble over. */
function oddStates(): Omit<FirewallState, 'names'>[] {
  const odd = [
    '0.0.0.0/0',
    '::/0',
    '224.0.0.1',
    'ff02::1',
    '10.0.0.5',
    '10.0.0.0/24',
    '10.0.0.0/25',
    'fd00::5',
    'fd00::/64',
    '255.255.255.255',
  ];
  const pick = <T>(all: readonly T[], turn: number, by: number): T[] =>
    all.filter((_, index) => (index * by + turn) % 3 === 0);
  const protocols = [
    'tcp',
    'UDP',
    'icmp',
    'sctp',
    'dccp',
    'udplite',
    '6',
    '17',
    '0',
    '255',
    'esp',
    'ipv6-icmp',
    'igmp',
    null,
  ];
  return Array.from({ length: 12 }, (_, turn) => {
    const segment: Segment = {
      networkId: 'n',
      type: 'vxlan',
      id: 1,
      physical: null,
      bridge: 'bzzzz0000000001',
      mtu: 1450,
      peers: [],
    };
    const groups = pick([1, 2, 3, 4], turn, 2).map((number) => ({
      id: idOf(6, number),
      members: pick(odd, turn + number, 1),
      rules: pick(protocols, turn + number, 1).flatMap((protocol, index): FirewallRule[] => [
        {
          direction: index % 2 ? 'ingress' : 'egress',
          family: 4,
          protocol,
          portMin: index % 3 ? 1 : null,
          portMax: index % 3 ? 200 : null,
          cidr: null,
          remoteGroupId: index % 2 ? idOf(6, 9) : null,
        },
        {
          direction: index % 2 ? 'egress' : 'ingress',
          family: 6,
          protocol,
          portMin: index % 4 ? 0 : null,
          portMax: index % 4 ? 0 : null,
          cidr: index % 2 ? '::/0' : 'fd00::/8',
          remoteGroupId: null,
        },
      ]),
    }));
    const ports = pick([1, 2, 3, 4, 5, 6, 7], turn, 1).map((number) => ({
      number,
      wish: {
        id: idOf(2, number),
        segment,
        tap: `tzzzz000000000${number}`,
        mac: macOf(number + (turn % 2)),
        fixedIps: pick(['10.0.0.5', 'fd00::5', '10.0.0.6'], turn + number, 1).map((address) => ({
          address,
          subnetId: 's',
        })),
        allowedPairs: pick(odd, turn + number, 2).map((address) => ({ address, mac: number % 2 ? '' : macOf(99) })),
        guarded: number % 4 !== 0,
        adminUp: number % 5 !== 0,
        groupIds: pick([1, 2, 3, 9], turn + number, 1).map((group) => idOf(6, group)),
      },
    }));
    const bridges = [{ bridge: segment.bridge, zone: turn % 4 === 0 ? null : 7 }];
    const peers = turn % 3 === 0 ? [] : ['192.0.2.1', ...(turn % 2 ? ['fd00::1'] : [])];
    return { ports, groups, bridges, masqueraded: turn % 2 ? [segment.bridge] : [], tunnels: { port: 4789, peers } };
  });
}

/** The kernel lists chains in the order they came; what counts is that they are the same. */
const sortedBlocks = (listing: string) =>
  listing
    .split(/\n(?=\t(?:chain|set) |table |\})/)
    .map((block) => block.trim())
    .filter(Boolean)
    .toSorted((one, other) => one.localeCompare(other));

/** The wishes of a small cloud's life on a host, and their end. */
function wholeLife(host: Host) {
  const [blue, outside] = [host.segment(1), host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 })];
  const port = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  const dhcp = dhcpOf(blue, '10.7.0', 1, [port]);
  const external = {
    id: `${outside.networkId}/external`,
    segment: outside,
    hostAddress: `${host.external}.1/24`,
    masquerade: true,
  };
  const router: RouterWish = {
    ...routerOf(1, [{ segment: blue, prefix: '10.7.0' }]),
    gateway: {
      portId: idOf(7, 1),
      mac: 'fa:16:3e:00:07:01',
      segment: outside,
      addresses: [`${host.external}.10/24`],
      via: `${host.external}.1`,
      snat: true,
    },
    floatingIps: [{ id: 'f', floating: `${host.external}.100`, fixed: '10.7.0.11' }],
  };
  const group = groupOf(1, [{}]);
  const up: Work[] = [
    ['ensureExternal', external],
    ['ensureGroup', group],
    ['ensurePort', port],
    ['ensureDhcp', dhcp],
    ['ensureRouter', router],
  ];
  const down: Work[] = [
    ['ensureRouterGone', router],
    ['ensurePortGone', port],
    ['ensureDhcpGone', dhcp],
    ['ensureGroupGone', group],
    ['ensureExternalGone', external],
  ];
  return { port, up, down };
}

const workerFile = new URL('./network-agent-worker.ts', import.meta.url).pathname;

type Work = readonly [verb: keyof NetworkAgent, wish: { readonly id: string }];

/** An agent is killed so long after it began; the next one finds all its work still open, as its service would say. */
async function killedOnTheWay(host: Host, work: readonly Work[], afterMs: readonly number[]): Promise<void> {
  for (const ms of [...afterMs, null]) {
    const child = spawn(process.execPath, [workerFile, host.cloudId, host.stateDir], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify(work));
    await once(child.stdout, 'data');
    if (ms !== null) setTimeout(() => child.kill('SIGKILL'), ms);
    const [code] = await once(child, 'exit');
    if (ms === null) assert.equal(code, 0, 'the last one finishes');
  }
}

/** A port and its guest, with its address by hand. */
async function plugged(host: Host, port: PortWish) {
  await host.driver.ensurePort(port);
  const guest = await host.guest(port);
  const address = port.fixedIps[0]?.address ?? '';
  await guest.address(`${address}/24`);
  await guest.route('default', 'via', address.replace(/\.\d+$/, '.1'));
  return guest;
}

/** blue 10.7.0.0/24 with `web`, red 10.8.0.0/24 with `db`, a router between them and the outside. */
async function twoNetworks(t: TestContext) {
  const host = await openHost(t);
  const [blue, red, outside] = [
    host.segment(1),
    host.segment(2),
    host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 }),
  ];
  await host.driver.ensureExternal({
    id: `${outside.networkId}/external`,
    segment: outside,
    hostAddress: `${host.external}.1/24`,
    masquerade: true,
  });
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const router: RouterWish = {
    ...routerOf(1, [
      { segment: blue, prefix: '10.7.0' },
      { segment: red, prefix: '10.8.0' },
    ]),
    gateway: {
      portId: idOf(7, 1),
      mac: 'fa:16:3e:00:07:01',
      segment: outside,
      addresses: [`${host.external}.10/24`],
      via: `${host.external}.1`,
      snat: true,
    },
  };
  await host.driver.ensureRouter(router);
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] }));
  const db = await plugged(host, host.port(2, red, '10.8.0.21', { groupIds: [idOf(6, 1)] }));
  return { host, router, web, db, blue, red };
}

const hostPings = async (address: string) => (await tryRun(['ping', '-c', '1', '-W', '1', address])).code === 0;
const hostReaches = async (address: string, port: number) =>
  (await tryRun(['timeout', '1', 'bash', '-c', `cat < /dev/tcp/${address}/${port}`])).stdout.includes('hello');
const macOfLink = async (link: string) => (await run(['cat', `/sys/class/net/${link}/address`])).stdout.trim();
/** The name in a line of `ip` or `nft`. */
const nameIn = (line: string) => line.split(/[ @]/)[0] ?? '';

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) if (await holds()) return;
  throw new Error('it did not come true within 10 s');
}
