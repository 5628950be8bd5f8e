/** Implements the contract: combines storage, exports and images. */
import type { VolumeAgent, VolumeSpec } from '#shared/contracts/volume-agent.ts';
import { conflict } from '#shared/errors/fault.ts';
import type { Exporter, ImageStore, VolumeStore } from './drivers/driver.ts';

export interface Storage {
  readonly store: VolumeStore;
  readonly exporter: Exporter;
  readonly images: ImageStore;
}

export const volumesOf = (storage: Storage): VolumeAgent => ({
  ensureVolume: (spec) => ensureVolume(storage, spec),
  ensureVolumeGone: (spec) => ensureVolumeGone(storage, spec.id),
  ensureSnapshot: (spec) => storage.store.ensureSnapshot(spec),
  ensureSnapshotGone: (spec) => storage.store.ensureSnapshotGone(spec),
  ensureGrant: async (spec) => storage.exporter.ensureGrant(spec, await storage.store.pathOf(spec.volumeId)),
  ensureGrantGone: (spec) => storage.exporter.ensureGrantGone(spec),
  uploadVolume: async ({ volumeId, imageId, format }) => {
    const bytes = await storage.store.readAs(volumeId, format);
    await storage.images.upload(imageId, bytes).finally(() => bytes.close());
  },
});

/** A logged-in initiator does not notice a new size, so an exported volume keeps its size. */
async function ensureVolume({ store, exporter }: Storage, spec: VolumeSpec) {
  if (await exporter.isExported(spec.id)) throw conflict(`volume ${spec.id} is exported, its size cannot change now`);
  return store.ensureVolume(spec);
}

async function ensureVolumeGone({ store, exporter }: Storage, id: string): Promise<void> {
  await exporter.ensureClosed(id);
  await store.ensureVolumeGone({ id });
}
