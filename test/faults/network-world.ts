/** The network service and one host in one process, which can be killed before and after each effect and commit. */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#shared/auth/caller.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import type { IdentityClient } from '#shared/clients/identity.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { type NetworkAgent, networkAgent } from '#shared/contracts/network-agent.ts';
import { openDatabase } from '#shared/db/open.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { parseCreate } from '#shared/resource/body.ts';
import { section } from '../../services/network/config.ts';
import { atomically, type Network } from '../../services/network/context.ts';
import { createFloatingIp, removeFloatingIp } from '../../services/network/floating-ips/operations.ts';
import { floatingIpRows, floatingIps } from '../../services/network/floating-ips/resource.ts';
import { createNetwork } from '../../services/network/networks/operations.ts';
import { removeNetwork } from '../../services/network/networks/remove.ts';
import { networkRows, networks } from '../../services/network/networks/resource.ts';
import { createPort } from '../../services/network/ports/operations.ts';
import { removePort } from '../../services/network/ports/remove.ts';
import { portRows, ports } from '../../services/network/ports/resource.ts';
import { addInterface, removeInterface } from '../../services/network/routers/interfaces.ts';
import { createRouter, removeRouter } from '../../services/network/routers/operations.ts';
import { routerRows, routers } from '../../services/network/routers/resource.ts';
import { openNetwork } from '../../services/network/service.ts';
import { createSubnet } from '../../services/network/subnets/operations.ts';
import { subnetRows, subnets } from '../../services/network/subnets/resource.ts';
import { effect, type World, watchCommits } from './world.ts';

const caller = { userId: 'u', projectId: 'blue', roles: [], policy: everythingAllowed } as unknown as Caller;
const host = 'kvm-1';
const deviceId = '3b46fba1-72a7-42c7-94a8-35681239e8eb';

type SpecHandler = (network: Network) => Promise<unknown>;

/** Each step is idempotent: a step done before the process was killed is not done again. */
const blue: SpecHandler = async (network) => {
  if ((await networkRows.countOf(network.db, { name: 'blue' })) > 0) return;
  await atomically(network, async (within) => {
    const { id } = await createNetwork(within, caller, parseCreate(networks.attributes, { name: 'blue' }), 'blue');
    const subnet = parseCreate(subnets.attributes, { network_id: id, cidr: '10.7.0.0/24' });
    await createSubnet(within, caller, subnet, 'blue');
  });
};
const bound: SpecHandler = async (network) => {
  const [net] = await networkRows.where(network.db, { name: 'blue' });
  if (!net || (await portRows.countOf(network.db, { deviceId })) > 0) return;
  const device = { device_id: deviceId, device_owner: 'compute:nova', 'binding:host_id': host };
  const port = parseCreate(ports.attributes, { network_id: net.id, ...device });
  await atomically(network, (within) => createPort(within, caller, port, 'blue'));
};
const routed: SpecHandler = async (network) => {
  const { db } = network;
  const [outside] = await networkRows.where(db, { external: true });
  const [subnet] = await subnetRows.where(db, { cidr: '10.7.0.0/24' });
  const [port] = await portRows.where(db, { deviceId });
  if (!outside || !subnet || !port) throw new Error('the story lacks its beginning');
  const gateway = parseCreate(routers.attributes, { external_gateway_info: { network_id: outside.id } });
  if ((await routerRows.countOf(db, {})) === 0)
    await atomically(network, (within) => createRouter(within, caller, gateway, 'blue'));
  const [router] = await routerRows.where(db, {});
  if (!router) throw new Error('the router is gone');
  if ((await portRows.countOf(db, { deviceId: router.id, deviceOwner: 'network:router_interface' })) === 0)
    await atomically(network, (within) => addInterface(within, caller, router, { subnet_id: subnet.id }));
  const spec = parseCreate(floatingIps.attributes, { floating_network_id: outside.id, port_id: port.id });
  if ((await floatingIpRows.countOf(db, {})) === 0)
    await atomically(network, (within) => createFloatingIp(within, caller, spec, 'blue'));
};
const emptied: SpecHandler = async (network) => {
  const { db } = network;
  for (const each of await floatingIpRows.where(db, {}))
    await atomically(network, (within) => removeFloatingIp(within, caller, each));
  for (const each of await portRows.where(db, { deviceId }))
    await atomically(network, (within) => removePort(within, each));
  for (const router of await routerRows.where(db, {})) {
    for (const { id } of await portRows.where(db, { deviceId: router.id, deviceOwner: 'network:router_interface' }))
      await atomically(network, (within) => removeInterface(within, caller, router, { port_id: id }));
    await atomically(network, (within) => removeRouter(within, caller, router));
  }
  for (const each of await networkRows.where(db, { name: 'blue' }))
    await atomically(network, (within) => removeNetwork(within, caller, each));
};

