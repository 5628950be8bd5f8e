import type { Knex } from 'knex';

export type Limits = Readonly<Record<string, number>>;

/** The limits of a project that differ from the defaults; a quota class is stored under its name. */
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

/** Locks the project until the end of the transaction, so that launches count and insert one at a time. */
export async function lockProject(tx: Knex, id: string): Promise<void> {
  if (await tx('projects').where({ id }).forUpdate().first('id')) return;
  await tx('projects').insert({ id }).onConflict('id').ignore();
  await tx('projects').where({ id }).forUpdate().first('id');
}
