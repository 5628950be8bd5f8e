import type { Knex } from 'knex';

/** The default limits of a project; -1 is unlimited. */
export const defaults = {
  volumes: 10,
  per_volume_gigabytes: -1,
  snapshots: 10,
  gigabytes: 1000,
  backups: 10,
  backup_gigabytes: 1000,
  groups: 10,
} as const;

export type Limits = Readonly<Record<string, number>>;

/** Only the limits that were set. */
export async function storedLimits(db: Knex, projectId: string): Promise<Limits> {
  const rows: { resource: string; hardLimit: number }[] = await db('quotas').where({ projectId });
  return Object.fromEntries(rows.map(({ resource, hardLimit }) => [resource, hardLimit]));
}

/** The default limits of this cloud: those above, overridden by the quota class `default`. */
const classOf = (name: string) => `class:${name}`;

export const storedDefaults = async (db: Knex): Promise<Limits> => ({
  ...defaults,
  ...(await storedLimits(db, classOf('default'))),
});

export const upsertDefaultLimits = (tx: Knex, limits: Limits) => upsertLimits(tx, classOf('default'), limits);

export async function upsertLimits(tx: Knex, projectId: string, limits: Limits): Promise<void> {
  for (const [resource, hardLimit] of Object.entries(limits))
    await tx('quotas')
      .insert({ projectId, resource, hardLimit })
      .onConflict(['projectId', 'resource'])
      .merge({ hardLimit });
}

export const deleteLimits = (tx: Knex, projectId: string) => tx('quotas').where({ projectId }).delete();

/** Serializes quota checks of a project until the end of the transaction. */
export async function lockProject(tx: Knex, projectId: string): Promise<void> {
  await tx('quotaTurns').insert({ projectId }).onConflict('projectId').ignore();
  await tx('quotaTurns').where({ projectId }).forUpdate().first();
}
