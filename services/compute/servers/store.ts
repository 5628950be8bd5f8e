import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import type { GuestMachine } from '#shared/contracts/compute-agent.ts';
import { rowsOf } from '#shared/db/json-columns.ts';
import { conflict, notFound } from '#shared/errors/fault.ts';
import { acquire, type Owned, updateOwned } from '#shared/states/owned.ts';
import type { PowerState, ServerTransition, TaskState, VmState } from './states.ts';

/** The flavor as it was when the server was created. */
export interface FlavorCopy {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ramMb: number;
  readonly diskGb: number;
  readonly ephemeralGb: number;
  readonly swapMb: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

/** The properties of its image that a server keeps. */
export interface ImageCopy {
  readonly id: string;
  readonly format: string;
  /** Its virtual size, rounded up. */
  readonly sizeGb: number;
  readonly minDiskGb: number;
  readonly minRamMb: number;
  readonly properties: Readonly<Record<string, string>>;
}

export interface RootSource {
  readonly imageId: string;
  readonly format: string;
  /** Differs for each time that the disk is made. */
  readonly generation: string;
}

interface ServerFault {
  readonly code: number;
  readonly message: string;
  /** Milliseconds since 1970, like all times in rows. */
  readonly created: number;
  readonly details?: string;
}

export interface Address {
  readonly version: 4 | 6;
  readonly addr: string;
  readonly type: 'fixed' | 'floating';
  readonly mac: string;
}
/** By the name of the network. */
export type Addresses = Readonly<Record<string, readonly Address[]>>;

export interface Server extends Owned {
  /** Grows by one with each server; the number in `instance-0000002a`. */
  readonly sequence: number;
  /** Grows with each change: cached views are valid for one version. */
  readonly version: number;
  readonly projectId: string;
  readonly userId: string;
  readonly name: string;
  readonly hostname: string;
  readonly description: string | null;
  readonly vmState: VmState;
  /** Nova's task_state; null without a task. */
  readonly taskState: TaskState | null;
  readonly powerState: PowerState | null;
  /** The task that holds the guest lock; the lock is free when that task no longer exists. */
  readonly guestTaskId: string | null;
  /** Why the last task failed. */
  readonly fault: ServerFault | null;
  readonly host: string | null;
  readonly zone: string | null;
  readonly wantedZone: string | null;
  readonly wantedHost: string | null;
  readonly flavorId: string;
  readonly flavor: FlavorCopy;
  /** What counts against the quota: while a resize is not confirmed, the larger of its flavors. */
  readonly vcpus: number;
  readonly ramMb: number;
  /** Null for a server that boots from a volume. */
  readonly imageId: string | null;
  readonly image: ImageCopy | null;
  readonly keyName: string | null;
  readonly keyData: string | null;
  /** Base64, as received. */
  readonly userData: string | null;
  readonly configDrive: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly addresses: Addresses;
  /** Names of the security groups of its ports. */
  readonly groups: readonly string[];
  /** Ids of the security groups that were requested at its launch. */
  readonly wantedGroups: readonly string[];
  /** The machine of its guest, which must not change; null before the first boot. */
  readonly machine: GuestMachine | null;
  readonly bootMark: string;
  readonly bootKind: 'soft' | 'hard';
  readonly rootDevice: string | null;
  /** What the local root disk is made from, when that is not the image as it was at the launch. */
  readonly rootSource: RootSource | null;
  /** The image that a rescued server boots from. */
  readonly rescueImage: ImageCopy | null;
  /** The image of its root disk, while it is shelved. */
  readonly shelvedImageId: string | null;
  /** The password that the guest has sent, encrypted with the public key of the server. */
  readonly password: string | null;
  readonly softDeletedAt: number | null;
  readonly reservationId: string;
  readonly launchIndex: number;
  readonly accessIpv4: string;
  readonly accessIpv6: string;
  readonly lockedBy: 'owner' | 'admin' | null;
  readonly lockedReason: string | null;
  readonly diskConfig: 'AUTO' | 'MANUAL';
  readonly hints: Readonly<Record<string, unknown>>;
  /** Its server group. */
  readonly groupId: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly launchedAt: number | null;
  readonly terminatedAt: number | null;
  readonly deletedAt: number | null;
}

export type NewServer = Omit<Server, 'sequence' | 'version'>;
export type ServerChange = Partial<Omit<Server, 'id' | 'sequence' | 'version'>>;

export const serverRows = rowsOf<Server>(
  'fault',
  'flavor',
  'image',
  'metadata',
  'tags',
  'addresses',
  'groups',
  'wantedGroups',
  'machine',
  'rootSource',
  'rescueImage',
  'hints',
);

/** Every change increments the version and sets `updatedAt`. */
const changed = (tx: Knex, change: ServerChange): Record<string, unknown> => ({
  updatedAt: Date.now(),
  ...serverRows.write(change),
  version: tx.raw('version + 1'),
});

export const insertServer = async (tx: Knex, server: NewServer): Promise<void> => {
  await tx('servers').insert({ ...serverRows.write(server), version: 1 });
};

const scopeOf = (caller: Caller) => (may(caller, 'context_is_admin') ? {} : { projectId: caller.projectId });

/** Throws 404 for a server of another project, except for administrators. */
export const getServer = (db: Knex, caller: Caller, id: string): Promise<Server> =>
  orNotFound(db('servers').where({ id, ...scopeOf(caller), deletedAt: null }), id);

/** Includes deleted servers, for their history. */
export const getServerOrDeleted = (db: Knex, caller: Caller, id: string): Promise<Server> =>
  orNotFound(db('servers').where({ id, ...scopeOf(caller) }), id);

async function orNotFound(query: Knex.QueryBuilder, id: string): Promise<Server> {
  const server = await serverRows.find(query);
  if (!server) throw notFound('Instance', id);
  return server;
}

/** For workflows, messages and timers, which have no caller. */
export const findServer = (db: Knex, id: string): Promise<Server | undefined> =>
  serverRows.find(db('servers').where({ id, deletedAt: null }));

/** For the steps of the task that owns the server; throws when it does not. */
export async function getOwnedServer(db: Knex, { id, taskId }: Owned): Promise<Server> {
  const server = await serverRows.find(db('servers').where({ id, taskId }));
  if (!server) throw new Error(`server ${id} does not belong to task ${taskId}`);
  return server;
}

/** Acquires the server for a task by the first transition that fits; throws 409 with its state when none does. */
export async function acquireServer(tx: Knex, transitions: readonly ServerTransition[], owned: Owned): Promise<void> {
  for (const { name: _, meanwhile, ...transition } of transitions)
    if (await acquire<Server>(tx, 'servers', owned, { ...transition, meanwhile: changed(tx, meanwhile) })) return;
  throw await refusal(tx, transitions.at(-1), owned.id);
}

async function refusal(tx: Knex, transition: ServerTransition | undefined, id: string) {
  const now = (await tx('servers').where({ id }).first('vmState', 'taskState')) as Server | undefined;
  if (!now || now.vmState === 'deleted') return notFound('Instance', id);
  const fits = transition?.from.vmState?.includes(now.vmState);
  const state = fits ? `task_state ${now.taskState ?? 'None'}` : `vm_state ${now.vmState}`;
  return conflict(`Cannot '${transition?.name}' instance ${id} while it is in ${state}`);
}

/** For steps: changes the server while the task owns it. */
export const updateOwnedServer = async (tx: Knex, owned: Owned, change: ServerChange): Promise<void> => {
  await updateOwned<Server>(tx, 'servers', owned, changed(tx, change));
};

/** The last change of a task: no task owns the server afterwards. */
export const releaseServer = (tx: Knex, owned: Owned, change: ServerChange): Promise<void> =>
  updateOwnedServer(tx, owned, { ...change, taskState: null, taskId: null });

/** Until the transaction ends, no other task or request changes the row. */
export const lockServer = async (tx: Knex, id: string): Promise<void> => {
  await tx('servers').where({ id }).forUpdate().first('id');
};

/** For columns that no task owns: name, metadata, addresses. */
export const changeServer = async (tx: Knex, id: string, change: ServerChange): Promise<void> => {
  await tx('servers').where({ id }).update(changed(tx, change));
};

/** Returns true when the row still had that version and no owner. */
export const changeFreeServer = async (tx: Knex, { id, version }: Server, change: ServerChange): Promise<boolean> =>
  (await tx('servers').where({ id, version, taskId: null }).update(changed(tx, change))) > 0;

/** Acquires the guest lock until the task ends. False while another existing task holds it. */
export async function tryLockGuest(tx: Knex, id: string, taskId: string): Promise<boolean> {
  const dead = tx('tasks').select('id').whereRaw('tasks.id = servers.guest_task_id');
  const free = tx('servers')
    .where({ id })
    .where((either) => void either.whereNull('guestTaskId').orWhere('guestTaskId', taskId).orWhereNotExists(dead));
  return (await free.update({ guestTaskId: taskId })) > 0;
}

export const listServersOf = async (db: Knex, ids: readonly string[]): Promise<Server[]> => {
  const found: Server[] = [];
  for (let at = 0; at < ids.length; at += 500)
    found.push(...(await serverRows.list(db('servers').whereIn('id', ids.slice(at, at + 500)))));
  return found;
};

/** The servers of a host, all or those with the given ids, with the columns that reports are compared with. */
export async function listServersOn(db: Knex, host: string, ids?: readonly string[]): Promise<GuestRow[]> {
  const found = db('servers').where({ host, deletedAt: null });
  if (ids !== undefined) found.whereIn('id', ids);
  return found.select('id', 'version', 'vmState', 'taskId');
}
type GuestRow = Pick<Server, 'id' | 'version' | 'vmState' | 'taskId'>;

/** The active servers of a host that no task owns. */
export const listIdleServersOn = (db: Knex, host: string): Promise<Server[]> =>
  serverRows.list(db('servers').where({ host, vmState: 'active', taskId: null, deletedAt: null }));

/** The next servers without a task after that number, in the order of their creation. */
export const listLiveServers = (db: Knex, after: number, limit: number): Promise<Pick<Server, 'id' | 'sequence'>[]> =>
  db('servers')
    .where({ deletedAt: null, taskId: null })
    .whereNotNull('host')
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .select('id', 'sequence');

/** Servers that have been shelved on their host since then. */
export const listShelved = (
  db: Knex,
  before: number,
): Promise<Pick<Server, 'id' | 'host' | 'userId' | 'projectId'>[]> =>
  db('servers')
    .where({ vmState: 'shelved', taskId: null, deletedAt: null })
    .where('updatedAt', '<', before)
    .limit(100)
    .select('id', 'host', 'userId', 'projectId');

export const listSoftDeleted = (db: Knex, before: number): Promise<Pick<Server, 'id' | 'userId' | 'projectId'>[]> =>
  db('servers')
    .where({ vmState: 'soft-delete', taskId: null, deletedAt: null })
    .where('softDeletedAt', '<', before)
    .limit(100)
    .select('id', 'userId', 'projectId');

/** Servers whose task does not exist; there should be none. */
/** Servers with a host. */
export const listPlacedServers = (db: Knex): Promise<{ id: string; host: string; vmState: VmState }[]> =>
  db<Server>('servers').whereNot({ vmState: 'deleted' }).whereNotNull('host').select('id', 'host', 'vmState');

export const listOrphans = (db: Knex): Promise<Pick<Server, 'id' | 'vmState' | 'taskState' | 'taskId'>[]> =>
  db('servers')
    .whereNotNull('taskId')
    .whereNotExists(db('tasks').select('id').whereRaw('tasks.id = servers.task_id'))
    .select('id', 'vmState', 'taskState', 'taskId');

export const removeServersDeletedBefore = async (db: Knex, time: number): Promise<string[]> => {
  const old = await db<Server>('servers').where('deletedAt', '<', time).limit(100).select('id');
  const ids = old.map(({ id }) => id);
  for (const table of ['attachments', 'interfaces', 'actions', 'choices', 'consoles', 'server_migrations'])
    await db(table).whereIn('serverId', ids).delete();
  await db('servers').whereIn('id', ids).delete();
  return ids;
};
