import type { Knex } from 'knex';

export type Limits = Readonly<Record<string, number>>;

/** What differs from the defaults for a project; a quota class has its rows under its own name. */
export async function limitsOf(db: Knex, projectId: string): Promise<Limits> {
  const rows = (await db('quotas').where({ projectId })) as { resource: string; limit: number }[];
  return Object.fromEntries(rows.map(({ resource, limit }) => [resource, limit]));
}

export async function saveLimits(tx: Knex, projectId: string, limits: Limits): Promise<void> {
  for (const [resource, limit] of Object.entries(limits)) {
    if (await tx('quotas').where({ projectId, resource }).update({ limit })) continue;
    await tx('quotas').insert({ projectId, resource, limit });
  }
}

export const removeLimits = async (tx: Knex, projectId: string): Promise<void> => {
  await tx('quotas').where({ projectId }).delete();
};

/** One launch of a project at a time counts and writes: nobody else counts meanwhile. */
export async function lockProject(tx: Knex, id: string): Promise<void> {
  if (await tx('projects').where({ id }).forUpdate().first('id')) return;
  await tx('projects').insert({ id }).onConflict('id').ignore();
  await tx('projects').where({ id }).forUpdate().first('id');
}
