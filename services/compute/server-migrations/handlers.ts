/** The lists of migrations: of the cloud or a project, and of one server. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Query } from '#shared/db/page.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Compute } from '../context.ts';
import { serverOf, unlockedServer } from '../servers/find.ts';
import { isTrue, limitOf, timeParameter } from '../values.ts';
import { abortMigration, controlSending, forceComplete } from './control.ts';
import {
  changedBefore,
  changedSince,
  findMigrationBy,
  listLiveMigrations,
  listMigrations,
  liveStatuses,
  type ServerMigration,
} from './store.ts';
import { liveMigrationView, migrationView } from './view.ts';

interface Filter {
  readonly since: Version;
  /** It names a host: for those who may see the hosts. */
  readonly host?: true;
  narrow(query: Query, value: string): unknown;
}

const equal = (column: string, since: Version = '2.1'): Filter => ({
  since,
  narrow: (query, value) => query.where(column, value),
});

const filters: Readonly<Record<string, Filter>> = {
  hidden: { since: '2.1', narrow: (query, value) => (isTrue(value) ? query.whereIn('sequence', []) : query) },
  host: {
    since: '2.1',
    host: true,
    narrow: (query, value) =>
      query.where((either: Query) => void either.where('sourceHost', value).orWhere('destHost', value)),
  },
  source_compute: { ...equal('sourceHost'), host: true },
  instance_uuid: equal('serverId'),
  migration_type: equal('type'),
  status: equal('status'),
  'changes-since': {
    since: '2.59',
    narrow: (query, value) => changedSince(query, timeParameter('changes-since', value) ?? 0),
  },
  'changes-before': {
    since: '2.66',
    narrow: (query, value) => changedBefore(query, timeParameter('changes-before', value) ?? 0),
  },
  user_id: equal('userId', '2.80'),
  project_id: equal('projectId', '2.80'),
};

const rule = 'os_compute_api:os-migrations:index';

function checkQuery({ query, version }: Call): void {
  if (!atLeast(version, '2.59')) return;
  const known = (name: string) => {
    const filter = own(filters, name);
    return name === 'limit' || name === 'marker' || (filter !== undefined && atLeast(version, filter.since));
  };
  const unknown = Object.keys(query).find((name) => !known(name));
  if (unknown !== undefined) throw badRequest(`Additional properties are not allowed ('${unknown}' was unexpected)`);
  const [since, before] = [query['changes-since'], query['changes-before']];
  if (since === undefined || before === undefined) return;
  if ((timeParameter('changes-before', before) ?? 0) < (timeParameter('changes-since', since) ?? 0))
    throw badRequest('The value of changes-since must be less than or equal to changes-before.');
}

const listAll: Handler<Compute> = async ({ db }, call) => {
  const { query, version, caller, base } = call;
  checkQuery(call);
  const asked = Object.entries(filters).flatMap(([name, filter]) => {
    const value = query[name];
    if (value === undefined || !atLeast(version, filter.since)) return [];
    if (filter.host) call.authorize(`${rule}:host`);
    return [(rows: Query) => filter.narrow(rows, value)];
  });
  const paged = atLeast(version, '2.59');
  const limit = limitOf(paged ? query.limit : undefined);
  const migrations = await listMigrations(db, {
    projectId: call.may(`${rule}:all_projects`) ? null : (caller.projectId ?? ''),
    narrow: asked,
    limit,
    marker: paged ? query.marker : undefined,
  });
  const hosts = call.may(`${rule}:host`);
  const ids = migrations.map(({ id }) => id);
  return ok({
    migrations: migrations.map((migration) => migrationView({ migration, hosts, base }, version)),
    ...(paged ? call.page('migrations', ids, limit) : {}),
  });
};

const path = '/v2.1/servers/:id/migrations';
const ofServer = 'os_compute_api:servers:migrations';

const listOfServer: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const { base, version } = call;
  const hosts = call.may(`${ofServer}:index:host`);
  const migrations = await listLiveMigrations(compute.db, id);
  const shown = migrations.map(async (migration) => {
    const progress = await controlSending(compute, migration, 'progress');
    return liveMigrationView({ migration, hosts, base, progress }, version);
  });
  return ok({ migrations: await Promise.all(shown) });
};

const show: Handler<Compute, unknown, 'id' | 'migration'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const migration = await findLiveMigration(compute, id, call.params.migration);
  const progress = await controlSending(compute, migration, 'progress');
  return ok({ migration: liveMigrationView({ migration, hosts: true, base: call.base, progress }, call.version) });
};

/** The migration of the path, of a server that its caller may change. */
async function migrationOf(compute: Compute, call: Call<unknown, 'id' | 'migration'>) {
  const server = await unlockedServer(compute, call);
  const number = call.params.migration;
  const migration = /^\d{1,9}$/.test(number)
    ? await findMigrationBy(compute.db, { serverId: server.id, sequence: Number(number) })
    : undefined;
  return { server, migration };
}

const abort: Handler<Compute, unknown, 'id' | 'migration'> = async (compute, call) => {
  const { server, migration } = await migrationOf(compute, call);
  if (!migration)
    throw new Fault(404, 'notFound', `Migration ${call.params.migration} not found for instance ${server.id}`);
  if (migration.type !== 'live-migration')
    throw badRequest(`Migration ${migration.sequence} of instance ${server.id} is no live migration.`);
  await abortMigration(compute, call.caller, server, migration, atLeast(call.version, '2.65'));
  return accepted();
};

const force: Handler<Compute, { readonly force_complete: null }, 'id' | 'migration'> = async (compute, call) => {
  const { server, migration } = await migrationOf(compute, call);
  if (migration?.type !== 'live-migration')
    throw badRequest(`Migration ${call.params.migration} not found for instance ${server.id}`);
  await forceComplete(compute, call.caller, server, migration);
  return accepted();
};

/** By its number. Throws 404 for one that is no live migration in progress. */
async function findLiveMigration({ db }: Compute, serverId: string, number: string): Promise<ServerMigration> {
  const migration = /^\d{1,9}$/.test(number)
    ? await findMigrationBy(db, { serverId, sequence: Number(number) })
    : undefined;
  const missing = (message: string) => new Fault(404, 'notFound', message);
  if (!migration) throw missing(`In-progress live migration ${number} is not found for server ${serverId}.`);
  if (migration.type !== 'live-migration')
    throw missing(`Migration ${number} for server ${serverId} is not live-migration.`);
  if (!liveStatuses.includes(migration.status))
    throw missing(`Live migration ${number} for server ${serverId} is not in progress.`);
  return migration;
}

export const migrationRoutes: Route<Compute>[] = [
  { method: 'get', path: '/v2.1/os-migrations', handler: listAll, rule },
  { method: 'get', path, handler: listOfServer, rule: `${ofServer}:index`, since: '2.23' },
  { method: 'get', path: `${path}/:migration`, handler: show, rule: `${ofServer}:show`, since: '2.23' },
  { method: 'delete', path: `${path}/:migration`, handler: abort, rule: `${ofServer}:delete`, since: '2.24' },
  {
    method: 'post',
    path: `${path}/:migration/action`,
    action: 'force_complete',
    handler: force,
    rule: `${ofServer}:force_complete`,
    since: '2.22',
  },
];