/** The initial state of a scenario, and its steps. */
const stories: Readonly<Record<string, { readonly before: readonly SpecHandler[]; readonly part: SpecHandler }>> = {
  'a port that is bound': { before: [blue], part: bound },
  'a router with a floating IP': { before: [blue, bound], part: routed },
  'a network that goes, with all that is in it': { before: [blue, bound, routed], part: emptied },
};

async function live(dir: string, story: string, point: () => void): Promise<void> {
  const { before, part } = stories[story] ?? { before: [], part: blue };
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  let armed = existsSync(join(dir, 'ready'));
  const pass = () => armed && point();
  watchCommits(db, pass);
  const bus = memoryBus();
  const log = silentLog();
  const config = settingsOf({ network: { pollMs: 20, backoffMs: 5, answerMs: 30_000 } }).read('network', section);
  const compute = { sendEvents: () => effect(pass, () => writeFileSync(join(dir, 'events-sent'), '')) };
  const at = { host: '127.0.0.1', port: 0 };
  const { network, close } = await openNetwork({
    runtime: { db, bus, log, config, cloudId: 'kill' },
    apiServer: { at, identify: async () => caller, log },
    identityUrl: '',
    identity,
    compute,
  });
  const report = { hostId: 'h', hostname: host, tunnelAddress: '192.0.2.1', driver: 'fake', features: [] };
  const reports = async () => ({ ...report, standing: standingIn(dir) });
  const driver = specsAsFiles(dir, pass);
  const agent = startAgent({ contract: networkAgent, bus, host, driver, log, everyMs: 20, report: reports });
  await until(async () => (await db('hosts')).length > 0 && (await networkRows.countOf(db, { external: true })) > 0);
  if (!armed) {
    for (const each of before) await each(network);
    await ended(network);
    writeFileSync(join(dir, 'ready'), '');
    armed = true;
  }
  await part(network);
  await ended(network);
  await agent.close();
  await close();
  await db.destroy();
}

const identity: IdentityClient = { projectExists: async () => true, findProject: async () => 'admin' };

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(2);
}

const ended = ({ db }: Network) =>
  until(async () => {
    const open = await Promise.all(['statements', 'server_events'].map((table) => db(table)));
    return open.every((rows) => rows.length === 0);
  });

/** A host that keeps specs as files, so that the next process finds them. */
function specsAsFiles(dir: string, point: () => void): NetworkAgent {
  const file = (id: string) => join(dir, `on-host-${id.replace('/', '+')}`);
  const ensure = ({ id }: { id: string }) => effect(point, () => writeFileSync(file(id), ''));
  const gone = ({ id }: { id: string }) => effect(point, () => rmSync(file(id), { force: true }));
  const verbs = networkAgent.verbs.map((verb) => [verb, verb.endsWith('Gone') ? gone : ensure]);
  return Object.fromEntries(verbs) as NetworkAgent;
}

const standingIn = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => (name.startsWith('on-host-') ? [name.slice(8).replace('+', '/')] : []));

/** Counts of resources, the states of ports, and the remaining work. */
interface End {
  readonly ports: readonly string[];
  readonly floatingIps: readonly string[];
  readonly standing: number;
  readonly open: number;
  readonly eventsSent: boolean;
}

async function look(dir: string): Promise<End> {
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  const ports = await portRows.where(db, {});
  const floatingIps = await floatingIpRows.where(db, {});
  const open = await Promise.all(['statements', 'server_events', 'host_work'].map((table) => db(table)));
  await db.destroy();
  return {
    ports: ports.map(({ deviceOwner, status }) => `${deviceOwner} ${status}`).sort((a, b) => (a < b ? -1 : 1)),
    floatingIps: floatingIps.map(({ status }) => status),
    standing: standingIn(dir).length,
    open: open.flat().length,
    eventsSent: existsSync(join(dir, 'events-sent')),
  };
}

const done = { open: 0, eventsSent: true };
const guest = ['compute:nova ACTIVE', 'network:dhcp ACTIVE'];
const router = ['network:floatingip N/A', 'network:router_gateway ACTIVE', 'network:router_interface ACTIVE'];

export const world: World<End> = {
  stories: {
    // the port, its group, DHCP, and the external network
    'a port that is bound': { ports: guest, floatingIps: [], standing: 4, ...done },
    'a router with a floating IP': { ports: [...guest, ...router], floatingIps: ['ACTIVE'], standing: 5, ...done },
    'a network that goes, with all that is in it': { ports: [], floatingIps: [], standing: 1, ...done },
  },
  live,
  look,
};
