/** What a server group allows: where its other servers are, and whether a server may join them. */
import type { Knex } from 'knex';
import { findGroup, listMembers, lockGroup, type ServerGroup } from '../server-groups/store.ts';

/** Members per host, without the server itself. */
export async function membersOn(db: Knex, groupId: string, serverId: string): Promise<ReadonlyMap<string, number>> {
  const members = (await listMembers(db, [groupId])).filter(({ id }) => id !== serverId);
  const hosts = members.flatMap(({ host }) => host ?? []);
  return new Map([...Map.groupBy(hosts, (host) => host)].map(([host, { length }]) => [host, length]));
}

/** Whether the policy still allows the host: another server of the group may have been placed meanwhile. Must run in a transaction. */
export async function stillAllows(
  tx: Knex,
  { id, groupId }: { readonly id: string; readonly groupId: string | null },
  host: string,
): Promise<boolean> {
  if (groupId === null) return true;
  await lockGroup(tx, groupId);
  const group = await findGroup(tx, groupId);
  const members = await membersOn(tx, groupId, id);
  return group === undefined || allows(group, members, host);
}

export function allows(
  { policy, rules }: Pick<ServerGroup, 'policy' | 'rules'>,
  members: ReadonlyMap<string, number>,
  host: string,
): boolean {
  if (policy === 'affinity') return members.size === 0 || members.has(host);
  if (policy === 'anti-affinity') return (members.get(host) ?? 0) < (rules.max_server_per_host ?? 1);
  return true;
}
