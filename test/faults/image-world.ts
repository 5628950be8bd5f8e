/** The image service without its API; the process can be killed at every effect and commit. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '#shared/auth/caller.ts';
import { everythingAllowed } from '#shared/auth/policy.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { migrate } from '#shared/db/migrate.ts';
import { openDatabase } from '#shared/db/open.ts';
import { silentLog } from '#shared/log/log.ts';
import { removeBytes } from '../../services/image/bytes/remove.ts';
import { bytesName } from '../../services/image/bytes/store.ts';
import { openSweep } from '../../services/image/bytes/sweep.ts';
import { uploadImage } from '../../services/image/bytes/upload.ts';
import { section } from '../../services/image/config.ts';
import type { Images } from '../../services/image/context.ts';
import { openDownloads } from '../../services/image/drivers/downloads.ts';
import { openImageFiles } from '../../services/image/drivers/file.ts';
import type { ImageBytes } from '../../services/image/drivers/image-bytes.ts';
import { storesOf } from '../../services/image/drivers/stores.ts';
import { createImage } from '../../services/image/images/operations.ts';
import { getImage, type Image, markDeleted } from '../../services/image/images/store.ts';
import { importCopies } from '../../services/image/imports/copy-image.ts';
import { importStaged } from '../../services/image/imports/glance-direct.ts';
import { newImport } from '../../services/image/imports/request.ts';
import { migrations } from '../../services/image/migrations/all.ts';
import { startTasks } from '../../services/image/workflows/runner.ts';
import { effect, type World, watchCommits } from './world.ts';

const caller = { userId: 'u', requestId: 'r', projectId: 'blue', policy: everythingAllowed } as unknown as Caller;
const id = '3b46fba1-72a7-42c7-94a8-35681239e8eb';
const content = Buffer.alloc(2 * 1024 * 1024 + 5, 'content');
const leaseMs = 40;

type Part = (images: Images) => Promise<unknown>;

const find = ({ db }: Images): Promise<Image | undefined> => getImage(db, caller, id).catch(() => undefined);

/** Each step is idempotent: what a killed process has done is not repeated. */
const made =
  (diskFormat: string): Part =>
  async (images) => {
    if (await find(images)) return;
    const spec = { id, name: 'guest', disk_format: diskFormat, container_format: 'bare' };
    await createImage(images, caller, spec, () => {});
  };
const filled: Part = async (images) => {
  const image = await find(images);
  if (image?.status === 'queued') await uploadImage(images, image, Readable.from([content]), content.length);
};
const refused: Part = (images) => filled(images).catch(() => {});
const gone: Part = async (images) => {
  const image = await find(images);
  if (!image) return;
  await images.db.transaction((tx) => markDeleted(tx, id));
  await removeBytes(images, image);
};

const copied =
  (stores: readonly string[]): Part =>
  async (images) => {
    const image = await find(images);
    if (!image || (await images.db('image_imports').first())) return;
    const body = { method: { name: 'copy-image' }, stores };
    await importCopies(images, image, { body, stores, row: newImport({ caller, body }, image, stores) });
  };

const staged: Part = async (images) => {
  const image = await find(images);
  const options = { status: 'uploading', isStaged: true } as const;
  if (image?.status === 'queued') await uploadImage(images, image, Readable.from([content]), content.length, options);
};
const imported: Part = async (images) => {
  const image = await find(images);
  if (image?.status !== 'uploading') return;
  const body = { method: { name: 'glance-direct' }, stores: ['second'] };
  await importStaged(images, image, {
    body,
    stores: body.stores,
    row: newImport({ caller, body }, image, body.stores),
  });
};

/** The state before each story, and its step. */
const stories: Readonly<Record<string, { readonly before: readonly Part[]; readonly part: Part }>> = {
  'an image is uploaded': { before: [made('raw')], part: filled },
  'an image of another format than declared is uploaded': { before: [made('vhd')], part: refused },
  'an image is deleted': { before: [made('raw'), filled], part: gone },
  'an image is copied to a store': { before: [made('raw'), filled], part: copied(['second']) },
  'staged data is imported to another store': { before: [made('raw'), staged], part: imported },
  'an image is copied to a store that is full': { before: [made('raw'), filled], part: copied(['second', 'full']) },
};

