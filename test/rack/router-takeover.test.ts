/**
 * A TCP stream through a floating IP goes on while the host of its router is lost, and at no time do two hosts answer for one
 * address: real agents and kernels on simulated hosts, and a capture of all ARP on the external network.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootPort, type Cloud, type Json, startCloud } from '../../services/network/cloud.test.ts';
import { bridgeName, tapName } from '../../shared/contracts/names.ts';
import { missing } from '../e2e/network-agent-host.ts';
import { connectToBus } from '../fakes/process-bus.ts';
import { eventually } from './cloud.ts';
import { canSimulate, type LabHost, ok, openLab } from './lab.ts';

const skip = canSimulate || (await missing());
const cloudId = 'test';
const python = '/usr/bin/python3';

/** A simulated host with an agent, which can be paused, and cut off from the service. */
function agentOn(host: LabHost, cloud: Cloud, physicalNetworks: readonly string[]) {
  let child: ChildProcess | undefined;
  let connection: ReturnType<typeof connectToBus> | undefined;
  let pid = 0;
  const start = async () => {
    const settings = {
      cloud: { id: cloudId, var: join(host.path, '..', 'agent'), host: host.name, idleMs: 1_000 },
      'network-agent': { driver: 'linux', tunnelAddress: host.address('tun'), physicalNetworks, healMs: 1_000 },
    };
    const file = join(import.meta.dirname, 'router-host-child.ts');
    const [program = '', ...args] = host.argv([process.execPath, file, JSON.stringify(settings)]);
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    const started = spawn(program, args, { stdio: [...stdio], env: { ...process.env, WATTLE_VAR: host.path } });
    child = started;
    connection = connectToBus(started, cloud.network.bus);
    pid = await new Promise<number>((resolve, reject) => {
      started.on('message', (message: { kind: string; pid: number }) => {
        if (message.kind === 'started') resolve(message.pid);
      });
      started.once('exit', () => reject(new Error(`the agent of ${host.name} has ended`)));
    });
  };
  const signal = async (name: 'STOP' | 'CONT' | 'KILL') => {
    ok(await host.run(['kill', `-${name}`, String(pid)]));
    if (name === 'CONT') child?.kill('SIGCONT'); // nsenter stops with the program that it runs
  };
  return {
    host,
    start,
    signal,
    cut: () => connection?.cut(),
    join: () => connection?.join(),
    close: () => {
      if (child?.connected) child.disconnect();
    },
  };
}

type Agent = ReturnType<typeof agentOn>;

/** Lines of a program that runs until the test ends, with the time of each. */
function linesOf(t: TestContext, argv: readonly string[]): string[] {
  const lines: string[] = [];
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  t.after(() => child.kill('SIGKILL'));
  return lines;
}

/** All ARP that enters the external switch: `time port operation sender-address sender-MAC`. */
const capture = `
import socket, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) # a bridge takes frames before other sockets see them
while True:
    frame, where = wire.recvfrom(2048)
    if frame[12:14] != b"\\x08\\x06" or where[2] == socket.PACKET_OUTGOING or not where[0].endswith("-ext"): continue
    if where[0].startswith("br-"): continue
    print(time.monotonic(), where[0], int.from_bytes(frame[20:22], "big"), socket.inet_ntoa(frame[28:32]), frame[22:28].hex(":"), flush=True)
`;

/** Asks who has an address, 50 times a second. */
const ask = (address: string) => `
import socket, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
wire.bind(("ext", 0))
mac = wire.getsockname()[4]
head = b"\\xff" * 6 + mac + bytes.fromhex("0806" + "0001" + "0800" + "0604" + "0001")
while True:
    wire.send(head + mac + socket.inet_aton("10.88.3.250") + bytes(6) + socket.inet_aton("${address}"))
    time.sleep(0.02)
`;

const echo = `
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 7), Echo).serve_forever()
`;

/** One connection: sends a number every 50 ms and prints the time and number of each that comes back. */
const stream = (address: string) => `
import socket, threading, time
def connect():
    while True:
        try: return socket.create_connection(("${address}", 7), 10)
        except OSError: time.sleep(0.1)
with connect() as s:
    s.settimeout(None)
    def send():
        n = 0
        while True:
            s.sendall(b"%d\\n" % n); n += 1; time.sleep(0.05)
    threading.Thread(target=send, daemon=True).start()
    for line in s.makefile(): print(time.monotonic(), line.strip(), flush=True)
print("ended", flush=True)
`;

const settings = {
  externalCidr: '10.88.3.0/24',
  externalGateway: '10.88.3.1',
  externalPool: '10.88.3.100-10.88.3.200',
  externalOnHost: false,
  masquerade: false,
  hostDownMs: 5_000,
};

