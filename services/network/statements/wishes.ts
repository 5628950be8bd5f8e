/** Each kind of statement: what its host is asked now, and what is true afterwards. */
import { tapName } from '#shared/contracts/names.ts';
import type { Applied, NetworkAgent } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { dhcpId, dhcpWish } from '../wishes/dhcp.ts';
import { externalId, externalWish } from '../wishes/external.ts';
import { groupWish } from '../wishes/group.ts';
import { portWish } from '../wishes/port.ts';
import { routerWish } from '../wishes/router.ts';
import { leasesStand, portRefused, portStands, routerRefused, routerStands } from './settle.ts';
import type { Kind, Statement } from './store.ts';

export interface Asked {
  readonly verb: keyof NetworkAgent;
  /** What it made true; an agent of an older release says nothing. */
  ask(agent: NetworkAgent): Promise<unknown>;
  readonly done?: (network: Network, refused: Applied['refused']) => Promise<void>;
  readonly refused?: (network: Network) => Promise<void>;
}

type Ask = (network: Network, host: string, subject: string) => Promise<Asked>;

const asked: Readonly<Record<Kind, Ask>> = {
  port: async (network, host, id) => {
    const wish = await portWish(network, host, id);
    const gone = { id, tap: tapName(network.cloudId, id) };
    if (!wish) return { verb: 'ensurePortGone', ask: (agent) => agent.ensurePortGone(gone) };
    return {
      verb: 'ensurePort',

      ask: (agent) => agent.ensurePort(wish),
      done: (within) => portStands(within, id),
      refused: (within) => portRefused(within, id),
    };
  },
  group: async (network, host, id) => {
    const wish = await groupWish(network, host, id);
    return wish
      ? { verb: 'ensureGroup', ask: (agent) => agent.ensureGroup(wish) }
      : { verb: 'ensureGroupGone', ask: (agent) => agent.ensureGroupGone({ id }) };
  },
  dhcp: async (network, host, networkId) => {
    const wish = await dhcpWish(network, host, networkId);
    const id = dhcpId(networkId);
    if (!wish) return { verb: 'ensureDhcpGone', ask: (agent) => agent.ensureDhcpGone({ id }) };
    const done = (within: Network) => leasesStand(within, networkId);
    return { verb: 'ensureDhcp', ask: (agent) => agent.ensureDhcp(wish), done };
  },
  router: async (network, host, id) => {
    const wish = await routerWish(network, host, id);
    if (!wish) return { verb: 'ensureRouterGone', ask: (agent) => agent.ensureRouterGone({ id }) };
    const done = (within: Network, left: Applied['refused']) => routerStands(within, wish, left);
    const refused = (within: Network) => routerRefused(within, id);
    return { verb: 'ensureRouter', ask: (agent) => agent.ensureRouter(wish), done, refused };
  },
  external: async (network, host, networkId) => {
    const wish = await externalWish(network, host, networkId);
    const id = externalId(networkId);
    return wish
      ? { verb: 'ensureExternal', ask: (agent) => agent.ensureExternal(wish) }
      : { verb: 'ensureExternalGone', ask: (agent) => agent.ensureExternalGone({ id }) };
  },
};

/** Reads the rows as they are now. */
export const askFor = (network: Network, { kind, host, subject }: Statement): Promise<Asked> =>
  asked[kind](network, host, subject);
