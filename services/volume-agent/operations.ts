/** What the service can ask of this host: bytes and their export, kept in step. */
import type { VolumeAgent, VolumeWish } from '#shared/contracts/volume-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Exporter, ImageStore, VolumeStore } from './drivers/driver.ts';

export interface Storage {
  readonly store: VolumeStore;
  readonly exporter: Exporter;
  readonly images: ImageStore;
}

export const volumesOf = (storage: Storage): VolumeAgent => ({
  ensureVolume: (wish) => ensureVolume(storage, wish),
  ensureVolumeGone: (wish) => ensureVolumeGone(storage, wish.id),
  ensureSnapshot: (wish) => storage.store.ensureSnapshot(wish),
  ensureSnapshotGone: (wish) => storage.store.ensureSnapshotGone(wish),
  ensureGrant: async (wish) => storage.exporter.ensureGrant(wish, await storage.store.pathOf(wish.volumeId)),
  ensureGrantGone: (wish) => storage.exporter.ensureGrantGone(wish),
  uploadVolume: async ({ volumeId, imageId, format }) => {
    const bytes = await storage.store.readAs(volumeId, format);
    await storage.images.upload(imageId, bytes).finally(() => bytes.close());
  },
});

/** An initiator that is logged in never learns of a new size: what is exported keeps the one it has. */
async function ensureVolume({ store, exporter }: Storage, wish: VolumeWish) {
  if (await exporter.isExported(wish.id)) throw conflict(`volume ${wish.id} is exported, its size cannot change now`);
  return store.ensureVolume(wish);
}

async function ensureVolumeGone({ store, exporter }: Storage, id: string): Promise<void> {
  await exporter.ensureClosed(id);
  await store.ensureVolumeGone({ id });
}
