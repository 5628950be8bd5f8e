import type { Network } from '../context.ts';
import { getFact, getHost, keepFact, listHosts } from './store.ts';

/**
 * The host where routers run and external wires are: the one that settings name, or the first that reported; '' while
 * there is none. It is remembered, so that another host's start moves nothing.
 */
export async function gatewayHost({ db, config }: Network): Promise<string> {
  if (config.gatewayHost) return (await getHost(db, config.gatewayHost))?.host ?? '';
  const known = await getFact(db, 'way-out');
  if (known !== undefined) return known;
  const [first] = await listHosts(db);
  if (!first) return '';
  return keepFact(db, 'way-out', first.host);
}
