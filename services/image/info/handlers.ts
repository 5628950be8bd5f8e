import { type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { importMethods } from '../imports/methods.ts';
import { countImages, countUploads, usedBytes } from '../quotas/store.ts';

interface About {
  readonly description: string;
  /** Glance's name of the driver. */
  readonly type: string;
}

const about: ReadonlyMap<string, About> = new Map([
  ['file', { description: 'Files in a directory of this cloud', type: 'file' }],
  ['object-store', { description: 'Objects on the ring of this cloud', type: 'swift' }],
]);

const storeViews = ({ stores }: Images) =>
  stores.names.map((id) => ({
    id,
    description: about.get(id)?.description,
    ...(id === stores.usual ? { default: 'true' } : {}),
  }));

export const showImportMethods: Handler<Images> = async () =>
  ok({ 'import-methods': { description: 'Import methods available.', type: 'array', value: importMethods } });

export const listStores: Handler<Images> = async (images) => ok({ stores: storeViews(images) });

export const listStoreDetails: Handler<Images> = async (images) =>
  ok({
    stores: storeViews(images).map((store) => ({
      ...store,
      type: about.get(store.id)?.type,
      weight: 0,
      properties: {},
    })),
  });

const MiB = 1024 ** 2;
/** A limit of 0 is none, which Glance writes as -1. */
const limitOf = (limit: number): number => (limit === 0 ? -1 : limit);

/** What the project of the caller uses of its quotas, by the names of Glance's limits. */
export const showUsage: Handler<Images> = async ({ db, config }, { caller }) => {
  const [images, uploads, bytes] = await Promise.all(
    [countImages, countUploads, usedBytes].map((count) => count(db, caller.projectId)),
  );
  const megabytes = Math.ceil((bytes ?? 0) / MiB);
  const storage = { limit: limitOf(config.storageGb * 1024), usage: megabytes };
  return ok({
    usage: {
      image_size_total: storage,
      image_stage_total: storage,
      image_count_total: { limit: limitOf(config.imageCount), usage: images },
      image_count_uploading: { limit: limitOf(config.uploadCount), usage: uploads },
    },
  });
};
