import type { Network } from '../context.ts';
import type { Router } from '../routers/resource.ts';
import { ensureFact, findFact, findHost, listHosts } from './store.ts';
import { isInZones } from './zones.ts';

/**
 * The host of routers and external networks: the one in the settings, or the first that reported; '' while there is none.
 * It is stored, so that routers do not move when another host starts.
 */
export async function gatewayHost({ db, config }: Pick<Network, 'db' | 'config'>): Promise<string> {
  if (config.gatewayHost) return (await findHost(db, config.gatewayHost))?.host ?? '';
  const known = await findFact(db, 'way-out');
  if (known !== undefined) return known;
  const [first] = await listHosts(db);
  if (!first) return '';
  return ensureFact(db, 'way-out', first.host);
}

/** The host of a router: the gateway host, or '' while that is in none of the zones that the router names. */
export async function routerHost(
  network: Network,
  { availabilityZoneHints }: Pick<Router, 'availabilityZoneHints'>,
): Promise<string> {
  const host = await findHost(network.db, await gatewayHost(network));
  return host && isInZones(host, availabilityZoneHints) ? host.host : '';
}
