/** Sums over servers: for quotas, hosts and usage reports. */
import type { Knex } from 'knex';
import { fromRow, type Server } from '../servers/store.ts';

/** The quota usage of a project. */
export async function usedBy(tx: Knex, projectId: string) {
  const [sum] = (await tx('servers')
    .where({ projectId, deletedAt: null })
    .count({ instances: '*' })
    .sum({ cores: 'vcpus', ram: 'ramMb' })) as [Record<'instances' | 'cores' | 'ram', number | string | null>];
  return { instances: Number(sum.instances), cores: Number(sum.cores ?? 0), ram: Number(sum.ram ?? 0) };
}

/** Usage by host name: vCPUs, memory, number of servers. */
export async function usedOnHosts(db: Knex): Promise<Map<string, { vcpus: number; ramMb: number; count: number }>> {
  const rows = (await db('servers')
    .whereNotNull('host')
    .where({ deletedAt: null })
    .groupBy('host')
    .select('host')
    .count({ count: '*' })
    .sum({ vcpus: 'vcpus', ramMb: 'ramMb' })) as { host: string; count: number; vcpus: number; ramMb: number }[];
  return new Map(
    rows.map(({ host, ...sums }) => [
      host,
      { vcpus: Number(sums.vcpus), ramMb: Number(sums.ramMb), count: Number(sums.count) },
    ]),
  );
}

export async function listServersOnHosts(db: Knex): Promise<{ id: string; name: string; host: string }[]> {
  return db<Server>('servers').whereNotNull('host').where({ deletedAt: null }).select('id', 'name', 'host') as Promise<
    { id: string; name: string; host: string }[]
  >;
}

/** Servers that ran at some time in the span, including deleted ones. */
export async function listServersBetween(
  db: Knex,
  span: { readonly start: number; readonly end: number; readonly projectId?: string },
): Promise<Server[]> {
  const found = db('servers')
    .whereNotNull('launchedAt')
    .where('launchedAt', '<', span.end)
    .where((either) => void either.whereNull('terminatedAt').orWhere('terminatedAt', '>', span.start))
    .orderBy('sequence');
  if (span.projectId !== undefined) found.where({ projectId: span.projectId });
  return ((await found.select()) as Record<string, unknown>[]).map(fromRow);
}
