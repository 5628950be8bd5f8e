/** The settings of the cloud: what `wattle init` was given, completed by what follows from the nodes that have joined. */
import { createHash } from 'node:crypto';
import type { Part } from '../../roles.ts';
import { type NodeRoleName, partsOfRoles } from '../node-roles.ts';
import { formatPeer, type NodeSpec, type SettingsDocument } from './protocol.ts';
import type { NodeRow, Registry } from './store.ts';

const objectPort = 6210;
export const objectListen = ({ storageAddress }: Pick<NodeSpec, 'storageAddress'>) => `${storageAddress}:${objectPort}`;
const maxReplicas = 3;

/** A drained node keeps its devices in the ring, without weight: its data moves to the others. */
type Member = NodeSpec & { readonly drained?: boolean };

export function completeSettings(base: SettingsDocument, nodes: readonly Member[]): SettingsDocument {
  const active = nodes.filter(({ drained }) => !drained);
  const devices = nodes.flatMap((node) => node.devices.map((device) => deviceOf(node, device)));
  const weighted = active.flatMap((node) => node.devices);
  // With the gateway address on a physical router, every node with a NIC there is a gateway host.
  const several = base.network?.externalOnHost === false && nodes.some(({ externalNic }) => externalNic !== '');
  const gateway = several ? undefined : (gatewayOf(active) ?? gatewayOf(nodes));
  const replicas = Math.max(1, Math.min(maxReplicas, weighted.length));
  return {
    ...base,
    cloud: { ...backendsOf(nodes.filter(({ roles }) => roles.includes('management'))), ...base.cloud },
    'object-ring': { devices, replicas, ...base['object-ring'] },
    network: { ...(gateway ? { gatewayHost: gateway.name } : {}), ...base.network },
  };
}

/** Every management node has a database server and a broker. */
function backendsOf(management: readonly Member[]) {
  const at = (port: number) => management.map(({ address }) => `${address}:${port}`).join(',');
  const trustedProxies = ['127.0.0.1', ...management.map(({ address }) => address)];
  return {
    trustedProxies,
    bus: `amqps://${at(5671)}`,
    database: `mysqls://${at(3306)}`,
    managementNodes: management.map(formatPeer),
  };
}

const deviceOf = (node: Member, device: string): string =>
  `${node.name}-${objectListen(node)}/${device}${node.drained ? ' 0' : ''}`;

const gatewayOf = (nodes: readonly Member[]): Member | undefined =>
  nodes.find(({ externalNic }) => externalNic !== '') ?? nodes.find(({ roles }) => roles.includes('network'));

export const listByAge = async (registry: Pick<Registry, 'listNodes'>): Promise<NodeRow[]> =>
  (await registry.listNodes()).toSorted((a, b) => a.joinedAt - b.joinedAt);

/** The sections that the parts of the roles read: the secret of the ring goes to nothing else. */
export function settingsFor(settings: SettingsDocument, roles: readonly NodeRoleName[]): SettingsDocument {
  const parts = partsOfRoles(roles);
  const usesRing = parts.some((part) => part === 'object-agent' || part === 'object-store');
  const isRead = (section: string) =>
    section === 'cloud' || (section === 'object-ring' ? usesRing : parts.includes(section as Part));
  return Object.fromEntries(Object.entries(settings).filter(([section]) => isRead(section)));
}

/** Independent of the order of sections and settings. */
export function revisionOf(settings: SettingsDocument): string {
  const sorted = Object.keys(settings)
    .toSorted(byName)
    .map((section) => [section, Object.entries(settings[section] ?? {}).toSorted(([a], [b]) => byName(a, b))]);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

const byName = (a: string, b: string): number => (a < b ? -1 : 1);
