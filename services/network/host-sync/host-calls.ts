/** The call that brings a host up to date, per kind of spec, and the updates of rows that follow it. */
import { tapName } from '#shared/contracts/names.ts';
import type { Applied, NetworkAgent } from '#shared/contracts/network-agent.ts';
import type { Network } from '../context.ts';
import { dhcpId, dhcpSpec } from '../specs/dhcp.ts';
import { externalId, externalSpec } from '../specs/external.ts';
import { groupSpec } from '../specs/group.ts';
import { portSpec } from '../specs/port.ts';
import { routerSpec } from '../specs/router.ts';
import { onDhcpApplied, onPortApplied, onPortRefused, onRouterApplied, onRouterRefused } from './applied.ts';
import type { DirtyEntry, SpecKind } from './store.ts';

export interface HostCall {
  readonly verb: keyof NetworkAgent;
  /** What the host is to have; absent when it is to have nothing. */
  readonly spec?: object;
  /** Resolves to the refused parts; to nothing with an agent of an older release. */
  call(agent: NetworkAgent): Promise<unknown>;
  readonly onApplied?: (network: Network, refused: Applied['refused']) => Promise<void>;
  readonly onRefused?: (network: Network) => Promise<void>;
}

type MakeHostCall = (network: Network, host: string, subject: string) => Promise<HostCall>;

const hostCalls: Readonly<Record<SpecKind, MakeHostCall>> = {
  port: async (network, host, id) => {
    const spec = await portSpec(network, host, id);
    const gone = { id, tap: tapName(network.cloudId, id) };
    if (!spec) return { verb: 'ensurePortGone', call: (agent) => agent.ensurePortGone(gone) };
    return {
      verb: 'ensurePort',
      spec,
      call: (agent) => agent.ensurePort(spec),
      onApplied: (inTransaction) => onPortApplied(inTransaction, id, host),
      onRefused: (inTransaction) => onPortRefused(inTransaction, id, host),
    };
  },
  group: async (network, host, id) => {
    const spec = await groupSpec(network, host, id);
    return spec
      ? { verb: 'ensureGroup', spec, call: (agent) => agent.ensureGroup(spec) }
      : { verb: 'ensureGroupGone', call: (agent) => agent.ensureGroupGone({ id }) };
  },
  dhcp: async (network, host, networkId) => {
    const spec = await dhcpSpec(network, host, networkId);
    const id = dhcpId(networkId);
    if (!spec) return { verb: 'ensureDhcpGone', call: (agent) => agent.ensureDhcpGone({ id }) };
    const onApplied = (inTransaction: Network) => onDhcpApplied(inTransaction, networkId);
    return { verb: 'ensureDhcp', spec, call: (agent) => agent.ensureDhcp(spec), onApplied };
  },
  router: async (network, host, id) => {
    const spec = await routerSpec(network, host, id);
    if (!spec) return { verb: 'ensureRouterGone', call: (agent) => agent.ensureRouterGone({ id }) };
    const onApplied = (inTransaction: Network, refusedParts: Applied['refused']) =>
      onRouterApplied(inTransaction, spec, refusedParts);
    const onRefused = (inTransaction: Network) => onRouterRefused(inTransaction, id);
    return { verb: 'ensureRouter', spec, call: (agent) => agent.ensureRouter(spec), onApplied, onRefused };
  },
  external: async (network, host, networkId) => {
    const spec = await externalSpec(network, host, networkId);
    const id = externalId(networkId);
    return spec
      ? { verb: 'ensureExternal', spec, call: (agent) => agent.ensureExternal(spec) }
      : { verb: 'ensureExternalGone', call: (agent) => agent.ensureExternalGone({ id }) };
  },
};

/** Reads the rows as they are now. */
export const hostCallFor = (network: Network, { kind, host, subject }: DirtyEntry): Promise<HostCall> =>
  hostCalls[kind](network, host, subject);
