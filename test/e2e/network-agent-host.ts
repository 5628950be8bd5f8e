/** A host's network under test: the real driver, and network namespaces that stand in for guests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NetworkDriver } from '../../services/network-agent/drivers/driver.ts';
import { linuxDriver } from '../../services/network-agent/drivers/linux/driver.ts';
import { namesOf } from '../../services/network-agent/drivers/linux/names.ts';
import { tearDown } from '../../services/network-agent/drivers/linux/sweep.ts';
import { memoryBus } from '../../shared/bus/memory.ts';
import { bridgeName, tapName } from '../../shared/contracts/names.ts';
import {
  type DhcpWish,
  type MetadataOf,
  metadataOf,
  type PortWish,
  type RouterWish,
  type Segment,
  type WhoseAddress,
  whoseAddress,
} from '../../shared/contracts/network-agent.ts';
import { openLog } from '../../shared/log/log.ts';
import { listenInNetns } from '../../shared/process/listen-in-netns.ts';
import { run, tryRun } from '../../shared/process/run.ts';

/** Why these tests cannot run here, or false. */
export async function missing(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'needs root: bridges, namespaces and nft';
  const programs = ['ip', 'nft', 'dnsmasq', 'busybox', 'ping'];
  const found = await Promise.all(programs.map((name) => tryRun(['which', name])));
  const absent = programs.filter((_, index) => found[index]?.code !== 0);
  return absent.length > 0 ? `needs ${absent.join(', ')}` : false;
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const randomId = () => Array.from({ length: 4 }, () => letters[Math.floor(Math.random() * 36)]).join('');

/** Ids that are easy to tell apart, and differ in what names keep of them. */
export const idOf = (kind: number, number: number): string =>
  `${kind.toString(16).padStart(2, '0')}${number.toString(16).padStart(6, '0')}-1111-4111-8111-111111111111`;

export type Host = Awaited<ReturnType<typeof openHost>>;
export type Guest = Awaited<ReturnType<Host['guest']>>;

/** What the cloud knows of an address: the metadata door asks for it. */
type Owners = Map<string, string>;

export async function openHost(t: TestContext, options: { readonly healMs?: number } = {}) {
  const cloudId = randomId();
  const names = namesOf(cloudId);
  const stateDir = await mkdtemp(join(tmpdir(), 'wattle-network-agent-'));
  const owners: Owners = new Map();
  const bus = memoryBus();
  bus.onAsk(whoseAddress, async ({ networkId, address }: WhoseAddress['ask']) => {
    const serverId = owners.get(`${networkId} ${address}`);
    return serverId ? { serverId, projectId: 'p', portId: 'p' } : null;
  });
  bus.onAsk(metadataOf, async ({ serverId, path }: MetadataOf['ask']) => ({
    status: 200,
    type: 'text/plain',
    body: `${serverId} ${path}`,
  }));
  const log = process.env.WATTLE_TEST_LOG ? openLog({ cloudId }) : openLog({}, () => {});
  const settings = {
    names,
    stateDir,
    bus,
    log,
    tunnelAddress: '127.0.0.1',
    vxlanPort: 4789,
    wires: new Map(),
    upstream: [],
  };
  const open = () => linuxDriver({ ...settings, healMs: options.healMs ?? 60_000 });
  let driver: NetworkDriver | undefined;
  t.after(async () => {
    await driver?.close();
    await bus.close();
    await tearDown(names);
    await rm(stateDir, { recursive: true });
  });
  driver = await open();
  const host = {
    cloudId,
    names,
    stateDir,
    owners,
    driver,
    external: `198.18.${Math.floor(Math.random() * 250)}`,
    /** As if the process had ended and come back. */
    restart: async () => {
      await host.driver.close();
      driver = await open();
      host.driver = driver;
    },
    segment: (number: number, more: Partial<Segment> = {}): Segment => {
      const networkId = idOf(1, number);
      const bridge = bridgeName(cloudId, networkId);
      return { networkId, type: 'vxlan', id: 1000 + number, physical: null, bridge, mtu: 1450, peers: [], ...more };
    },
    port: (number: number, segment: Segment, address: string, more: Partial<PortWish> = {}): PortWish => {
      const id = idOf(2, number);
      const fixedIps = [{ address, subnetId: `${segment.networkId}/4` }];
      const defaults = { allowedPairs: [], guarded: true, adminUp: true, groupIds: [] };
      return { id, segment, tap: tapName(cloudId, id), mac: macOf(number), fixedIps, ...defaults, ...more };
    },
    /** On this host, or on the one that a namespace stands for. */
    guest: (port: PortWish, hostSpace?: string) => plugGuest(t, cloudId, port, hostSpace),
    /** Everything in the kernel that carries this cloud's mark. */
    leftovers: () => leftovers(cloudId),
  };
  return host;
}

export const macOf = (number: number): string =>
  `fa:16:3e:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`;

export async function leftovers(cloudId: string): Promise<string[]> {
  const shown = await Promise.all([
    run(['ip', '-br', 'link']),
    run(['ip', 'netns', 'list']),
    run(['nft', 'list', 'tables']),
    run(['ps', '-eo', 'args']),
  ]);
  return shown
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((line) => line.includes(cloudId) && !line.includes('guest-'));
}

const udhcpcScript = `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace $ip/$mask dev $interface
[ -n "$mtu" ] && ip link set $interface mtu $mtu
set -- $staticroutes
while [ $# -ge 2 ]; do
  if [ "$2" = 0.0.0.0 ]; then ip route replace $1 dev $interface; else ip route replace $1 via $2 dev $interface; fi
  shift 2
done
echo "ip=$ip mtu=$mtu router=$router dns=$dns routes=$staticroutes domain=$domain hostname=$hostname"
`;

/** A namespace whose cable has the name of the tap: to rules and bridges it is a guest. */
async function plugGuest(t: TestContext, cloudId: string, { tap, mac, segment }: PortWish, hostSpace?: string) {
  const onHost = ['ip', ...(hostSpace ? ['-n', hostSpace] : [])];
  const space = `guest-${tap}`;
  const dir = await mkdtemp(join(tmpdir(), `wattle-guest-${cloudId}-`));
  const script = join(dir, 'udhcpc');
  await writeFile(script, udhcpcScript, { mode: 0o755 });
  await run(['ip', 'netns', 'add', space]);
  const servers: Server[] = [];
  t.after(async () => {
    for (const server of servers) server.close();
    await tryRun([...onHost, 'link', 'del', tap]);
    await tryRun(['ip', 'netns', 'del', space]);
    await rm(dir, { recursive: true });
  });
  const lines = [
    `link add ${tap} mtu ${segment.mtu} type veth peer name eth0 mtu ${segment.mtu} address ${mac} netns ${space}`,
    `link set ${tap} master ${segment.bridge}`,
    `link set ${tap} up`,
  ];
  await run([...onHost, '-batch', '-'], { input: lines.join('\n') });
  await run(['ip', '-n', space, 'link', 'set', 'lo', 'up']);
  await run(['ip', '-n', space, 'link', 'set', 'eth0', 'up']);
  const exec = (...words: string[]) => tryRun(['ip', 'netns', 'exec', space, ...words], { timeoutMs: 20_000 });
  return {
    space,
    exec,
    /** What the lease said. */
    lease: async () => {
      const client = ['busybox', 'udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '5', '-T', '1', '-s', script];
      const { code, stdout, stderr } = await exec(
        ...client,
        ...['staticroutes', 'mtu', 'hostname'].flatMap((o) => ['-O', o]),
      );
      if (code !== 0) throw new Error(`no lease: ${stderr}`);
      return stdout.split('\n').find((line) => line.startsWith('ip=')) ?? '';
    },
    address: (...addresses: string[]) =>
      Promise.all(addresses.map((a) => run(['ip', '-n', space, 'addr', 'add', a, 'dev', 'eth0', 'nodad']))),
    route: (...words: string[]) => run(['ip', '-n', space, 'route', 'replace', ...words]),
    pings: async (address: string, ...more: string[]) =>
      (await exec('ping', '-c', '1', '-W', '3', ...more, address)).code === 0,
    /** The opposite of `pings`, without waiting as long. */
    cannotPing: async (address: string, ...more: string[]) =>
      (await exec('ping', '-c', '1', '-W', '0.5', ...more, address)).code !== 0,
    get: async (url: string) => (await exec('busybox', 'wget', '-q', '-O', '-', url)).stdout,
    /** True when somebody answered there in time. */
    reaches: async (address: string, port: number, seconds = 3) => {
      const words = ['timeout', String(seconds), 'bash', '-c', `cat < /dev/tcp/${address}/${port}`];
      return (await exec(...words)).stdout.includes('hello');
    },
    listens: async (port: number) => {
      const server = await listenInNetns(space, port, '::');
      server.on('connection', (socket: Socket) => socket.end('hello'));
      servers.push(server);
    },
  };
}

/** A network with one subnet 10.7.0.0/24-like, served by DHCP from .2. */
export const dhcpOf = (
  segment: Segment,
  prefix: string,
  number: number,
  leases: readonly PortWish[],
  more: Partial<DhcpWish['subnets'][number]> = {},
): DhcpWish => ({
  id: `${segment.networkId}/dhcp`,
  segment,
  port: {
    id: idOf(3, number),
    mac: macOf(0x300 + number),
    fixedIps: [{ address: `${prefix}.2`, subnetId: `${segment.networkId}/4` }],
  },
  subnets: [
    {
      id: `${segment.networkId}/4`,
      cidr: `${prefix}.0/24`,
      gateway: `${prefix}.1`,
      dns: [],
      routes: [],
      dhcp: true,
      ...more,
    },
  ],
  leases: leases.map(({ id, mac, fixedIps }) => {
    const address = fixedIps[0]?.address ?? '';
    return { portId: id, mac, address, name: `host-${address.replaceAll('.', '-')}` };
  }),
  domain: 'openstacklocal',
});

export const routerOf = (
  number: number,
  legs: readonly { readonly segment: Segment; readonly prefix: string }[],
): RouterWish => ({
  id: idOf(4, number),
  adminUp: true,
  interfaces: legs.map(({ segment, prefix }, index) => ({
    portId: idOf(5, number * 16 + index),
    mac: macOf(0x500 + number * 16 + index),
    segment,
    addresses: [`${prefix}.1/24`],
  })),
  gateway: null,
  floatingIps: [],
  routes: [],
});

export const anyRule = {
  direction: 'ingress',
  family: 4,
  protocol: null,
  portMin: null,
  portMax: null,
  cidr: null,
  remoteGroupId: null,
} as const;

/** A group that lets everything out, and these in. */
export const groupOf = (
  number: number,
  ingress: readonly Partial<typeof anyRule | import('../../shared/contracts/network-agent.ts').FirewallRule>[],
  members: readonly string[] = [],
) => ({
  id: idOf(6, number),
  members,
  rules: [
    ...ingress.map((rule) => ({ ...anyRule, ...rule })),
    { ...anyRule, direction: 'egress' as const },
    { ...anyRule, direction: 'egress' as const, family: 6 as const },
  ],
});