/** Two gateway hosts, a host with a guest, and an office on the external network. */
async function openWorld(t: TestContext) {
  const names = ['gw1', 'gw2', 'comp', 'office'];
  const lab = await openLab(
    t,
    names.map((name) => ({ name, networks: ['tun', 'ext'] as const })),
  );
  const [gw1, gw2, comp, office] = names.map(lab.host) as [LabHost, LabHost, LabHost, LabHost];
  const cloud = await startCloud(t, { settings });
  const agents = [agentOn(gw1, cloud, ['public=ext']), agentOn(gw2, cloud, ['public=ext']), agentOn(comp, cloud, [])];
  t.after(() => {
    for (const each of agents) each.close();
  });
  for (const each of agents) await each.start();
  const known = async () => (await cloud.db('hosts')).length === agents.length;
  await waitUntil(known);
  ok(await office.run(['ip', 'addr', 'add', '10.88.3.1/24', 'dev', 'ext']));
  const { routerId, floating, gateway } = await makeNetwork(cloud, comp);
  return { lab, cloud, agents: agents.slice(0, 2) as [Agent, Agent], office, routerId, floating, gateway };
}

/** As long as a machine takes that does much else: building networks starts many programs. */
const waitUntil = (holds: () => boolean | Promise<boolean>) =>
  eventually(String(holds), async () => await holds(), 120_000);

