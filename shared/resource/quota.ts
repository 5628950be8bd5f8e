/**
 * Quotas of projects. A **limit** is how much of a resource a project may have, -1 without bound; **usage** is counted from
 * the rows, so that it cannot drift. A limit that is not set for the project is that of the quota class `default`, which an
 * administrator sets, and else that of the cloud.
 */
import type { Knex } from 'knex';
import type { Fault } from '#shared/errors/fault.ts';

export type Limits = Readonly<Record<string, number>>;

interface Definition<Service> {
  /** The column of the limit in the table `quotas`. */
  readonly column: string;
  /** The table and its key whose rows are locked. */
  readonly lock: { readonly table: string; readonly key: string };
  /** The limits of the cloud. */
  cloud(service: Service): Limits | Promise<Limits>;
  /** What the project has, at least of these resources. */
  used(service: Service, projectId: string, resources: readonly string[]): Promise<Limits>;
}

export interface Excess {
  readonly resource: string;
  readonly limit: number;
  readonly used: number;
  readonly more: number;
}

/** A class is stored where projects are. */
export const classOf = (name: string): string => `class:${name}`;
const defaultClass = classOf('default');

export function quotas<Service extends { readonly db: Knex }>({
  column,
  lock: locked,
  cloud,
  used,
}: Definition<Service>) {
  /** The limits of the cloud and what was set for its default class and for these projects or classes; the last one counts. */
  const limitsOf = async (service: Service, ...owners: readonly string[]): Promise<Limits> => {
    const all = [defaultClass, ...owners];
    const rows = (await service.db('quotas').whereIn('projectId', all)) as Record<string, string | number>[];
    const set = all.flatMap((owner) => rows.filter(({ projectId }) => projectId === owner));
    return { ...(await cloud(service)), ...Object.fromEntries(set.map((row) => [row.resource, Number(row[column])])) };
  };
  const limits = (service: Service, projectId: string): Promise<Limits> => limitsOf(service, projectId);
  /** Until the transaction ends, no other counts and inserts what is of the project. */
  const lock = async ({ db }: Service, projectId: string): Promise<void> => {
    await db(locked.table)
      .insert({ [locked.key]: projectId })
      .onConflict(locked.key)
      .merge([locked.key]);
  };
  return {
    /** Of a project without limits of its own. */
    defaults: (service: Service): Promise<Limits> => limitsOf(service),
    /** Of a project, or of a class. */
    limits,
    lock,
    used,
    /** Limits with usage. */
    details: async (service: Service, projectId: string) => {
      const entries = Object.entries(await limits(service, projectId));
      const has = await used(
        service,
        projectId,
        entries.map(([resource]) => resource),
      );
      return entries.map(([resource, limit]) => ({ resource, limit, used: has[resource] ?? 0 }));
    },
    save: async ({ db }: Service, projectId: string, changed: Limits): Promise<void> => {
      const rows = Object.entries(changed).map(([resource, limit]) => ({ projectId, resource, [column]: limit }));
      if (rows.length > 0) await db('quotas').insert(rows).onConflict(['projectId', 'resource']).merge([column]);
    },
    reset: async ({ db }: Service, projectId: string): Promise<void> => {
      await db('quotas').where({ projectId }).delete();
    },
    /** The projects (and classes) for which a limit was set. */
    listProjects: async ({ db }: Service): Promise<string[]> =>
      db('quotas').distinct('projectId').orderBy('projectId').pluck('projectId'),
    /** Throws `refuse` of the first limit that `more` would exceed. Must run in the transaction that inserts the rows. */
    reserve: async (service: Service, projectId: string, more: Limits, refuse: (excess: Excess) => Fault) => {
      await lock(service, projectId);
      const [all, has] = [await limits(service, projectId), await used(service, projectId, Object.keys(more))];
      for (const [resource, amount] of Object.entries(more)) {
        const excess = { resource, limit: all[resource] ?? -1, used: has[resource] ?? 0, more: amount };
        if (excess.limit >= 0 && amount > 0 && excess.used + amount > excess.limit) throw refuse(excess);
      }
    },
  };
}
