/** Leases of the routers of hosts, and what hosts have yet to give up. Terms: README.md. */
import type { Knex } from 'knex';
import type { Mark } from '#shared/hosts/presence.ts';
import type { Router } from '../routers/resource.ts';

export interface Lease {
  readonly host: string;
  /** The boot of the agent and its latest request. */
  readonly boot: number;
  readonly seq: number;
  readonly renewedAt: number;
  /** The host may run its routers without renewing: no other host may take them unless it gives them up. */
  readonly lasting: boolean;
}

/** A router that was moved away from a host, which may still run it. */
export interface Release {
  readonly routerId: string;
  readonly host: string;
  /** The latest answer that may have allowed it. */
  readonly boot: number;
  readonly seq: number;
}

const leaseOf = (row: Lease): Lease => ({ ...row, lasting: Boolean(row.lasting) });

export const listLeases = async (db: Knex): Promise<Lease[]> =>
  ((await db<Lease>('router_leases')) as Lease[]).map(leaseOf);

/** The leases that end without a renewal. */
export const listTimedLeases = async (db: Knex): Promise<Mark[]> =>
  db('router_leases').where({ lasting: false }).select({ host: 'host', reportedAt: 'renewedAt' });

/** Locks the row until the transaction ends. */
export async function lockLease(tx: Knex, host: string): Promise<Lease | undefined> {
  const row = (await tx<Lease>('router_leases').where({ host }).forUpdate().first()) as Lease | undefined;
  return row && leaseOf(row);
}

export async function upsertLease(tx: Knex, lease: Lease): Promise<void> {
  await tx<Lease>('router_leases').insert(lease).onConflict('host').merge();
}

/** Of a host that was removed: it runs nothing any more. */
export async function deleteLease(tx: Knex, host: string): Promise<void> {
  await tx('router_leases').where({ host }).delete();
  await tx('router_releases').where({ host }).delete();
}

export async function insertRelease(tx: Knex, release: Release): Promise<void> {
  await tx<Release>('router_releases').insert(release).onConflict(['routerId', 'host']).merge();
}

export const deleteRelease = (tx: Knex, routerId: string, host: string) =>
  tx('router_releases').where({ routerId, host }).delete();

/** Deletes those that were allowed by an earlier boot, or by an answer before `seq`. */
export const deleteReleasesBefore = (tx: Knex, host: string, boot: number, seq: number) =>
  tx('router_releases')
    .where({ host })
    .where((either: Knex.QueryBuilder) =>
      either.where('boot', '<', boot).orWhere((same: Knex.QueryBuilder) => same.where({ boot }).where('seq', '<', seq)),
    )
    .delete();

/** The ids of routers that another host has yet to give up. */
export async function listUnreleased(db: Knex, routerIds: readonly string[]): Promise<Set<string>> {
  if (routerIds.length === 0) return new Set();
  const rows = await db('router_releases')
    .whereIn('routerId', [...routerIds])
    .select('routerId');
  return new Set(rows.map(({ routerId }) => routerId));
}

export const routerIdsOn = async (db: Knex, host: string): Promise<string[]> =>
  (await db<Router>('routers').where({ host }).orderBy('id').select('id')).map(({ id }) => id);

/** How many routers each host has. */
export async function countRouters(db: Knex): Promise<ReadonlyMap<string, number>> {
  const rows = await db<Router>('routers').groupBy('host').select('host').count({ routers: '*' });
  return new Map(rows.map((row) => [String(row.host), Number(row.routers)]));
}

/** Does not increase the revision, as the host is not set by a request of the owner. */
export const setRouterHost = (tx: Knex, id: string, host: string) =>
  tx<Router>('routers').where({ id }).update({ host });
