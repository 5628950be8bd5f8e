import type { Knex } from 'knex';

/** What a project may have until somebody says otherwise; -1 is no limit. */
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

/** Only what was set. */
export async function readLimits(db: Knex, projectId: string): Promise<Limits> {
  const rows: { resource: string; hardLimit: number }[] = await db('quotas').where({ projectId });
  return Object.fromEntries(rows.map(({ resource, hardLimit }) => [resource, hardLimit]));
}

/** The defaults of this cloud: those above, with what an administrator set for the class `default`. */
const classOf = (name: string) => `class:${name}`;

export const readDefaults = async (db: Knex): Promise<Limits> => ({
  ...defaults,
  ...(await readLimits(db, classOf('default'))),
});

export const keepDefaults = (tx: Knex, limits: Limits) => keepLimits(tx, classOf('default'), limits);

export async function keepLimits(tx: Knex, projectId: string, limits: Limits): Promise<void> {
  for (const [resource, hardLimit] of Object.entries(limits))
    await tx('quotas')
      .insert({ projectId, resource, hardLimit })
      .onConflict(['projectId', 'resource'])
      .merge({ hardLimit });
}

export const dropLimits = (tx: Knex, projectId: string) => tx('quotas').where({ projectId }).delete();

/** Who counts a project's things and adds one waits here for who does the same. */
export async function useOnce(tx: Knex, projectId: string): Promise<void> {
  await tx('quotaTurns').insert({ projectId }).onConflict('projectId').ignore();
  await tx('quotaTurns').where({ projectId }).forUpdate().first();
}