/** A network behind a router, with a guest on a host that echoes, and its floating IP. */
async function makeNetwork(cloud: Cloud, comp: LabHost) {
  await waitUntil(async () => (await cloud.list('networks?name=public')).length === 1);
  const network_id = (await cloud.list('networks?name=public'))[0]?.id;
  const network = await cloud.make('networks', { network: { name: 'blue' } });
  const subnet = await cloud.make('subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr: '10.7.0.0/24' },
  });
  const router = await cloud.make('routers', { router: { name: 'r', external_gateway_info: { network_id } } });
  await cloud.ask('PUT', `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const port = await bootPort(cloud, network.id, comp.name);
  const [group] = port.security_groups as string[];
  const rule = { security_group_id: group, direction: 'ingress', remote_ip_prefix: '0.0.0.0/0' };
  await cloud.make('security-group-rules', { security_group_rule: rule });
  const made = await cloud.make('floatingips', { floatingip: { floating_network_id: network_id, port_id: port.id } });
  await waitUntil(async () => {
    const open = await Promise.all(['statements', 'host_work'].map((table) => cloud.db(table)));
    return open.every((rows) => rows.length === 0);
  });
  await plugGuest(comp, port, network.id);
  const {
    external_fixed_ips: [{ ip_address: gateway } = { ip_address: '' }],
  } = (
    (await cloud.show(`routers/${router.id}`)) as {
      external_gateway_info: { external_fixed_ips: { ip_address: string }[] };
    }
  ).external_gateway_info;
  return { routerId: router.id, floating: String(made.floating_ip_address), gateway };
}

async function plugGuest(comp: LabHost, port: Json & { id: string }, networkId: string): Promise<void> {
  const [tap, bridge] = [tapName(cloudId, port.id), bridgeName(cloudId, networkId)];
  const [fixed] = port.fixed_ips as { ip_address: string }[];
  const lines = [
    `link add ${tap} mtu 1450 type veth peer name eth0 mtu 1450 address ${port.mac_address} netns guest`,
    `link set ${tap} master ${bridge}`,
    `link set ${tap} up`,
  ];
  ok(await comp.run(['ip', 'netns', 'add', 'guest']));
  ok(await comp.run(['ip', '-batch', '-'], { input: lines.join('\n') }));
  const inside = [`addr add ${fixed?.ip_address}/24 dev eth0`, 'link set eth0 up', 'route add default via 10.7.0.1'];
  ok(await comp.run(['ip', '-n', 'guest', '-batch', '-'], { input: inside.join('\n') }));
}

type World = Awaited<ReturnType<typeof openWorld>>;

interface Frame {
  readonly at: number;
  readonly port: string;
  readonly operation: number;
  readonly address: string;
}

const frameOf = (line: string): Frame => {
  const [at, port = '', operation, address = ''] = line.split(' ');
  return { at: Number(at), port, operation: Number(operation), address };
};

/** The hosts that spoke for an address, in order of time; each turn of a host is one entry. */
function speakers(frames: readonly Frame[], address: string): Frame[][] {
  const turns: Frame[][] = [];
  for (const frame of frames.filter((each) => each.address === address)) {
    if (turns.at(-1)?.[0]?.port === frame.port) turns.at(-1)?.push(frame);
    else turns.push([frame]);
  }
  return turns;
}

/** How a host is lost, and how it returns. */
interface Loss {
  readonly name: string;
  readonly lose: (agent: Agent) => Promise<void>;
  readonly back: (agent: Agent) => Promise<void>;
}

const losses: readonly Loss[] = [
  {
    name: 'loses its power',
    lose: ({ host }) => host.off(),
    back: async ({ host, start }) => {
      await host.on();
      await start();
    },
  },
  { name: 'has a paused agent', lose: (agent) => agent.signal('STOP'), back: (agent) => agent.signal('CONT') },
  {
    name: 'is cut off from the service, but not from the networks',
    lose: async (agent) => agent.cut(),
    back: async (agent) => agent.join(),
  },
  { name: 'has a killed agent', lose: (agent) => agent.signal('KILL'), back: (agent) => agent.start() },
];

test('a TCP stream through a floating IP goes on when the host of its router is lost; no two hosts ever answer for its address', {
  skip,
}, async (t) => {
  const world = await openWorld(t);
  const { lab, office, floating, gateway, agents, cloud, routerId } = world;
  const comp = lab.host('comp');
  const captured = linesOf(t, ['ip', 'netns', 'exec', lab.switches, python, '-c', capture]);
  for (const address of [floating, gateway]) linesOf(t, office.argv([python, '-c', ask(address)]));
  linesOf(t, comp.argv(['ip', 'netns', 'exec', 'guest', python, '-c', echo]));
  await waitUntil(async () => (await office.run(['ping', '-c1', '-W1', floating])).code === 0);
  const echoed = linesOf(t, office.argv([python, '-c', stream(floating)]));
  await waitUntil(() => echoed.length > 5);
  const echoes = () => echoed.map((line) => line.split(' ').map(Number) as [number, number]);

  for (const { name, lose, back } of losses) {
    await t.test(name, async (inner) => {
      const holder = (await cloud.db('routers').where({ id: routerId }).first('host')).host;
      const [old, next] = agents.toSorted((one) => (one.host.name === holder ? -1 : 1)) as [Agent, Agent];
      const [before, from] = [echoed.length, captured.length];
      const lostAt = performance.now();
      await lose(old);
      await waitUntil(
        async () => (await cloud.db('routers').where({ id: routerId }).first('host')).host === next.host.name,
      );
      const movedMs = performance.now() - lostAt;
      await waitUntil(() => answersFrom(world, captured.slice(from), next));
      const after = echoed.length;
      await waitUntil(() => echoed.length > after + 20);
      const gapS = longestGap(echoes().slice(before - 1));
      const answeredS = silenceOf(world, captured.slice(from));
      inner.diagnostic(
        `${name}: moved after ${(movedMs / 1000).toFixed(1)} s; ${answeredS.toFixed(1)} s without an answer to ARP, the stream stood still for ${gapS.toFixed(1)} s`,
      );
      await back(old);
      await waitUntil(async () => !(await cloud.db('statements').where({ host: old.host.name }).first()));
      await waitUntil(async () => !(await old.host.run(['ip', 'netns', 'list'])).stdout.includes(`-r-${routerId}`));
      await sleep(300); // a host that took its router back would answer now
      const frames = captured.slice(from).map(frameOf);
      for (const address of [floating, gateway]) {
        const turns = speakers(frames, address);
        assert.deepEqual(
          turns.map(([first]) => first?.port),
          [old, next].map(({ host }) => lab.cable(host, 'ext')).slice(2 - turns.length),
          `the hosts that spoke for ${address}, in order`,
        );
      }
    });
  }
  assert.ok(!echoed.includes('ended'), 'the connection is the first one still');
  const numbers = echoes().map(([, number]) => number);
  assert.deepEqual(numbers, [...numbers.keys()], 'nothing was lost or doubled');
});

const answersFrom = ({ lab, floating }: World, lines: readonly string[], { host }: Agent): boolean =>
  lines
    .map(frameOf)
    .some(({ port, operation, address }) => port === lab.cable(host, 'ext') && operation === 2 && address === floating);

/** The longest time in which nobody answered for the floating IP. */
const silenceOf = ({ floating }: World, lines: readonly string[]): number =>
  longestGap(
    lines
      .map(frameOf)
      .filter(({ address }) => address === floating)
      .map(({ at }) => [at, 0] as const),
  );

const longestGap = (echoes: readonly (readonly [number, number])[]): number =>
  echoes.reduce((longest, [at], index) => Math.max(longest, at - (echoes[index - 1]?.[0] ?? at)), 0);
