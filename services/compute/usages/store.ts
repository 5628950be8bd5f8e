/** Sums over servers: for quotas, hosts and usage reports. */
import type { Knex } from 'knex';
import type { Query } from '#shared/db/page.ts';
import { countGroups } from '../server-groups/store.ts';
import { type Server, serverRows } from '../servers/store.ts';
import { listPage, type PageRequest } from '../values.ts';

/** The quota usage of a project. */
export async function usedBy(tx: Knex, projectId: string) {
  const [sum] = (await tx('servers')
    .where({ projectId, deletedAt: null })
    .count({ instances: '*' })
    .sum({ cores: 'vcpus', ram: 'ramMb' })) as [Record<'instances' | 'cores' | 'ram', number | string | null>];
  return {
    server_groups: await countGroups(tx, projectId),
    instances: Number(sum.instances),
    cores: Number(sum.cores ?? 0),
    ram: Number(sum.ram ?? 0),
  };
}

/** Servers that are on a host; of the given hosts if any are given. */
const onHosts = (db: Knex, hosts?: readonly string[]) => {
  const found = db<Server>('servers').whereNotNull('host').where({ deletedAt: null });
  return hosts ? found.whereIn('host', hosts) : found;
};

export interface HostUsage {
  readonly vcpus: number;
  readonly ramMb: number;
  readonly count: number;
}

/** Usage by host name: vCPUs, memory, number of servers. */
export async function usedOnHosts(db: Knex, hosts?: readonly string[]): Promise<ReadonlyMap<string, HostUsage>> {
  const sums = onHosts(db, hosts).groupBy('host').select('host').count({ count: '*' });
  const rows = (await sums.sum({ vcpus: 'vcpus', ramMb: 'ramMb' })) as ({ host: string } & HostUsage)[];
  const usage = ({ vcpus, ramMb, count }: HostUsage) => ({ vcpus: Number(vcpus), ramMb: Number(ramMb), count });
  return new Map(rows.map((row) => [row.host, usage(row)]));
}

/** What each project uses on a host. */
export async function usedByProjectsOn(
  db: Knex,
  host: string,
): Promise<{ readonly projectId: string; readonly vcpus: number; readonly ramMb: number; readonly diskGb: number }[]> {
  const servers = await serverRows.list(db('servers').where({ host, deletedAt: null }));
  const sum = (rows: readonly Server[], value: (server: Server) => number) =>
    rows.reduce((total, server) => total + value(server), 0);
  return [...Map.groupBy(servers, ({ projectId }) => projectId)].map(([projectId, rows]) => ({
    projectId,
    vcpus: sum(rows, ({ vcpus }) => vcpus),
    ramMb: sum(rows, ({ ramMb }) => ramMb),
    diskGb: sum(rows, ({ flavor }) => flavor.diskGb + flavor.ephemeralGb),
  }));
}

interface OnHost {
  readonly id: string;
  readonly name: string;
  readonly host: string;
}

export const listServersOnHosts = async (db: Knex, hosts: readonly string[]): Promise<OnHost[]> =>
  onHosts(db, hosts).select('id', 'name', 'host');

/** Those of the servers that are on a host. */
export const findHostsOf = async (db: Knex, ids: readonly string[]): Promise<OnHost[]> =>
  onHosts(db).whereIn('id', ids).select('id', 'name', 'host');

interface Span extends Omit<PageRequest, 'sorts' | 'key'> {
  readonly start: number;
  readonly end: number;
  readonly projectId?: string;
}

/** A page of the servers that ran at some time in the span, including deleted ones, in the order of their creation. */
export const listServersBetween = (db: Knex, { start, end, projectId, ...page }: Span): Promise<Server[]> =>
  listPage(
    serverRows.read,
    () =>
      db('servers')
        .where(projectId === undefined ? {} : { projectId })
        .where('launchedAt', '<', end)
        .where((either: Query) => void either.whereNull('terminatedAt').orWhere('terminatedAt', '>', start)),
    { ...page, sorts: [{ column: 'sequence', descending: false, notNull: true }] },
  );
