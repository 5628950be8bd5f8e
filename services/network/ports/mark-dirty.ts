/** Which hosts hear of a change of a port, and of what comes with it: groups, leases, the way to other hosts. */
import type { Network } from '../context.ts';
import { type DirtyTarget, markDirty } from '../host-sync/store.ts';
import { dirtyTargetOf, markPeersDirty } from '../networks/mark-dirty.ts';
import { hostsNeeding, referencedGroups } from '../security-groups/store.ts';
import { placeDhcp } from './dhcp-port.ts';
import { countOnHost, owner, type Port } from './store.ts';

interface PortChange {
  readonly before?: Port;
  readonly after?: Port;
  /** The groups it was in or is in. */
  readonly groupIds: readonly string[];
}

/** Call after the rows were written, in their transaction. A port that is on no host concerns nobody. */
export async function markPortDirty(network: Network, { before, after, groupIds }: PortChange): Promise<void> {
  const there = [before, after].filter((port) => port !== undefined && port.bindingHost !== '') as Port[];
  const [port] = there;
  if (!port) return;
  await markDirty(
    network.db,
    there.map(dirtyTargetOf(port.networkId)).filter((each) => each !== undefined),
  );
  const hosts = there.map(({ bindingHost }) => bindingHost);
  await markGroupsDirty(network, groupIds, hosts);
  if (port.deviceOwner === owner.dhcp) return;
  await placeDhcp(network, port.networkId);
  if (before?.bindingHost !== after?.bindingHost && (await isAlone(network, there)))
    await markPeersDirty(network, port.networkId);
}

/** The network came to a host with this port, or left one with it. */
async function isAlone({ db }: Network, ports: readonly Port[]): Promise<boolean> {
  for (const { networkId, bindingHost } of ports) if ((await countOnHost(db, networkId, bindingHost)) <= 1) return true;
  return false;
}

/**
 * Hosts where rules speak of these groups hear who is in them. Those named beside them, where a port of the groups
 * comes or goes, hear of all that its rules speak of.
 */
export async function markGroupsDirty({ db }: Network, groupIds: readonly string[], hosts: readonly string[] = []) {
  if (groupIds.length === 0) return;
  const targets: DirtyTarget[] = [];
  for (const [subject, needing] of await hostsNeeding(db, groupIds))
    for (const host of needing) targets.push({ host, kind: 'group', subject });
  const spokenOf = hosts.length > 0 ? await referencedGroups(db, groupIds) : new Set<string>();
  for (const host of hosts) for (const subject of spokenOf) targets.push({ host, kind: 'group', subject });
  await markDirty(db, targets);
}
