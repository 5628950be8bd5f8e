import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Config } from '../config.ts';
import type { Compute } from '../context.ts';
import { computeQuotas } from '../quotas/operations.ts';
import { countGroups, findGroup, type GroupPolicy, insertGroup, listMembers, type ServerGroup } from './store.ts';

export interface NewGroup {
  readonly name: string;
  readonly policy: GroupPolicy;
  readonly rules: ServerGroup['rules'];
}

export async function createGroup({ db, config }: Compute, caller: Caller, input: NewGroup): Promise<ServerGroup> {
  if (Object.keys(input.rules).length > 0 && input.policy !== 'anti-affinity')
    throw badRequest('Only anti-affinity policy supports rules.');
  const projectId = caller.projectId ?? '';
  const group = { ...input, id: randomUUID(), projectId, userId: caller.userId, createdAt: Date.now(), sequence: 0 };
  await db.transaction(async (tx) => {
    const limited = { db: tx, config };
    await computeQuotas.lock(limited, projectId);
    const { server_groups: limit = -1 } = await computeQuotas.limits(limited, projectId);
    if (limit >= 0 && (await countGroups(tx, projectId)) >= limit)
      throw new Fault(403, 'forbidden', 'Quota exceeded, too many server groups.');
    const { sequence: _, ...row } = group;
    await insertGroup(tx, row);
  });
  return group;
}

/** The group of a hint: the caller's own, with room for that many more servers. Must run with the project locked. */
export async function requestedGroup(
  { db, config }: { readonly db: Knex; readonly config: Config },
  projectId: string,
  { group: id }: Readonly<Record<string, unknown>>,
  count: number,
): Promise<string | null> {
  if (id === undefined) return null;
  const group = await findGroup(db, String(id));
  if (group?.projectId !== projectId) throw badRequest(`Instance group ${String(id)} could not be found.`);
  const { server_group_members: limit = -1 } = await computeQuotas.limits({ db, config }, projectId);
  if (limit >= 0 && (await listMembers(db, [group.id])).length + count > limit)
    throw new Fault(403, 'forbidden', 'Quota exceeded, too many servers in group');
  return group.id;
}
