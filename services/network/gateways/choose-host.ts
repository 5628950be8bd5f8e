/** The gateway hosts, and which of them gets a router. */
import type { Network } from '../context.ts';
import { ensureFact, findFact, findHost, type Host, listHosts } from '../hosts/store.ts';
import { isInZones } from '../hosts/zones.ts';
import type { Router } from '../routers/resource.ts';
import { countRouters } from './store.ts';

/**
 * The hosts that may run routers: the one in the settings, or all that have a NIC of a physical network and a weight. It is
 * one host, the first that reported, while none has a NIC, or while the host itself has the gateway address of the external
 * network (`externalOnHost`). That host is stored, so that routers do not move when another host starts.
 */
export async function gatewayHosts({ db, config }: Pick<Network, 'db' | 'config'>): Promise<Host[]> {
  if (config.gatewayHost) return [(await findHost(db, config.gatewayHost)) ?? []].flat();
  const hosts = await listHosts(db);
  const able = hosts.filter(({ gatewayWeight, physicalNetworks }) => gatewayWeight > 0 && physicalNetworks.length > 0);
  if (able.length > 0 && !config.externalOnHost) return able;
  const known = await findFact(db, 'way-out');
  const kept = hosts.find(({ host }) => host === known);
  if (kept || hosts.length === 0) return kept ? [kept] : [];
  const first = await ensureFact(db, 'way-out', (able[0] ?? hosts[0])?.host ?? '');
  return hosts.filter(({ host }) => host === first);
}

export const isGatewayHost = async (network: Pick<Network, 'db' | 'config'>, host: string): Promise<boolean> =>
  (await gatewayHosts(network)).some((each) => each.host === host);

type Placed = Pick<Router, 'availabilityZoneHints'>;

/** Why a host gets no router; null when it may have one. Names and reasons are for administrators. */
export function whyNoRouter(
  { presence, leases }: Network,
  host: Host,
  { availabilityZoneHints }: Placed,
): string | null {
  if (!host.adminStateUp) return 'is disabled by an administrator';
  if (host.unfit.length > 0) return `cannot do its work: ${host.unfit.join('; ')}`;
  if (!isInZones(host, availabilityZoneHints)) return `is in zone ${host.availabilityZone}`;
  if (presence.isAvoided(host.host)) return 'is down, or was several times of late';
  return leases.isAvoided(host.host) ? 'does not renew the lease of its routers' : null;
}

/** The host with the fewest routers for its weight; undefined when none may have it. */
export async function findRouterHost(
  network: Network,
  router: Placed,
  among: readonly Host[],
): Promise<Host | undefined> {
  const routers = await countRouters(network.db);
  const loadOf = ({ host, gatewayWeight }: Host) => ((routers.get(host) ?? 0) + 1) / Math.max(1, gatewayWeight);
  const free = among.filter((host) => whyNoRouter(network, host, router) === null);
  return free.toSorted((one, other) => loadOf(one) - loadOf(other))[0];
}

/** The host of a new router: one that is up, else one of its zones, else '' until one reports. */
export async function routerHost(network: Network, router: Placed): Promise<string> {
  const hosts = await gatewayHosts(network);
  const host =
    (await findRouterHost(network, router, hosts)) ??
    hosts.find((each) => each.adminStateUp && isInZones(each, router.availabilityZoneHints));
  return host?.host ?? '';
}
