/** A simulated guest: a namespace with a veth pair instead of a tap. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PortSpec } from '../../shared/contracts/network-agent.ts';
import { listenInNetns } from '../../shared/process/listen-in-netns.ts';
import { run, tryRun } from '../../shared/process/run.ts';

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

/** Creates a namespace whose veth has the name of the tap, so rules and bridges treat it as a guest. */
export async function plugGuest(
  t: TestContext,
  cloudId: string,
  { tap, mac, segment }: PortSpec,
  hostNamespace?: string,
) {
  const onHost = ['ip', ...(hostNamespace ? ['-n', hostNamespace] : [])];
  const namespace = `guest-${tap}`;
  const dir = await mkdtemp(join(tmpdir(), `wattle-guest-${cloudId}-`));
  const script = join(dir, 'udhcpc');
  await writeFile(script, udhcpcScript, { mode: 0o755 });
  await run(['ip', 'netns', 'add', namespace]);
  const servers: Server[] = [];
  t.after(async () => {
    for (const server of servers) server.close();
    await tryRun([...onHost, 'link', 'del', tap]);
    await tryRun(['ip', 'netns', 'del', namespace]);
    await rm(dir, { recursive: true });
  });
  const lines = [
    `link add ${tap} mtu ${segment.mtu} type veth peer name eth0 mtu ${segment.mtu} address ${mac} netns ${namespace}`,
    `link set ${tap} master ${segment.bridge}`,
    `link set ${tap} up`,
  ];
  await run([...onHost, '-batch', '-'], { input: lines.join('\n') });
  await run(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
  await run(['ip', '-n', namespace, 'link', 'set', 'eth0', 'up']);
  const exec = (...words: string[]) => tryRun(['ip', 'netns', 'exec', namespace, ...words], { timeoutMs: 20_000 });
  return {
    namespace,
    exec,
    /** The options of the DHCP lease. */
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
      Promise.all(addresses.map((a) => run(['ip', '-n', namespace, 'addr', 'add', a, 'dev', 'eth0', 'nodad']))),
    route: (...words: string[]) => run(['ip', '-n', namespace, 'route', 'replace', ...words]),
    pings: async (address: string, ...more: string[]) =>
      (await exec('ping', '-c', '1', '-W', '10', ...more, address)).code === 0,
    /** The opposite of `pings`, with a shorter timeout. */
    cannotPing: async (address: string, ...more: string[]) =>
      (await exec('ping', '-c', '1', '-W', '0.5', ...more, address)).code !== 0,
    get: async (url: string) => (await exec('busybox', 'wget', '-q', '-O', '-', url)).stdout,
    /** True when a TCP connection is accepted in time. */
    reaches: async (address: string, port: number, seconds = 10) => {
      const words = ['timeout', String(seconds), 'bash', '--norc', '-c', `cat < /dev/tcp/${address}/${port}`];
      return (await exec(...words)).stdout.includes('hello');
    },
    listens: async (port: number) => {
      const server = await listenInNetns(namespace, port, '::');
      server.on('connection', (socket: Socket) => socket.end('hello'));
      servers.push(server);
    },
    /** Starts an echo server, until the test ends. */
    echoes: async (port: number) => {
      const server = await listenInNetns(namespace, port, '::');
      server.on('connection', (socket: Socket) => {
        t.after(() => socket.destroy());
        socket.on('error', () => {}).pipe(socket);
      });
      servers.push(server);
    },
    /** The response body of a metadata request with these headers; "" when there is none. */
    asks: async (address: string, port: number, headers: Readonly<Record<string, string>> = {}, seconds = 10) => {
      const lines = Object.entries({ host: address, connection: 'close', ...headers }).map(([k, v]) => `${k}: ${v}`);
      const request = ['GET /openstack/latest/user_data HTTP/1.1', ...lines, '', ''].join('\\r\\n');
      const words = `exec 3<>/dev/tcp/${address}/${port} && printf '${request}' >&3 && cat <&3`;
      return (await exec('timeout', String(seconds), 'bash', '--norc', '-c', words)).stdout;
    },
  };
}
