import type { Knex } from 'knex';

interface Quota {
  readonly projectId: string;
  readonly resource: string;
  /** -1: no limit. */
  readonly ceiling: number;
}

export async function listQuotas(db: Knex, projectId: string): Promise<Map<string, number>> {
  const rows = await db<Quota>('quotas').where({ projectId });
  return new Map(rows.map(({ resource, ceiling }) => [resource, ceiling]));
}

export async function listQuotaProjects(db: Knex): Promise<string[]> {
  const rows = await db<Quota>('quotas').distinct('projectId').orderBy('projectId');
  return rows.map(({ projectId }) => projectId);
}

export async function upsertQuotas(tx: Knex, projectId: string, ceilings: Readonly<Record<string, number>>) {
  const rows = Object.entries(ceilings).map(([resource, ceiling]) => ({ projectId, resource, ceiling }));
  if (rows.length > 0) await tx<Quota>('quotas').insert(rows).onConflict(['projectId', 'resource']).merge(['ceiling']);
}

export const deleteQuotas = (tx: Knex, projectId: string) => tx<Quota>('quotas').where({ projectId }).delete();

/** Locks the quotas of a project until the transaction ends. Inserts the lock row if it does not exist. */
export const lockProject = (tx: Knex, projectId: string) =>
  tx('quota_locks').insert({ projectId }).onConflict('projectId').merge(['projectId']);

const tables = {
  network: 'networks',
  subnet: 'subnets',
  port: 'ports',
  router: 'routers',
  floatingip: 'floating_ips',
  security_group: 'security_groups',
  security_group_rule: 'security_group_rules',
} as const;

export type Counted = keyof typeof tables;
export const counted = Object.keys(tables) as Counted[];

export async function countUsed(db: Knex, projectId: string, resource: Counted): Promise<number> {
  const [row] = await db(tables[resource]).where({ projectId }).count({ total: '*' });
  return Number(row?.total ?? 0);
}
