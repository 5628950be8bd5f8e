/** The volume service and a storage host on files in one process that is killed; rows, files and exports persist. */

import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Caller } from '#shared/auth/caller.ts';
import { enforcerOf } from '#shared/auth/policy.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { readCloud } from '#shared/config/cloud.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { anonymous } from '#shared/http/route.ts';
import { silentLog } from '#shared/log/log.ts';
import { sealWith } from '#shared/seal/seal.ts';
import { complete, connect, disconnect } from '../../services/volume/attachments/operations.ts';
import { reserve } from '../../services/volume/attachments/reserve.ts';
import { attachmentRows } from '../../services/volume/attachments/resource.ts';
import { createBackup } from '../../services/volume/backups/create.ts';
import { deleteBackup, restoreBackup } from '../../services/volume/backups/operations.ts';
import { backupRows } from '../../services/volume/backups/resource.ts';
import { type Config, section } from '../../services/volume/config.ts';
import type { Volumes } from '../../services/volume/context.ts';
import { createGroupSnapshot, deleteGroupSnapshot } from '../../services/volume/group-snapshots/operations.ts';
import { createGroupType } from '../../services/volume/group-types/operations.ts';
import { createGroup, deleteGroup, updateGroup } from '../../services/volume/groups/operations.ts';
import { groupRows } from '../../services/volume/groups/resource.ts';
import { listUnmanaged, poolAt } from '../../services/volume/manageable/find.ts';
import { manageVolume } from '../../services/volume/manageable/operations.ts';
import { policy } from '../../services/volume/policy.ts';
import { openVolumes } from '../../services/volume/service.ts';
import { createSnapshot, deleteSnapshot } from '../../services/volume/snapshots/operations.ts';
import { snapshotRows } from '../../services/volume/snapshots/resource.ts';
import { createTypeEncryption } from '../../services/volume/type-encryption/operations.ts';
import { typeEncryptionRows } from '../../services/volume/type-encryption/resource.ts';
import { createVolume } from '../../services/volume/volumes/create.ts';
import { migrateVolume } from '../../services/volume/volumes/move.ts';
import { deleteVolume, extendVolume, uploadVolume } from '../../services/volume/volumes/operations.ts';
import { revertToSnapshot } from '../../services/volume/volumes/replace.ts';
import { type NewVolume, type Volume, volumeRows } from '../../services/volume/volumes/resource.ts';
import { type Exports, fakeExports, imagesIn, poolOf, readGrants, startHost } from './volume-host.ts';
import { type World, watchCommits } from './world.ts';

const allVolumes = (db: Knex) => volumeRows.list(db, {});
const allSnapshots = (db: Knex) => snapshotRows.list(db, {});
const allBackups = (db: Knex) => backupRows.list(db, {});
const allGroups = (db: Knex) => groupRows.list(db, {});
const allAttachments = (db: Knex) => attachmentRows.list(db, {});

const unnamed = { name: null, description: null, metadata: {}, force: null };
const caller: Caller = {
  ...anonymous('req-1'),
  userId: 'u',
  projectId: 'p',
  roles: ['admin', 'service'],
  policy: enforcerOf(policy),
};
const acting = { caller, version: '3.71', authorize: () => {} } as const;
const config = {
  ...(Object.fromEntries(Object.entries(section).map(([name, { fallback }]) => [name, fallback])) as Config),
  pollMs: 20,
  backoffMs: 1,
  leaseMs: 200,
  answerMs: 30_000,
  copyMs: 30_000,
};

const imageId = 'f4a67372-9c1e-4a35-9528-4613cb12b1bf';

interface Left {
  /** Status, size in gigabytes and size of the file. */
  readonly volumes: readonly string[];
  readonly snapshots: readonly string[];
  readonly attachments: readonly string[];
  readonly files: readonly string[];
  readonly grants: number;
  readonly images: readonly string[];
  readonly backups: readonly string[];
  /** Objects of backups. */
  readonly objects: readonly string[];
  readonly groups: readonly string[];
  /** Of encrypted volumes. */
  readonly keys: number;
  readonly tasks: number;
}

const nothing: Left = {
  volumes: [],
  snapshots: [],
  attachments: [],
  files: [],
  grants: 0,
  images: [],
  backups: [],
  objects: [],
  groups: [],
  keys: 0,
  tasks: 0,
};
const backedUp = {
  ...nothing,
  volumes: ['available 1'],
  files: ['volumes 1'],
  backups: ['available'],
  objects: ['manifest'],
};

