/** Marks everything that a change of a port affects as dirty: the port, its groups, DHCP, and the peers of its network. */
import type { Network } from '../context.ts';
import { type DirtyTarget, markDirty } from '../host-sync/store.ts';
import { listHosts } from '../hosts/store.ts';
import { dirtyTargetOf, markPeersDirty } from '../networks/mark-dirty.ts';
import { listInactive } from '../port-bindings/store.ts';
import { hostsNeeding, referencedGroups } from '../security-groups/store.ts';
import { placeDhcp } from './dhcp-port.ts';
import { owner, type Port } from './resource.ts';
import { countOnHost } from './store.ts';

interface PortChange {
  readonly before?: Port;
  readonly after?: Port;
  /** The groups that it was or is in. */
  readonly groupIds: readonly string[];
}

/** Call after the rows were written, in the same transaction. Does nothing for an unbound port. */
export async function markPortDirty(network: Network, { before, after, groupIds }: PortChange): Promise<void> {
  const named = [before, after].filter((port) => port !== undefined && port.bindingHost !== '') as Port[];
  const bound = await withHost(network, named);
  const [port] = bound;
  if (!port) return;
  const inactive = (await listInactive(network.db, [port.id])).map(({ host }) => ({ ...port, bindingHost: host }));
  const all = [...bound, ...inactive];
  await markDirty(
    network.db,
    all.map(dirtyTargetOf(port.networkId)).filter((each) => each !== undefined),
  );
  const hosts = [...new Set(all.map(({ bindingHost }) => bindingHost))];
  await markGroupsDirty(network, groupIds, hosts);
  if (port.deviceOwner === owner.dhcp) return;
  await placeDhcp(network, port.networkId);
  if (before?.bindingHost !== after?.bindingHost && (await isOnlyPort(network, bound)))
    await markPeersDirty(network, port.networkId);
}

/** Those whose host has ever reported; a binding to another one has failed. */
async function withHost({ db }: Network, ports: readonly Port[]): Promise<readonly Port[]> {
  if (ports.every(({ vifType }) => vifType !== 'binding_failed')) return ports;
  const known = new Set((await listHosts(db)).map(({ host }) => host));
  return ports.filter(({ bindingHost }) => known.has(bindingHost));
}

/** True when the host joined or left the network with this port. */
async function isOnlyPort({ db }: Network, ports: readonly Port[]): Promise<boolean> {
  for (const { networkId, bindingHost } of ports) if ((await countOnHost(db, networkId, bindingHost)) <= 1) return true;
  return false;
}

/**
 * Marks these groups on the hosts that need them. On `hosts`, where a port joins or leaves the groups, it marks the groups that
 * their rules refer to as well.
 */
export async function markGroupsDirty({ db }: Network, groupIds: readonly string[], hosts: readonly string[] = []) {
  if (groupIds.length === 0) return;
  const targets: DirtyTarget[] = [];
  for (const [subject, needing] of await hostsNeeding(db, groupIds))
    for (const host of needing) targets.push({ host, kind: 'group', subject });
  const referenced = hosts.length > 0 ? await referencedGroups(db, groupIds) : new Set<string>();
  for (const host of hosts) for (const subject of referenced) targets.push({ host, kind: 'group', subject });
  await markDirty(db, targets);
}
