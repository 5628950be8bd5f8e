import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Cloud, readCloud } from '#shared/config/cloud.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import { type NetworkReport, networkAgent } from '#shared/contracts/network-agent.ts';
import { startAgent } from '#shared/hosts/agent.ts';
import { ensureHostId } from '#shared/service/host-id.ts';
import type { Runtime, Start } from '#shared/service/runtime.ts';
import { section } from './config.ts';
import type { NetworkDriver } from './drivers/driver.ts';
import { hostServers } from './drivers/linux/dnsmasq-files.ts';
import { linuxDriver } from './drivers/linux/driver.ts';
import { nameServerEndpoints, parseHostEndpoint } from './drivers/linux/host-endpoints.ts';
import { namesOf } from './drivers/linux/names.ts';
import { firstKey, lastingKey } from './drivers/linux/router-gate.ts';
import { memoryDriver } from './drivers/memory.ts';
import { openRouterLease } from './drivers/router-lease.ts';

/** Resolves when the firewall rules of all ports are loaded, so guests may start. DHCP and routers follow shortly. */
export const start: Start = async (runtime) => {
  const cloud = readCloud(runtime.settings);
  const settings = runtime.settings.read('network-agent', section);
  const stateDir = settings.stateDir || join(cloud.var, 'network-agent');
  const hostName = cloud.host || hostname();
  const hasMany = settings.driver === 'fake' && settings.fakeHosts > 1;
  const names = hasMany ? Array.from({ length: settings.fakeHosts }, (_, at) => `${hostName}-${at + 1}`) : [hostName];
  const idFolder = (name: string) => (hasMany ? join(stateDir, `fake-${name}`) : cloud.var);
  const hosts = await Promise.all(
    names.map((name) => startHost(runtime, cloud, { ...settings, stateDir }, name, idFolder(name))),
  );
  return { close: async () => void (await Promise.all(hosts.map((host) => host.close()))) };
};

type Settings = ValuesOf<typeof section>;

async function startHost(runtime: Runtime, cloud: Cloud, settings: Settings, host: string, idFolder: string) {
  const { bus, log } = runtime;
  const driver = await openDriver(runtime, cloud, settings);
  const hostId = await ensureHostId(idFolder);
  const report = async (): Promise<NetworkReport> => ({
    hostId,
    hostname: host,
    tunnelAddress: settings.tunnelAddress || cloud.address,
    driver: driver.kind,
    features: driver.features,
    availabilityZone: settings.availabilityZone,
    gatewayWeight: settings.gatewayWeight,
    physicalNetworks: settings.physicalNetworks.map((pair) => pair.split('=')[0] ?? ''),
    unfit: driver.unfit(),
    standing: driver.appliedIds(),
  });
  const agent = startAgent({ contract: networkAgent, bus, host, driver, log, everyMs: cloud.idleMs, report });
  const close = async () => {
    await agent.close();
    await driver.close();
  };
  return { close };
}

function openDriver({ bus, log }: Runtime, cloud: Cloud, settings: Settings): Promise<NetworkDriver> | NetworkDriver {
  const root = process.getuid?.() === 0;
  const kind = settings.driver === 'auto' ? (root ? 'linux' : 'user') : settings.driver;
  if (kind !== 'linux') return memoryDriver(kind);
  const upstream = settings.dns.length > 0 ? settings.dns : hostServers();
  return linuxDriver({
    lease: (gateway) =>
      openRouterLease({
        bus,
        log,
        host: cloud.host || hostname(),
        stateDir: settings.stateDir,
        gateway,
        lastingKey,
        firstKey,
      }),
    names: namesOf(cloud.id),
    tunnelAddress: settings.tunnelAddress || cloud.address,
    vxlanPort: settings.vxlanPort,
    wires: new Map(settings.physicalNetworks.map((pair) => pair.split('=', 2) as [string, string])),
    stateDir: settings.stateDir,
    bus,
    log,
    upstream,
    hostEndpoints: [
      ...settings.hostEndpoints.map((text) => parseHostEndpoint(text, cloud.address)),
      ...nameServerEndpoints(upstream),
    ],
    healMs: settings.healMs,
  });
}
