/** The migrations of servers: resizes and moves between hosts, and their histories. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { MoveProgress } from '#shared/contracts/compute-agent.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import type { Query } from '#shared/db/page.ts';
import type { VmState } from '../servers/states.ts';
import type { FlavorCopy, Server } from '../servers/store.ts';
import { listPage, type PageRequest } from '../values.ts';

export type MigrationType = 'resize' | 'migration' | 'live-migration' | 'evacuation';

export interface ServerMigration {
  /** The number of the API. */
  readonly sequence: number;
  /** Its UUID: also the consumer in placement that holds the resources of the source host. */
  readonly id: string;
  readonly serverId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly type: MigrationType;
  /** Nova's: accepted, pre-migrating, migrating, finished, confirmed, reverted, error … */
  readonly status: string;
  readonly sourceHost: string;
  readonly sourceZone: string | null;
  /** The host that the request names. */
  readonly wantedHost: string | null;
  /** Null until the scheduler has chosen it. Written before any work on that host. */
  readonly destHost: string | null;
  readonly destZone: string | null;
  readonly destAddress: string | null;
  readonly oldFlavor: FlavorCopy;
  readonly newFlavor: FlavorCopy;
  readonly oldFlavorNumber: number;
  readonly newFlavorNumber: number;
  /** The state of the server before, for a rollback and for the end. */
  readonly oldVmState: VmState;
  /** Sealed: by it the two hosts authenticate each other. */
  readonly transferKey: string | null;
  readonly progress: MoveProgress | null;
  /** False while a host may have something of the migration that a delete of the server must remove. */
  readonly cleaned: boolean;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

const table = 'server_migrations';
const rows = rowsOf<ServerMigration>('oldFlavor', 'newFlavor', 'progress');

export type NewMigration = Pick<ServerMigration, 'type' | 'status' | 'newFlavor'> & Partial<ServerMigration>;

/** Must run in the transaction that acquires the server. Returns the id. */
export async function insertMigration(
  tx: Knex,
  caller: { readonly userId: string; readonly projectId: string | null },
  server: Server,
  migration: NewMigration,
  seal: (text: string) => string,
): Promise<string> {
  const id = randomUUID();
  await tx(table).insert(
    rows.write({
      id,
      serverId: server.id,
      projectId: caller.projectId ?? '',
      userId: caller.userId,
      sourceHost: server.host ?? '',
      sourceZone: server.zone,
      wantedHost: null,
      destHost: null,
      destZone: null,
      destAddress: null,
      oldFlavor: server.flavor,
      oldFlavorNumber: await numberOf(tx, server.flavorId),
      newFlavorNumber: await numberOf(tx, migration.newFlavor.id),
      oldVmState: server.vmState,
      transferKey: seal(randomBytes(32).toString('base64url')),
      progress: null,
      cleaned: false,
      createdAt: Date.now(),
      updatedAt: null,
      ...migration,
    }),
  );
  return id;
}

/** Flavors have numbers in this part of the API; 0 for one that does not exist any more. */
async function numberOf(tx: Knex, flavorId: string): Promise<number> {
  const flavor: { sequence: number } | undefined = await tx('flavors').where({ id: flavorId }).first('sequence');
  return flavor?.sequence ?? 0;
}

export async function getMigration(db: Knex, id: string): Promise<ServerMigration> {
  const found = await rows.find(db(table).where({ id }));
  if (!found) throw new Error(`migration ${id} does not exist`);
  return found;
}

export const findMigrationBy = (
  db: Knex,
  where: { readonly serverId: string } & Readonly<Record<string, unknown>>,
): Promise<ServerMigration | undefined> => rows.find(db(table).where(where).orderBy('sequence', 'desc'));

export const changeMigration = async (tx: Knex, id: string, change: Partial<ServerMigration>): Promise<void> => {
  await tx(table)
    .where({ id })
    .update({ ...rows.write(change), updatedAt: Date.now() });
};

/** Those of a server that may have left something on a host or in placement. */
export const listUncleanMigrations = (db: Knex, serverId: string): Promise<ServerMigration[]> =>
  rows.list(db(table).where({ serverId, cleaned: false }).orderBy('sequence'));

export const liveStatuses: readonly string[] = ['queued', 'preparing', 'running', 'post-migrating'];

/** The live migrations of a server that are in progress. */
export const listLiveMigrations = (db: Knex, serverId: string): Promise<ServerMigration[]> =>
  rows.list(db(table).where({ serverId, type: 'live-migration' }).whereIn('status', liveStatuses).orderBy('sequence'));

/** Resizes and cold migrations that have waited for a confirmation since before that time. */
export const listUnconfirmed = (db: Knex, before: number): Promise<ServerMigration[]> =>
  rows.list(db(table).where({ status: 'finished' }).where('updatedAt', '<', before).orderBy('sequence').limit(50));

/** Those whose lost host may still have something to remove. */
export const listDoneEvacuations = (db: Knex): Promise<ServerMigration[]> =>
  rows.list(db(table).where({ type: 'evacuation', status: 'done', cleaned: false }).orderBy('sequence').limit(500));

export interface MigrationFilter extends Omit<PageRequest, 'sorts' | 'key'> {
  /** Null: of all projects. */
  readonly projectId: string | null;
  readonly narrow: readonly ((query: Query) => unknown)[];
}

/** Newest first. */
export const listMigrations = (db: Knex, { projectId, narrow, ...page }: MigrationFilter): Promise<ServerMigration[]> =>
  listPage(
    rows.read,
    () => db(table).where(projectId === null ? {} : { projectId }),
    { ...page, sorts: [{ column: 'sequence', descending: true, notNull: true }] },
    (query) => {
      for (const each of narrow) each(query);
    },
  );

export const changedSince = (query: Query, time: number): Query =>
  query.whereRaw('COALESCE(updated_at, created_at) >= ?', [time]);
export const changedBefore = (query: Query, time: number): Query =>
  query.whereRaw('COALESCE(updated_at, created_at) <= ?', [time]);
