/** A host under test: the real driver, and network namespaces as guests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NetworkDriver } from '../../services/network-agent/drivers/driver.ts';
import { listDnsmasq } from '../../services/network-agent/drivers/linux/dnsmasq.ts';
import { linuxDriver } from '../../services/network-agent/drivers/linux/driver.ts';
import type { HostEndpoint } from '../../services/network-agent/drivers/linux/host-endpoints.ts';
import { namesOf } from '../../services/network-agent/drivers/linux/names.ts';
import { tearDown } from '../../services/network-agent/drivers/linux/sweep.ts';
import { memoryBus } from '../../shared/bus/memory.ts';
import { bridgeName, tapName } from '../../shared/contracts/names.ts';
import {
  type AddressOwner,
  addressOwner,
  type MetadataOf,
  metadataOf,
  type NetworkAgent,
  type PortSpec,
  type Segment,
} from '../../shared/contracts/network-agent.ts';
import { openLog } from '../../shared/log/log.ts';
import { run, tryRun } from '../../shared/process/run.ts';
import { externalRange } from '../fakes/external-range.ts';
import { plugGuest } from './network-agent-guest.ts';
import { idOf, macOf } from './network-agent-specs.ts';

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

export type Host = Awaited<ReturnType<typeof openHost>>;
export type Guest = Awaited<ReturnType<Host['guest']>>;

/** The owner of an address, for the metadata listener. */
type Owners = Map<string, string>;

export interface HostOptions {
  readonly healMs?: number;
  readonly hostEndpoints?: readonly HostEndpoint[];
  readonly tunnelAddress?: string;
}

export async function openHost(t: TestContext, options: HostOptions = {}) {
  const cloudId = randomId();
  const names = namesOf(cloudId);
  const stateDir = await mkdtemp(join(tmpdir(), 'wattle-network-agent-'));
  const external = await externalRange(t);
  const owners: Owners = new Map();
  const bus = memoryBus();
  bus.onCall(addressOwner, async ({ networkId, address }: AddressOwner['request']) => {
    if (host.serviceIsAway) throw new Error('the service is away');
    const serverId = owners.get(`${networkId} ${address}`);
    return serverId ? { serverId, projectId: 'p', portId: 'p' } : null;
  });
  bus.onCall(metadataOf, async ({ serverId, path }: MetadataOf['request']) => ({
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
    tunnelAddress: options.tunnelAddress ?? '127.0.0.1',
    vxlanPort: 4789,
    wires: new Map(),
    upstream: [],
    hostEndpoints: options.hostEndpoints ?? [],
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
    /** When set, bus calls of the metadata listener fail. */
    serviceIsAway: false,
    external,
    /** Closes the driver and opens it again, like a restart of the agent. */
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
    port: (number: number, segment: Segment, address: string, more: Partial<PortSpec> = {}): PortSpec => {
      const id = idOf(2, number);
      const fixedIps = [{ address, subnetId: `${segment.networkId}/4` }];
      const defaults = { allowedPairs: [], guarded: true, adminUp: true, groupIds: [] };
      return { id, segment, tap: tapName(cloudId, id), mac: macOf(number), fixedIps, ...defaults, ...more };
    },
    /** Creates a guest on this host, or on the host that a namespace simulates. */
    guest: (port: PortSpec, hostNamespace?: string) => plugGuest(t, cloudId, port, hostNamespace),
    /** Every kernel object with this cloud's id in its name. */
    leftovers: () => leftovers(cloudId),
  };
  return host;
}

export async function leftovers(cloudId: string): Promise<string[]> {
  const shown = await Promise.all([
    run(['ip', '-br', 'link']),
    run(['ip', 'netns', 'list']),
    run(['nft', 'list', 'tables']),
  ]);
  const lines = shown.flatMap(({ stdout }) => stdout.split('\n'));
  const dnsmasq = listDnsmasq(namesOf(cloudId).runDir).map((pid) => `dnsmasq ${pid}`);
  return [...lines.filter((line) => line.includes(cloudId) && !line.includes('guest-')), ...dnsmasq];
}

export const hostPings = async (address: string) => (await tryRun(['ping', '-c', '1', '-W', '1', address])).code === 0;
export const hostReaches = async (address: string, port: number, seconds = 1) =>
  (
    await tryRun(['timeout', String(seconds), 'bash', '--norc', '-c', `cat < /dev/tcp/${address}/${port}`])
  ).stdout.includes('hello');

/** Starts an agent as a separate process. */
export const workerFile = new URL('./network-agent-worker.ts', import.meta.url).pathname;

export type Work = readonly [verb: keyof NetworkAgent, spec: { readonly id: string }];
