/** A host's network, for real: the kernel's bridges, namespaces and packet filter, and dnsmasq. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listDnsmasq } from '../../services/network-agent/drivers/linux/dnsmasq.ts';
import { tearDown } from '../../services/network-agent/drivers/linux/sweep.ts';
import type { NetworkAgent, PortWish, RouterWish } from '../../shared/contracts/network-agent.ts';
import { run, tryRun } from '../../shared/process/run.ts';
import { dhcpOf, groupOf, type Host, idOf, missing, openHost, routerOf } from './network-agent-host.ts';

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
  assert.ok(!(await web.pings('10.7.0.99')), 'nobody is there');
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
  assert.ok(!(await other.pings('10.7.0.11')), 'no rule for ICMP');
  assert.ok(!(await other.reaches('10.7.0.11', 7000)), 'not a member');
  assert.ok(await other.reaches('10.7.0.11', 7002), 'by its address');
  assert.ok(!(await other.reaches('10.7.0.11', 7003)), 'no rule');
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
  assert.ok(!(await other.reaches('10.7.0.11', 7002)), 'without a group nothing leaves');
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
  assert.ok(!(await thief.pings('10.7.0.12', '-I', '10.7.0.99')), 'another address');
  const claims = (address: string) =>
    thief.exec('arping', '-q', '-c', '1', '-w', '1', '-s', address, '-I', 'eth0', '10.7.0.12');
  assert.notEqual((await claims('10.7.0.99')).code, 0, 'ARP for another address');
  assert.equal((await claims('10.7.0.11')).code, 0, 'ARP for its own');
  await host.driver.ensurePort({ ...port, allowedPairs: [{ address: '10.7.0.96/28', mac: port.mac }] });
  assert.ok(await thief.pings('10.7.0.12', '-I', '10.7.0.99'), 'an allowed pair');
  await host.driver.ensurePort(port);
  await thief.exec('ip', 'link', 'set', 'eth0', 'address', 'fa:16:3e:99:99:99');
  assert.ok(!(await thief.pings('10.7.0.12')), 'another MAC');
  await host.driver.ensurePort({ ...port, guarded: false });
  assert.ok(await thief.pings('10.7.0.12'), 'an unguarded port may');
  await host.driver.ensurePort({ ...port, guarded: false, adminUp: false });
  assert.ok(!(await other.pings('10.7.0.11')), 'a port that is down carries nothing');
});

test('a tap that nobody asked for carries nothing', { skip }, async (t) => {
  const host = await openHost(t);
  const blue = host.segment(1);
  await host.driver.ensureGroup(groupOf(1, [{}]));
  const web = await plugged(host, host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] }));
  const stranger = await host.guest(host.port(9, blue, '10.7.0.19'));
  await stranger.address('10.7.0.19/24');
  assert.ok(!(await stranger.pings('10.7.0.11')));
  assert.ok(!(await web.pings('10.7.0.19')));
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
  assert.ok(!(await second.pings('10.7.0.12')), 'the neighbour of the other cloud');
  assert.match(await first.get('http://169.254.169.254/x'), /server of 0/);
  assert.match(await second.get('http://169.254.169.254/x'), /server of 1/);
});

test('the host keeps out of tenants’ networks', { skip }, async (t) => {
  const { web, host } = await twoNetworks(t);
  const bridgeMac = await macOfLink(host.segment(1).bridge);
  await web.exec('ip', 'neigh', 'replace', '10.7.0.77', 'lladdr', bridgeMac, 'dev', 'eth0', 'nud', 'permanent');
  await web.route(`${host.external}.1/32`, 'via', '10.7.0.77', 'dev', 'eth0');
  assert.ok(!(await web.pings(`${host.external}.1`)), 'a frame for the bridge itself');
  await web.route(`${host.external}.1/32`, 'dev', 'eth0');
  assert.ok(!(await web.pings(`${host.external}.1`)), 'ARP for an address of the host');
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

type Work = readonly [verb: keyof NetworkAgent, wish: { readonly id: string }];

/** An agent is killed so long after it began; the next one finds all its work still open, as its service would say. */
async function killedOnTheWay(host: Host, work: readonly Work[], afterMs: readonly number[]): Promise<void> {
  for (const ms of [...afterMs, null]) {
    const worker = new URL('./network-agent-worker.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [worker, host.cloudId, host.stateDir], {
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
