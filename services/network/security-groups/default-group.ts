import type { Network } from '../context.ts';
import { freshRow } from '../resources/values.ts';
import { type GroupRule, groupRows, ruleRows } from './resource.ts';
import { findDefaultGroup, insertDefaultGroup } from './store.ts';

type Plan = Pick<GroupRule, 'direction' | 'ethertype'> & { readonly remoteGroupId?: string };

const freshRule = (projectId: string, groupId: string, plan: Plan): GroupRule => ({
  ...freshRow(projectId, {}, 0),
  groupId,
  protocol: null,
  portMin: null,
  portMax: null,
  cidr: null,
  normalizedCidr: null,
  remoteGroupId: null,
  ...plan,
});

const families = ['IPv4', 'IPv6'] as const;

/** Every new group allows all egress. */
export const egressRules = (projectId: string, groupId: string): GroupRule[] =>
  families.map((ethertype) => freshRule(projectId, groupId, { direction: 'egress', ethertype }));

/** Returns the id of a project's default group, and creates it first if needed. Its members may reach each other. */
export async function defaultGroup({ db }: Network, projectId: string): Promise<string> {
  const known = await findDefaultGroup(db, projectId);
  if (known !== undefined) return known;
  const description = 'Default security group';
  const group = { ...freshRow(projectId, { name: 'default', description }), stateful: true };
  const inside = families.map((ethertype) =>
    freshRule(projectId, group.id, { direction: 'ingress', ethertype, remoteGroupId: group.id }),
  );
  await groupRows.insert(db, group);
  await insertDefaultGroup(db, projectId, group.id);
  for (const rule of [...egressRules(projectId, group.id), ...inside]) await ruleRows.insert(db, rule);
  return group.id;
}
