import type { Knex } from 'knex';
import type { GroupRule } from './resource.ts';

export const findDefaultGroup = async (db: Knex, projectId: string): Promise<string | undefined> =>
  (await db('default_groups').where({ projectId }).first('groupId'))?.groupId;
export const insertDefaultGroup = (tx: Knex, projectId: string, groupId: string) =>
  tx('default_groups').insert({ projectId, groupId });
export const isDefaultGroup = async (db: Knex, groupId: string): Promise<boolean> =>
  (await db('default_groups').where({ groupId }).first('groupId')) !== undefined;
export const deleteDefaultGroup = (tx: Knex, groupId: string) => tx('default_groups').where({ groupId }).delete();

/** Those of the groups that are a project's default group. */
export async function defaultGroupsAmong(db: Knex, groupIds: readonly string[]): Promise<Set<string>> {
  const rows = await db('default_groups')
    .whereIn('groupId', [...new Set(groupIds)])
    .select('groupId');
  return new Set(rows.map(({ groupId }) => String(groupId)));
}

interface PortGroup {
  readonly portId: string;
  readonly groupId: string;
}

export async function groupsOfPorts(db: Knex, portIds: readonly string[]): Promise<Map<string, string[]>> {
  const rows = await db<PortGroup>('port_groups')
    .whereIn('portId', [...portIds])
    .orderBy('groupId');
  const groups = Map.groupBy(rows, ({ portId }) => portId);
  return new Map([...groups].map(([portId, list]) => [portId, list.map(({ groupId }) => groupId)]));
}

export async function putPortGroups(tx: Knex, portId: string, groupIds: readonly string[]): Promise<void> {
  await tx<PortGroup>('port_groups').where({ portId }).delete();
  if (groupIds.length > 0) await tx<PortGroup>('port_groups').insert(groupIds.map((groupId) => ({ portId, groupId })));
}

export const isGroupUsed = async (db: Knex, groupId: string): Promise<boolean> =>
  (await db<PortGroup>('port_groups').where({ groupId }).first('portId')) !== undefined;

/** What a rule names at its remote end: security groups and address groups, whose members hosts have alike. */
const remoteEnds = ['remoteGroupId', 'remoteAddressGroupId'] as const;
type RemoteEnd = (typeof remoteEnds)[number];

/** Hosts that need a group's spec: those with ports in it, or in a group whose rules refer to it. */
export async function hostsNeeding(db: Knex, groupIds: readonly string[]): Promise<Map<string, Set<string>>> {
  const ids = [...groupIds];
  const users = new Map(ids.map((id) => [id, new Set([id])]));
  for (const column of remoteEnds) {
    const referring = await db<GroupRule>('security_group_rules').whereIn(column, ids).distinct('groupId', column);
    for (const rule of referring as GroupRule[]) users.get(rule[column] ?? '')?.add(rule.groupId);
  }
  const groups = [...new Set([...users.values()].flatMap((each) => [...each]))];
  const active = db('port_groups')
    .join('ports', 'ports.id', 'port_groups.portId')
    .whereIn('ports.bindingHost', db('hosts').select('host'))
    .distinct('port_groups.groupId as groupId', 'ports.bindingHost as host');
  const inactive = db('port_groups')
    .join('port_bindings', 'port_bindings.portId', 'port_groups.portId')
    .distinct('port_groups.groupId as groupId', 'port_bindings.host as host');
  const rows = (
    await Promise.all([active, inactive].map((query) => query.whereIn('port_groups.groupId', groups)))
  ).flat();
  const hosts = new Map<string, Set<string>>();
  for (const [id, of] of users)
    hosts.set(id, new Set(rows.filter(({ groupId }) => of.has(groupId)).map(({ host }) => String(host))));
  return hosts;
}

/** These groups, and those that their rules refer to. */
export async function referencedGroups(db: Knex, groupIds: readonly string[]): Promise<Set<string>> {
  const rules: Pick<GroupRule, RemoteEnd>[] = await db('security_group_rules')
    .whereIn('groupId', [...groupIds])
    .distinct(...remoteEnds);
  const remote = rules.flatMap((rule) => remoteEnds.flatMap((column) => rule[column] ?? []));
  return new Set([...groupIds, ...remote]);
}

/** The groups that a host needs for its ports. */
export const groupsNeededBy = async (db: Knex, host: string): Promise<Set<string>> =>
  referencedGroups(db, await groupIdsOn(db, host));

const groupIdsOn = async (db: Knex, host: string): Promise<string[]> => {
  const active = db('ports').where({ bindingHost: host }).select('id');
  const inactive = db('port_bindings').where({ host }).select('portId');
  const rows = await db('port_groups').whereIn('portId', active).orWhereIn('portId', inactive).distinct('groupId');
  return rows.map(({ groupId }) => String(groupId));
};

/** The addresses of the bound ports in a group, with their allowed address pairs. */
export async function memberAddresses(db: Knex, groupId: string): Promise<string[]> {
  const bound = () =>
    db('port_groups')
      .join('ports', 'ports.id', 'port_groups.portId')
      .where('port_groups.groupId', groupId)
      .whereNot('ports.bindingHost', '');
  const fixed = await bound()
    .join('addresses', 'addresses.portId', 'ports.id')
    .distinct('addresses.address as address');
  const paired = await bound().whereNot('ports.allowedAddressPairs', '[]').select('ports.allowedAddressPairs as pairs');
  const pairs = paired.flatMap(({ pairs }) =>
    (JSON.parse(String(pairs)) as { ip_address: string }[]).map((p) => p.ip_address),
  );
  return [...new Set([...fixed.map(({ address }) => String(address)), ...pairs])].sort(byText);
}

const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
