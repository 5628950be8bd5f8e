/** Attacks by guests on the metadata of other guests and on the host, with real packets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { listenInNetns } from '../../shared/process/listen-in-netns.ts';
import { run } from '../../shared/process/run.ts';
import { hostReaches, missing, openHost } from './network-agent-host.ts';
import { plugged, twoNetworks } from './network-agent-networks.ts';
import { dhcpOf, idOf } from './network-agent-specs.ts';

const skip = await missing();

test('OSSA-2013-033: a guest gets no metadata of another network’s guest with the same address', {
  skip,
}, async (t) => {
  const { host, router, web: mallory, db: alice, blue, red } = await twoNetworks(t);
  host.owners.set(`${red.networkId} 10.8.0.21`, 'alice');
  await host.driver.ensureDhcp(dhcpOf(red, '10.8.0', 2, []));
  await host.driver.ensureRouter({ ...router, routes: [{ destination: '10.8.0.21/32', nexthop: '10.7.0.11' }] });
  await host.driver.ensurePort(host.port(1, blue, '10.7.0.11', { guarded: false }));
  await mallory.address('10.8.0.21/32');
  const endpoints = await endpointsOf(`${host.names.table}-r-${router.id}`);
  assert.equal(endpoints.length, 2, 'one listener for each interface');
  const ways = [
    ['169.254.169.254', 80],
    ['10.8.0.2', 80],
    ...['10.7.0.1', '10.8.0.1', '169.254.169.254'].flatMap((address) =>
      [9697, ...endpoints].map((port) => [address, port] as const),
    ),
  ] as const;
  const forged = {
    'x-forwarded-for': '10.8.0.21',
    'x-instance-id': 'alice',
    'x-tenant-id': 'p',
    forwarded: 'for=10.8.0.21',
  };
  for (const [source, headers] of [
    ['10.8.0.21', {}],
    ['10.7.0.11', forged],
  ] as const) {
    for (const [address] of ways) await mallory.route(`${address}/32`, 'via', '10.7.0.1', 'src', source);
    await Promise.all(
      ways.map(async ([address, port]) => {
        assert.doesNotMatch(
          await mallory.asks(address, port, headers, 0.7),
          /alice/,
          `${address}:${port} from ${source}`,
        );
      }),
    );
  }
  await host.driver.ensureRouter(router);
  assert.match(await alice.asks('169.254.169.254', 80), /alice/, 'her own request gets a reply');
});

/** The TCP ports with a listener in a router's namespace. */
async function endpointsOf(namespace: string): Promise<number[]> {
  const { stdout } = await run(['ip', 'netns', 'exec', namespace, 'ss', '-Hltn']);
  return stdout.split('\n').flatMap((line) => /:(\d+)\s/.exec(line)?.slice(1).map(Number) ?? []);
}

test('OSSN-0018: guests and routers reach only open ports of the host, at any of its addresses', {
  skip,
}, async (t) => {
  const [closed, listed] = [await listens(t), await listens(t)];
  const addresses = await hostAddresses(t);
  const hostEndpoints = addresses.map((address) => ({ address, protocol: 'tcp' as const, port: listed }));
  const { host, router, web } = await twoNetworks(t, { hostEndpoints });
  const outside = host.segment(3, { type: 'flat', physical: 'public', mtu: 1500 });
  const near = await plugged(host, host.port(9, outside, `${host.external}.50`, { groupIds: [idOf(6, 1)] }));
  await near.listens(7000);
  const peer = await openHost(t);
  const hostAddress = `${peer.external}.1/24`;
  const segment = peer.segment(3, { type: 'flat', physical: 'public', mtu: 1500 });
  await peer.driver.ensureExternal({
    id: `${segment.networkId}/external`,
    segment,
    hostAddress,
    masquerade: true,
  });
  const all = [...addresses, `${host.external}.1`, `${peer.external}.1`];
  const inRouter = async (address: string, port: number) =>
    (
      await run([
        'ip',
        'netns',
        'exec',
        host.names.routerNamespace(router.id),
        'timeout',
        '0.3',
        'bash',
        '--norc',
        '-c',
        `cat < /dev/tcp/${address}/${port} || true`,
      ]).then(
        ({ stdout }) => stdout,
        () => '',
      )
    ).includes('hello');
  for (const address of all) {
    assert.ok(await hostReaches(address, closed, 10), `${address} is there`);
    assert.ok(!(await web.reaches(address, closed, 0.3)), `${address} from a guest behind a router`);
    assert.ok(!(await near.reaches(address, closed, 0.3)), `${address} from a guest on the external network`);
    assert.ok(!(await inRouter(address, closed)), `${address} from the router`);
  }
  for (const address of addresses) assert.ok(await web.reaches(address, listed), `${address} is listed`);
  assert.ok(await web.pings(`${host.external}.1`), 'the gateway address replies to ping');
  assert.ok(await hostReaches(`${host.external}.50`, 7000, 10), 'the host reaches guests');
});

