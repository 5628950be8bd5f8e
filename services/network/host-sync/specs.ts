/** Each kind of statement: what its host is asked now, and what is true afterwards. */
import { tapName } from '#shared/contracts/names.ts';
import type { Applied, NetworkAgent } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { dhcpId, dhcpSpec } from '../specs/dhcp.ts';
import { externalId, externalSpec } from '../specs/external.ts';
import { groupSpec } from '../specs/group.ts';
import { portSpec } from '../specs/port.ts';
import { routerSpec } from '../specs/router.ts';
import { onLeasesApplied, onPortApplied, onPortRefused, onRouterApplied, onRouterRefused } from './applied.ts';
import type { DirtyEntry, Kind } from './store.ts';

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
    const spec = await portSpec(network, host, id);
    const gone = { id, tap: tapName(network.cloudId, id) };
    if (!spec) return { verb: 'ensurePortGone', ask: (agent) => agent.ensurePortGone(gone) };
    return {
      verb: 'ensurePort',

      ask: (agent) => agent.ensurePort(spec),
      done: (within) => onPortApplied(within, id),
      refused: (within) => onPortRefused(within, id),
    };
  },
  group: async (network, host, id) => {
    const spec = await groupSpec(network, host, id);
    return spec
      ? { verb: 'ensureGroup', ask: (agent) => agent.ensureGroup(spec) }
      : { verb: 'ensureGroupGone', ask: (agent) => agent.ensureGroupGone({ id }) };
  },
  dhcp: async (network, host, networkId) => {
    const spec = await dhcpSpec(network, host, networkId);
    const id = dhcpId(networkId);
    if (!spec) return { verb: 'ensureDhcpGone', ask: (agent) => agent.ensureDhcpGone({ id }) };
    const done = (within: Network) => onLeasesApplied(within, networkId);
    return { verb: 'ensureDhcp', ask: (agent) => agent.ensureDhcp(spec), done };
  },
  router: async (network, host, id) => {
    const spec = await routerSpec(network, host, id);
    if (!spec) return { verb: 'ensureRouterGone', ask: (agent) => agent.ensureRouterGone({ id }) };
    const done = (within: Network, left: Applied['refused']) => onRouterApplied(within, spec, left);
    const refused = (within: Network) => onRouterRefused(within, id);
    return { verb: 'ensureRouter', ask: (agent) => agent.ensureRouter(spec), done, refused };
  },
  external: async (network, host, networkId) => {
    const spec = await externalSpec(network, host, networkId);
    const id = externalId(networkId);
    return spec
      ? { verb: 'ensureExternal', ask: (agent) => agent.ensureExternal(spec) }
      : { verb: 'ensureExternalGone', ask: (agent) => agent.ensureExternalGone({ id }) };
  },
};

/** Reads the rows as they are now. */
export const askFor = (network: Network, { kind, host, subject }: DirtyEntry): Promise<Asked> =>
  asked[kind](network, host, subject);