type Story = (life: Life) => Promise<void>;

interface Life {
  readonly service: Volumes;
  /** From here on the process may be killed. */
  readonly allowKill: () => void;
  /** The only volume, when no task is running. */
  whenIdle(): Promise<Volume | undefined>;
}

/** Each story does what is not done yet: the process may have been killed at any point. */
const stories: Readonly<
  Record<string, { readonly run: Story; readonly end: Left; readonly refuses?: string; readonly hosts?: string[] }>
> = {
  'K40, K42: a volume is created': {
    run: async (life) => {
      life.allowKill();
      await volume(life);
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K41: a volume is created from an image': {
    run: async (life) => {
      life.allowKill();
      await volume(life, { imageRef: imageId });
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K41, K44: an encrypted volume is created from an image, and deleted': {
    run: async (life) => {
      const { service } = life;
      await encryptType(service);
      const row = await volume(life, { imageRef: imageId });
      await deleteVolume(service, caller, row, { cascade: false, force: false });
      await waitUntilIdle(service);
    },
    end: nothing,
  },
  'an encrypted volume is stored in a backup, which is restored over it': {
    run: async (life) => {
      const { service } = life;
      await encryptType(service);
      const row = await volume(life);
      await backUp(life, row);
      const [backup] = await allBackups(service.db);
      if (backup) await restoreBackup(service, caller, backup, { volume_id: row.id });
      await waitUntilIdle(service);
    },
    end: { ...backedUp, objects: ['chunk', 'manifest'], keys: 2 },
  },
  'a volume cannot be created': {
    run: async (life) => {
      life.allowKill();
      await volume(life);
    },
    refuses: 'ensureVolume',
    end: { ...nothing, volumes: ['error 1'] },
  },
  'a volume is extended': {
    run: async (life) => {
      const row = await volume(life);
      if (row.sizeGb === 1) await extendVolume(life.service, row, { new_size: 2 }, acting);
      await life.whenIdle();
    },
    end: { ...nothing, volumes: ['available 2'], files: ['volumes 2'] },
  },
  'a volume in use is extended, and detached': {
    run: async (life) => {
      const { id, sizeGb } = await volume(life);
      const { service } = life;
      const [known] = await allAttachments(service.db);
      if (!known && sizeGb > 1) return;
      const attachment = known ?? (await reserve(service, caller, { volume_uuid: id, instance_uuid: 's' }, () => {}));
      await waitUntilIdle(service);
      if (sizeGb === 1) {
        await connect(service, caller, attachment, { initiator: 'iqn.2026-11.test:a', host: 'a' });
        await complete(service, attachment);
        await extendVolume(service, await volumeRows.expect(service.db, { id }), { new_size: 2 }, acting);
      }
      await waitUntilIdle(service);
      await disconnect(service, caller, attachment);
    },
    end: { ...nothing, volumes: ['available 2'], files: ['volumes 2'] },
  },
  'K26, K44: a snapshot is created, and deleted with its volume': {
    run: async (life) => {
      const row = await volume(life);
      const { service } = life;
      const taken = await allSnapshots(service.db);
      if (taken.length === 0) await createSnapshot(service, caller, { ...unnamed, volumeId: row.id }, false);
      await waitUntilIdle(service);
      await deleteVolume(service, caller, row, { cascade: true, force: false });
      await waitUntilIdle(service);
    },
    end: nothing,
  },
  'a snapshot cannot be created, and is deleted': {
    run: async (life) => {
      const { id } = await volume(life);
      const { service } = life;
      if ((await allSnapshots(service.db)).length === 0)
        await createSnapshot(service, caller, { ...unnamed, volumeId: id }, false);
      await waitUntilIdle(service);
      for (const snapshot of await allSnapshots(service.db)) await deleteSnapshot(service, caller, snapshot, false);
      await waitUntilIdle(service);
    },
    refuses: 'ensureSnapshot',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K18, K19, K24, K25: a volume is attached and detached': {
    run: async (life) => {
      const { id } = await volume(life);
      const { service } = life;
      const [known] = await allAttachments(service.db);
      const spec = { volume_uuid: id, instance_uuid: 's' };
      const attachment = known ?? (await reserve(service, caller, spec, () => {}));
      await waitUntilIdle(service);
      await connect(service, caller, attachment, { initiator: 'iqn.2026-11.test:a', host: 'a' });
      await complete(service, attachment);
      await disconnect(service, caller, attachment);
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K27: a volume is uploaded as an image': {
    run: async (life) => {
      const row = await volume(life);
      await uploadVolume(life.service, caller, row, { image_name: 'copy' });
      await life.whenIdle();
    },
    refuses: 'uploadVolume',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a volume is stored in a backup': {
    run: async (life) => {
      await backUp(life, await volume(life));
    },
    end: backedUp,
  },
  'a volume cannot be stored in a backup, which is deleted': {
    run: async (life) => {
      const { service } = life;
      await backUp(life, await volume(life));
      for (const backup of await allBackups(service.db)) await deleteBackup(service, caller, backup, false);
      await waitUntilIdle(service);
    },
    refuses: 'ensureBackup',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a backup is restored over its volume': {
    run: async (life) => {
      const { service } = life;
      const row = await volume(life);
      await backUp(life, row);
      const [backup] = await allBackups(service.db);
      if (backup) await restoreBackup(service, caller, backup, { volume_id: row.id });
      await waitUntilIdle(service);
    },
    end: backedUp,
  },
  'a volume is reverted to its snapshot': {
    run: async (life) => {
      const { service } = life;
      const row = await volume(life);
      const [known] = await allSnapshots(service.db);
      const taken = known ?? (await createSnapshot(service, caller, { ...unnamed, volumeId: row.id }, false));
      await waitUntilIdle(service);
      const acting = { caller, authorize: () => {} };
      await revertToSnapshot(service, row, { snapshot_id: taken.id }, acting);
      await waitUntilIdle(service);
    },
    end: {
      ...nothing,
      volumes: ['available 1'],
      snapshots: ['available'],
      files: ['volumes 1', 'snapshots 1'],
    },
  },
  'a volume is unmanaged, and managed again': {
    run: async (life) => {
      const { service } = life;
      if (!(await unmanagedIn(service))[0]) {
        const row = await volume(life);
        if (row.name === null)
          await deleteVolume(service, caller, row, { cascade: false, force: false, unmanage: true });
        await waitUntilIdle(service);
      }
      life.allowKill();
      const [left] = await unmanagedIn(service);
      if (left) await manageVolume(service, caller, { host: 'store1', name: 'again', ref: left.name });
      await waitUntilIdle(service);
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a volume moves to another host': {
    run: moveToOther,
    hosts: ['store1', 'store2'],
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a volume cannot move to another host, and stays where it is': {
    run: moveToOther,
    hosts: ['store1', 'store2'],
    refuses: 'restoreVolume',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a group is snapshotted, and deleted with its snapshot and its volume': {
    run: async (life) => {
      const { service } = life;
      const { db } = service;
      const row = await volume(life);
      const [group] = await allGroups(db);
      const type = { name: 'type', description: null, isPublic: true, extraSpecs: {} };
      if (!(await db('groupTypes').first('id'))) await createGroupType(service, type);
      const input = { group_type: 'type', volume_types: ['__DEFAULT__'] };
      const made = group ?? (await createGroup(service, caller, input));
      if (row.groupId === null) await updateGroup(service, made, { add_volumes: row.id });
      const [taken] = await db('groupSnapshots');
      const named = { name: null, description: null };
      const snapshot = taken ?? (await createGroupSnapshot(service, caller, { ...named, groupId: made.id }));
      await waitUntilIdle(service);
      if (snapshot.status !== 'deleting') await deleteGroupSnapshot(service, caller, snapshot);
      await waitUntilIdle(service);
      await deleteGroup(service, caller, made, true);
      await waitUntilIdle(service);
    },
    end: nothing,
  },
};

/** From here on volumes are encrypted. */
async function encryptType(service: Volumes): Promise<void> {
  const [{ id: typeId }] = await service.db('volumeTypes').select('id');
  const encryption = { provider: 'luks', controlLocation: 'front-end', cipher: null, keySize: 512 };
  if (!(await typeEncryptionRows.find(service.db, { typeId }))) await createTypeEncryption(service, typeId, encryption);
}

async function moveToOther(life: Life): Promise<void> {
  const { service } = life;
  const row = await volume(life);
  const to = row.host === 'store1' ? 'store2@file' : 'store1@file';
  if (row.migrationStatus === null) await migrateVolume(service, row, { host: to }, acting);
  await waitUntilIdle(service);
}

/** What lies in the pool and is nobody's. */
async function unmanagedIn(service: Volumes) {
  return listUnmanaged(service, await poolAt(service, 'store1'));
}

async function backUp({ service }: Life, row: Volume): Promise<void> {
  const { id: volumeId } = row;
  const named = { name: null, description: null, metadata: {}, incremental: false, force: false };
  if ((await allBackups(service.db)).length === 0) await createBackup(service, caller, { ...named, volumeId });
  await waitUntilIdle(service);
}

/** Returns the volume of the story, created if necessary; from then on the process may be killed. */
async function volume({ service, whenIdle, allowKill }: Life, spec: Partial<NewVolume> = {}): Promise<Volume> {
  const found = await whenIdle();
  if (!found) await createVolume(service, caller, { name: null, description: null, sizeGb: 1, ...spec });
  const made = found ?? (await whenIdle());
  allowKill();
  if (!made) throw new Error('the volume disappeared');
  return made;
}

async function waitUntilIdle({ db }: Volumes): Promise<void> {
  for (;;) {
    const open = [await db('tasks').first('id'), await db('host_work').where({ outcome: null }).first('id')];
    if (open.every((row) => row === undefined)) return;
    await sleep(5);
  }
}

export const worldOf = (exports: Exports, names = Object.keys(stories)): World<Left> => ({
  stories: Object.fromEntries(names.map((name) => [name, stories[name]?.end ?? nothing])),
  live: async (dir, name, kill) => {
    let isKillable = false;
    const point = () => {
      if (isKillable) kill();
    };
    const allowKill = () => {
      isKillable = true;
    };
    const { run, refuses, hosts = ['store1'] } = stories[name] ?? { run: async () => {} };
    const db = openDatabase(`sqlite:${join(dir, 'volume.sqlite')}`);
    const bus = memoryBus();
    const { service, close } = await openVolumes({
      runtime: {
        db,
        bus,
        log: silentLog(),
        cloud: readCloud(settingsOf({})),
        config,
        images: imagesIn(dir, point),
        compute: { findAttachment: async () => undefined, sendEvents: async () => {} },
        seal: sealWith(join(dir, 'row-keys')),
      },
      apiServer: {
        identify: async () => Promise.reject(unauthorized()),
        at: { host: '127.0.0.1', port: 0 },
        log: silentLog(),
      },
      identityUrl: '',
    });
    const spec = { dir, bus, point, exports, ...(refuses ? { refuses } : {}) };
    const started = await Promise.all(hosts.map((host) => startHost({ ...spec, name: host })));
    watchCommits(db, point);
    const whenIdle = async () => {
      await waitUntilIdle(service);
      return (await allVolumes(db))[0];
    };
    await waitForHosts(service, hosts.length);
    await whenIdle();
    if (!(await isFinished(dir))) {
      await run({ service, whenIdle, allowKill });
      await waitUntilIdle(service);
      await writeFile(join(dir, 'finished'), '');
    }
    await close();
    for (const host of started) await host.close();
    await db.destroy();
  },
  look: async (dir) => {
    const db = openDatabase(`sqlite:${join(dir, 'volume.sqlite')}`);
    const left: Left = {
      volumes: (await allVolumes(db)).map(({ status, sizeGb }) => `${status} ${sizeGb}`),
      snapshots: (await allSnapshots(db)).map(({ status }) => status),
      attachments: (await allAttachments(db)).map(({ status }) => status),
      files: [...(await filesBelow(poolOf(dir, 'store1'))), ...(await filesBelow(poolOf(dir, 'store2')))],
      grants: await exports.count(dir),
      images: await readdir(join(dir, 'images')).catch(() => []),
      backups: (await allBackups(db)).map(({ status }) => status),
      objects: await objectsBelow(join(dir, 'backups')),
      groups: (await allGroups(db)).map(({ status }) => status),
      keys: (await db('encryptionKeys').select('id')).length,
      tasks: (await db('tasks')).length,
    };
    await db.destroy();
    return left;
  },
});

const objectsBelow = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map(({ name }) => (/^[0-9a-f]{64}$/.test(name) ? 'chunk' : name))
    .toSorted();

/** A finished story is not run again. */
const isFinished = (dir: string) =>
  stat(join(dir, 'finished')).then(
    () => true,
    () => false,
  );

async function waitForHosts({ db }: Volumes, count: number): Promise<void> {
  while ((await db('hosts').select('name')).length < count) await sleep(2);
}

async function filesBelow(pool: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ['volumes', 'snapshots', 'work'])
    for (const name of await readdir(join(pool, folder)).catch(() => []))
      found.push(`${folder} ${(await stat(join(pool, folder, name))).size / 2 ** 30}`);
  return found;
}

export const world = worldOf({
  open: async (dir) => fakeExports(dir),
  count: async (dir) => (await readGrants(dir)).length,
});
