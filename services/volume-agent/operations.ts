/** Implements the contract: combines storage, exports and images. */
import type {
  BackupResult,
  BackupSpec,
  Encryption,
  RestoreSpec,
  VolumeAgent,
  VolumeSpec,
} from '#shared/contracts/volume-agent.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Backups } from './drivers/backups/backups.ts';
import type { Exporter, ImageStore, VolumeStore } from './drivers/driver.ts';
import { luksHeader } from './drivers/luks.ts';

export interface Storage {
  readonly store: VolumeStore;
  readonly exporter: Exporter;
  readonly images: ImageStore;
  /** Absent when this host makes no backups. */
  readonly backups?: Backups;
}

export const volumesOf = (storage: Storage): VolumeAgent => ({
  ensureVolume: (spec) => ensureVolume(storage, spec),
  ensureVolumeGone: (spec) => ensureVolumeGone(storage, spec.id),
  ensureSnapshot: (spec) => storage.store.ensureSnapshot(spec),
  ensureSnapshotGone: (spec) => storage.store.ensureSnapshotGone(spec),
  ensureGrant: async (spec) => storage.exporter.ensureGrant(spec, await storage.store.pathOf(spec.volumeId)),
  ensureGrantGone: (spec) => storage.exporter.ensureGrantGone(spec),
  adopt: (spec) => storage.store.adopt(spec),
  release: (spec) => release(storage, spec),
  uploadVolume: async ({ volumeId, imageId, format }) => {
    const bytes = await storage.store.readAs(volumeId, format);
    await storage.images.upload(imageId, bytes).finally(() => bytes.close());
  },
  restoreVolume: (spec) => restoreVolume(storage, spec),
  ensureBackup: (spec, replaced?: AbortSignal) => ensureBackup(storage, spec, replaced),
  ensureBackupGone: (spec) => requireBackups(storage).remove(spec),
  findBackup: async (spec) => {
    const { sizeBytes } = await requireBackups(storage).read(spec);
    return { sizeBytes };
  },
});

/** With the LUN that initiators which are logged in have to use from now on, where the size of an exported volume changed. */
async function ensureVolume(storage: Storage, spec: VolumeSpec): Promise<{ sizeGb: number; lun?: number }> {
  const made = await makeVolume(storage, spec);
  const lun = await storage.exporter.ensureSize(spec.id, spec.sizeGb);
  return lun === undefined ? made : { ...made, lun };
}

async function makeVolume(storage: Storage, spec: VolumeSpec): Promise<{ readonly sizeGb: number }> {
  const { store } = storage;
  const { id, sizeGb, source, encryption } = spec;
  const isWritten = source.kind === 'backup' || (source.kind === 'blank' && encryption !== undefined);
  if (!isWritten || (await store.hasVolume(id))) return store.ensureVolume(spec);
  const blocks = source.kind === 'backup' ? (await requireBackups(storage).read(source)).blocks : emptyLuks(encryption);
  await store.writeVolume({ id, sizeGb }, blocks);
  return { sizeGb };
}

async function* emptyLuks(encryption?: Encryption) {
  if (encryption) yield { offset: 0, bytes: await luksHeader(encryption) };
}

async function ensureVolumeGone({ store, exporter }: Storage, id: string): Promise<void> {
  await exporter.ensureClosed(id);
  await store.ensureVolumeGone({ id });
}

async function release({ store, exporter }: Storage, spec: Parameters<VolumeStore['release']>[0]): Promise<void> {
  if (spec.as === 'volume') await exporter.ensureClosed(spec.id);
  await store.release(spec);
}

/** The former data stays until the new one is complete, which an initiator that is logged in would not notice. */
async function restoreVolume(storage: Storage, spec: RestoreSpec): Promise<void> {
  const { id, sizeGb, source } = spec;
  const { store, exporter } = storage;
  if (await exporter.isExported(id)) throw conflict(`volume ${id} is exported, its data cannot be replaced now`);
  if (source.kind === 'backup') {
    const { blocks } = await requireBackups(storage).read(source);
    return store.writeVolume({ id, sizeGb }, blocks);
  }
  return store.replaceVolume(spec);
}

async function ensureBackup(storage: Storage, spec: BackupSpec, replaced?: AbortSignal): Promise<BackupResult> {
  const { volumeId, snapshotId } = spec;
  const backups = requireBackups(storage);
  const bytes = await (snapshotId === null
    ? storage.store.readAs(volumeId, 'raw')
    : storage.store.readSnapshot({ id: snapshotId, volumeId }));
  return backups.write(spec, bytes, replaced).finally(() => bytes.close());
}

function requireBackups({ backups }: Storage): Backups {
  if (!backups) throw new Fault(501, 'notImplemented', 'This storage host makes no backups.');
  return backups;
}