async function live(dir: string, story: string, point: () => void): Promise<void> {
  const { before, part } = stories[story] ?? { before: [], part: filled };
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  let armed = existsSync(join(dir, 'ready'));
  const pass = () => armed && point();
  watchCommits(db, pass);
  await migrate(db, migrations);
  const config = settingsOf({ image: { leaseMs, pollMs: 5, backoffMs: 5 } }).read('image', section);
  const opened = async (name: string) => killable(await openImageFiles(join(dir, name)), pass);
  const full = { ...(await opened('full')), reserve: async () => Promise.reject(noSpace) };
  const images: Images = {
    db,
    stores: storesOf({ file: await opened('bytes'), second: await opened('second'), full }),
    config,
    log: silentLog(),
    downloads: openDownloads(),
    wakeTasks: () => {},
  };
  await ended(images);
  if (!armed) {
    for (const each of before) await each(images);
    writeFileSync(join(dir, 'ready'), '');
    armed = true;
  }
  await part(images);
  await ended(images);
  await db.destroy();
}

const noSpace = Object.assign(new Error('no space'), { code: 'ENOSPC' });

/** After a crash: uploads of the killed process end when their lease expires, tasks go on. */
async function ended(images: Images): Promise<void> {
  const sweep = openSweep(images);
  const tasks = await startTasks(images, 'image/world');
  do {
    await sweep();
    await sleep(5);
  } while ((await images.db('images').where({ status: 'saving' })).length > 0 || (await images.db('tasks').first()));
  await tasks.close();
  await sweep();
}

/** The process can be killed before and after every access to the disk. */
function killable(bytes: ImageBytes, point: () => void): ImageBytes {
  return {
    ...bytes,
    remove: (name) => effect(point, () => bytes.remove(name)),
    begin: async (name) => {
      const fresh = await effect(point, () => bytes.begin(name));
      return {
        ...fresh,
        write: (piece) => effect(point, () => fresh.write(piece)),
        publish: () => effect(point, fresh.publish),
        discard: () => effect(point, fresh.discard),
      };
    },
  };
}

interface End {
  readonly status: string | undefined;
  readonly files: number;
  readonly copies: readonly string[];
  /** Whole copies in the second store. */
  readonly second: number;
  /** The file that the row names exists and has the uploaded content. */
  readonly whole: boolean;
}

async function look(dir: string): Promise<End> {
  const db = openDatabase(`sqlite:${join(dir, 'db')}`);
  const image = await getImage(db, caller, id).catch(() => undefined);
  await db.destroy();
  const path = join(dir, 'bytes', bytesName(id, image?.uploadId ?? ''));
  const whole = existsSync(path) && readFileSync(path).equals(content);
  const second = readdirSync(join(dir, 'second'));
  const wholeCopies = second.filter((name) => readFileSync(join(dir, 'second', name)).equals(content)).length;
  assert.equal(wholeCopies, second.length, 'a copy is not whole');
  const copies = image?.copies.map(({ store, state }) => `${store} ${state}`) ?? [];
  return { status: image?.status, files: readdirSync(join(dir, 'bytes')).length, copies, second: wholeCopies, whole };
}

const uncopied = { copies: [], second: 0 };
const active = { status: 'active', files: 1, whole: true };

const ends: Readonly<Record<string, End>> = {
  'an image is uploaded': { status: 'active', files: 1, ...uncopied, whole: true },
  'an image of another format than declared is uploaded': { status: 'queued', files: 0, ...uncopied, whole: false },
  'an image is deleted': { status: undefined, files: 0, ...uncopied, whole: false },
  'an image is copied to a store': { ...active, copies: ['second ready'], second: 1 },
  'staged data is imported to another store': { status: 'active', files: 0, whole: false, copies: [], second: 1 },
  'an image is copied to a store that is full': { ...active, copies: ['full failed'], second: 0 },
};

export const world: World<End> = { stories: ends, live, look };
