/** The volume service and a storage host on files, in one process that may die: rows, files and exports stay. */

import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
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
import { attachmentOf } from '../../services/volume/attachments/store.ts';
import { type Config, section } from '../../services/volume/config.ts';
import type { Volumes } from '../../services/volume/context.ts';
import { openVolumes } from '../../services/volume/service.ts';
import { createSnapshot, deleteSnapshot } from '../../services/volume/snapshots/operations.ts';
import { snapshotOf } from '../../services/volume/snapshots/store.ts';
import { createVolume } from '../../services/volume/volumes/create.ts';
import { deleteVolume, extendVolume, uploadVolume } from '../../services/volume/volumes/operations.ts';
import { type Volume, volumeOf } from '../../services/volume/volumes/store.ts';
import { type Exports, fakeExports, imagesIn, readGrants, startHost } from './volume-host.ts';
import { type World, watchCommits } from './world.ts';

const allVolumes = async (db: Knex) => (await db('volumes')).map(volumeOf);
const allSnapshots = async (db: Knex) => (await db('snapshots')).map(snapshotOf);
const allAttachments = async (db: Knex) => (await db('attachments')).map(attachmentOf);

const caller = { ...anonymous('req-1'), userId: 'u', projectId: 'p', roles: ['admin', 'service'] };
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
  readonly tasks: number;
}

const nothing: Left = { volumes: [], snapshots: [], attachments: [], files: [], grants: 0, images: [], tasks: 0 };

type Story = (life: Life) => Promise<void>;

interface Life {
  readonly service: Volumes;
  /** From here on the process may die. */
  readonly beware: () => void;
  /** The only volume, when nobody works on it. */
  ended(): Promise<Volume | undefined>;
}

/** Each does what has not been done yet: the process may have died in any line. */
const stories: Readonly<Record<string, { readonly report: Story; readonly end: Left; readonly refuses?: string }>> = {
  'K40, K42: a volume is made': {
    report: async (life) => {
      life.beware();
      await volume(life);
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K41: a volume is made of an image': {
    report: async (life) => {
      life.beware();
      await volume(life, { imageRef: imageId });
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'a volume cannot be made': {
    report: async (life) => {
      life.beware();
      await volume(life);
    },
    refuses: 'ensureVolume',
    end: { ...nothing, volumes: ['error 1'] },
  },
  'a volume grows': {
    report: async (life) => {
      const { id, sizeGb } = await volume(life);
      if (sizeGb === 1) await extendVolume(life.service, caller, id, 2);
      await life.ended();
    },
    end: { ...nothing, volumes: ['available 2'], files: ['volumes 2'] },
  },
  'K26, K44: a snapshot is made, and goes with its volume': {
    report: async (life) => {
      const { id } = await volume(life);
      const { service } = life;
      const taken = await allSnapshots(service.db);
      if (taken.length === 0) await createSnapshot(service, caller, { volume_id: id }, false);
      await quiet(service);
      await deleteVolume(service, caller, id, { cascade: true, force: false });
      await quiet(service);
    },
    end: nothing,
  },
  'a snapshot cannot be made, and is deleted': {
    report: async (life) => {
      const { id } = await volume(life);
      const { service } = life;
      if ((await allSnapshots(service.db)).length === 0)
        await createSnapshot(service, caller, { volume_id: id }, false);
      await quiet(service);
      for (const snapshot of await allSnapshots(service.db)) await deleteSnapshot(service, caller, snapshot.id, false);
      await quiet(service);
    },
    refuses: 'ensureSnapshot',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K18, K19, K24, K25: a volume is attached and detached': {
    report: async (life) => {
      const { id } = await volume(life);
      const { service } = life;
      const [known] = await allAttachments(service.db);
      const spec = { volume_uuid: id, instance_uuid: 's' };
      const attachment = known ?? (await reserve(service, caller, spec, () => {}));
      await quiet(service);
      await connect(service, caller, attachment, { initiator: 'iqn.2026-11.test:a', host: 'a' });
      await complete(service, attachment);
      await disconnect(service, caller, attachment);
    },
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
  'K27: a volume becomes an image': {
    report: async (life) => {
      const { id } = await volume(life);
      await uploadVolume(life.service, caller, id, { image_name: 'copy' });
      await life.ended();
    },
    refuses: 'uploadVolume',
    end: { ...nothing, volumes: ['available 1'], files: ['volumes 1'] },
  },
};

/** The volume of the story, made when it is not there; then the story begins. */
async function volume({ service, ended, beware }: Life, spec: object = {}): Promise<Volume> {
  const found = await ended();
  if (!found) await createVolume(service, caller, { size: 1, ...spec });
  const made = found ?? (await ended());
  beware();
  if (!made) throw new Error('the volume went');
  return made;
}

async function quiet({ db }: Volumes): Promise<void> {
  for (;;) {
    const open = [await db('tasks').first('id'), await db('host_work').where({ outcome: null }).first('id')];
    if (open.every((row) => row === undefined)) return;
    await sleep(5);
  }
}

export const worldOf = (exports: Exports, told = Object.keys(stories)): World<Left> => ({
  stories: Object.fromEntries(told.map((name) => [name, stories[name]?.end ?? nothing])),
  live: async (dir, name, die) => {
    let mayDie = false;
    const point = () => {
      if (mayDie) die();
    };
    const beware = () => {
      mayDie = true;
    };
    const { report, refuses } = stories[name] ?? { report: async () => {} };
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
        servers: { attachmentOf: async () => null },
        seal: sealWith(join(dir, 'row-keys')),
      },
      apiServer: {
        identify: async () => Promise.reject(unauthorized()),
        at: { host: '127.0.0.1', port: 0 },
        log: silentLog(),
      },
      identityUrl: '',
    });
    const host = await startHost({ dir, bus, point, exports, ...(refuses ? { refuses } : {}) });
    watchCommits(db, point);
    const ended = async () => {
      await quiet(service);
      return (await allVolumes(db))[0];
    };
    await knows(service);
    await ended();
    if (!(await isTold(dir))) {
      await report({ service, ended, beware });
      await quiet(service);
      await writeFile(join(dir, 'told'), '');
    }
    await close();
    await host.close();
    await db.destroy();
  },
  look: async (dir) => {
    const db = openDatabase(`sqlite:${join(dir, 'volume.sqlite')}`);
    const left: Left = {
      volumes: (await allVolumes(db)).map(({ status, sizeGb }) => `${status} ${sizeGb}`),
      snapshots: (await allSnapshots(db)).map(({ status }) => status),
      attachments: (await allAttachments(db)).map(({ status }) => status),
      files: await filesBelow(join(dir, 'pool')),
      grants: await exports.count(dir),
      images: await readdir(join(dir, 'images')).catch(() => []),
      tasks: (await db('tasks')).length,
    };
    await db.destroy();
    return left;
  },
});

/** A story that is over is not told again. */
const isTold = (dir: string) =>
  stat(join(dir, 'told')).then(
    () => true,
    () => false,
  );

async function knows({ db }: Volumes): Promise<void> {
  while (!(await db('hosts').first())) await sleep(2);
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