test('OSSN-0018: through their host guests reach only open ports of the cloud’s other hosts', {
  skip,
}, async (t) => {
  const box = await openBox(t);
  const hostEndpoints = [{ address: box.address, protocol: 'tcp' as const, port: 8774 }];
  const { host, router, web } = await twoNetworks(t, { hostEndpoints, tunnelAddress: box.hostAddress });
  const floating = `${host.external}.100`;
  await host.driver.ensureRouter({ ...router, floatingIps: [{ id: 'f', floating, fixed: '10.7.0.11' }] });
  await box.listens(3260);
  await box.listens(8774);
  await web.listens(7000);
  assert.ok(await hostReaches(box.address, 3260, 10), 'it listens');
  assert.ok(!(await web.reaches(box.address, 3260, 0.3)), 'the iSCSI port is closed');
  assert.ok(await web.cannotPing(box.address), 'ping is dropped');
  assert.ok(await web.reaches(box.address, 8774), 'an open port');
  await run(['ip', '-n', box.namespace, 'route', 'add', `${host.external}.0/24`, 'via', box.hostAddress]);
  assert.ok(await box.reaches(floating, 7000), 'other hosts reach guests, like any external client');
});

/** Another host, connected to this one by a veth pair. */
async function openBox(t: TestContext) {
  const name = `guest${Math.random().toString(36).slice(2, 8)}`;
  const subnet = `198.51.100.${Math.floor(Math.random() * 30) * 8}`.split('.');
  const at = (number: number) => [...subnet.slice(0, 3), Number(subnet[3]) + number].join('.');
  await run(['ip', 'netns', 'add', name]);
  const servers: Server[] = [];
  t.after(async () => {
    for (const server of servers) server.close();
    await run(['ip', 'netns', 'del', name]);
  });
  await run(['ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  await run(['ip', '-batch', '-'], { input: `addr add ${at(1)}/29 dev ${name}\nlink set ${name} up\n` });
  await run(['ip', '-n', name, '-batch', '-'], { input: `addr add ${at(2)}/29 dev eth0\nlink set eth0 up\n` });
  const listens = async (port: number) => {
    const server = await listenInNetns(name, port, '0.0.0.0');
    server.on('connection', (socket) => socket.end('hello'));
    servers.push(server);
  };
  const reaches = async (address: string, port: number) => {
    const words = [
      'ip',
      'netns',
      'exec',
      name,
      'timeout',
      '3',
      'bash',
      '--norc',
      '-c',
      `cat < /dev/tcp/${address}/${port}`,
    ];
    return (await run(words)).stdout.includes('hello');
  };
  return { namespace: name, hostAddress: at(1), address: at(2), listens, reaches };
}

test('OSSA-2013-033: metadata is served to a port’s fixed addresses, not to allowed pairs nor to spoofed ones of an unguarded port', {
  skip,
}, async (t) => {
  const { host, web, blue } = await twoNetworks(t);
  host.owners.set(`${blue.networkId} 10.7.0.11`, 'web');
  host.owners.set(`${blue.networkId} 10.7.0.77`, 'alice');
  const own = host.port(1, blue, '10.7.0.11', { groupIds: [idOf(6, 1)] });
  const pairs = [{ address: '10.7.0.0/24', mac: own.mac }];
  await web.address('10.7.0.77/32');
  for (const more of [{ allowedPairs: pairs }, { guarded: false, groupIds: [] }]) {
    await host.driver.ensurePort({ ...own, ...more });
    await web.route('169.254.169.254/32', 'via', '10.7.0.1', 'src', '10.7.0.77');
    assert.equal(await web.asks('169.254.169.254', 80, {}, 0.7), '', JSON.stringify(more));
    await web.route('169.254.169.254/32', 'via', '10.7.0.1', 'src', '10.7.0.11');
    assert.match(await web.asks('169.254.169.254', 80), /web/);
  }
});

/** A listener of the host at all its IPv4 and IPv6 addresses. */
async function listens(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end('hello'));
  t.after(() => server.close());
  await once(server.listen(0, '::'), 'listening');
  return (server.address() as { port: number }).port;
}

/** The addresses of the host, and one that the test adds. */
async function hostAddresses(t: TestContext): Promise<string[]> {
  const name = `guest${Math.random().toString(36).slice(2, 8)}`;
  await run(['ip', 'link', 'add', name, 'type', 'bridge']);
  t.after(() => run(['ip', 'link', 'del', name]));
  const another = `198.51.100.${240 + Math.floor(Math.random() * 15)}`;
  await run(['ip', 'addr', 'add', `${another}/32`, 'dev', name]);
  await run(['ip', 'link', 'set', name, 'up']);
  const machine = Object.entries(networkInterfaces()).filter(([link]) => /^(e|lo$)/.test(link));
  const own = machine
    .flatMap(([, found]) => found ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  return [...own.map(({ address }) => address), another];
}
