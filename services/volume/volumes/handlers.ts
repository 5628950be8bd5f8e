import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import { type Attachment, listAttachmentsOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { dictionaryOf, hasAll, isTrue, type Listing, pageOf, textFilters, timeFilter } from '../listing/page.ts';
import { listedProject } from '../listing/scope.ts';
import { typeNames } from '../types/store.ts';
import { createVolume as create, trimmed, type VolumeInput } from './create.ts';
import { deleteVolume as remove } from './operations.ts';
import { changeVolume, getVolume, listVolumes, type Metadata, type Volume } from './store.ts';
import { createdView, type ViewInput, volumeSummary, volumeView } from './view.ts';

type ViewCall = Pick<Call, 'caller' | 'base'>;

/** Loads what the views need besides the volumes: type names and attachments. */
async function viewInputs(
  { db }: Volumes,
  { caller, base }: ViewCall,
  volumes: readonly Volume[],
): Promise<ViewInput[]> {
  const names = await typeNames(db);
  const attachments = await listAttachmentsOf(
    db,
    volumes.map(({ id }) => id),
  );
  const byVolume = Map.groupBy(attachments, ({ volumeId }) => volumeId);
  return volumes.map((volume) => viewInput({ caller, base }, volume, names, byVolume.get(volume.id) ?? []));
}

const viewInput = (
  { caller, base }: ViewCall,
  volume: Volume,
  names: ReadonlyMap<string, string>,
  attachments: readonly Attachment[],
): ViewInput => ({
  volume,
  typeName: names.get(volume.typeId) ?? '',
  attachments,
  isAdmin: isAdmin(caller),
  base,
  projectId: caller.projectId ?? '',
});

export const createVolume: Handler<Volumes, { volume: VolumeInput }> = async (service, call) => {
  if (call.body.volume.imageRef ?? call.body.volume.image_id) call.authorize('volume:create_from_image');
  const volume = await create(service, call.caller, call.body.volume);
  const [one] = await viewInputs(service, call, [volume]);
  return accepted({ volume: createdView(one as ViewInput, call.version) });
};

export const showVolume: Handler<Volumes> = async (service, call) => {
  const volume = await getVolume(service.db, call.caller, call.params.id ?? '');
  const [one] = await viewInputs(service, call, [volume]);
  return ok({ volume: volumeView(one as ViewInput, call.version) });
};

interface Named extends Volume {
  readonly typeName: string;
}

export const listing: Listing<Named> = {
  collection: 'volumes',
  what: 'Volume',
  filters: {
    ...textFilters<Named>('name', (volume) => volume.name),
    ...textFilters<Named>('display_name', (volume) => volume.name),
    ...textFilters<Named>('status', (volume) => volume.status),
    ...textFilters<Named>('description', (volume) => volume.description),
    id: (volume, value) => volume.id === value,
    user_id: (volume, value) => volume.userId === value,
    size: (volume, value) => volume.sizeGb === Number(value),
    bootable: (volume, value) => volume.bootable === isTrue(value),
    multiattach: (volume, value) => volume.multiattach === isTrue(value),
    availability_zone: (volume, value) => volume.zone === value,
    host: (volume, value) => value === volume.host || value === `${volume.host}@${volume.driver}#${volume.pool}`,
    volume_type: (volume, value) => value === volume.typeId || value === volume.typeName,
    volume_type_id: (volume, value) => value === volume.typeId,
    snapshot_id: (volume, value) => value === volume.snapshotId,
    source_volid: (volume, value) => value === volume.sourceVolumeId,
    consumes_quota: (_volume, value) => isTrue(value),
    group_id: () => false, // no volume is in a group
    migration_status: () => false,
    metadata: (volume, value) => hasAll(volume.metadata, dictionaryOf(value)),
    glance_metadata: (volume, value) => hasAll(volume.imageMetadata ?? {}, dictionaryOf(value)),
    created_at: (volume, value) => timeFilter(volume.createdAt, value),
    updated_at: (volume, value) => timeFilter(volume.updatedAt, value),
  },
  adminFilters: ['host'],
  sortKeys: {
    created_at: (volume) => volume.createdAt,
    updated_at: (volume) => volume.updatedAt,
    name: (volume) => volume.name,
    display_name: (volume) => volume.name,
    size: (volume) => volume.sizeGb,
    status: (volume) => volume.status,
    bootable: (volume) => Number(volume.bootable),
    availability_zone: (volume) => volume.zone,
    host: (volume) => volume.host,
  },
};

const list =
  (view: (input: ViewInput, call: Call<never>) => unknown): Handler<Volumes> =>
  async (service, call) => {
    const names = await typeNames(service.db);
    const rows = await listVolumes(service.db, listedProject(call.caller, call.query));
    const named = rows.map((row) => ({ ...row, typeName: names.get(row.typeId) ?? '' }));
    const page = pageOf(listing, named, call);
    const volumes = (await viewInputs(service, call, page.rows)).map((one) => view(one, call));
    return ok({ volumes, ...page.beside });
  };

export const listSummaries = list(volumeSummary);
export const listDetails = list((one, { version }) => volumeView(one, version));

export const sumVolumes: Handler<Volumes> = async ({ db }, { caller, query, version }) => {
  const volumes = await listVolumes(db, listedProject(caller, query));
  const values = new Map<string, Set<string>>();
  for (const [key, value] of volumes.flatMap((volume) => Object.entries(volume.metadata)))
    values.set(key, (values.get(key) ?? new Set()).add(value));
  const metadata = Object.fromEntries([...values].map(([key, all]) => [key, [...all]]));
  const total_size = volumes.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
  const more = atLeast(version, '3.36') ? { metadata } : {};
  return ok({ 'volume-summary': { total_size, total_count: volumes.length, ...more } });
};

type Change = Pick<VolumeInput, 'name' | 'description' | 'display_name' | 'display_description'> & {
  readonly metadata?: Metadata;
};

export const updateVolume: Handler<Volumes, { volume: Change }> = async (service, call) => {
  const { id } = await getVolume(service.db, call.caller, call.params.id ?? '');
  const { volume: input } = call.body;
  const { name = input.display_name, description = input.display_description, metadata } = input;
  await changeVolume(service.db, id, {
    ...(name === undefined ? {} : { name: trimmed(name) }),
    ...(description === undefined ? {} : { description: trimmed(description) }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  const [one] = await viewInputs(service, call, [await getVolume(service.db, call.caller, id)]);
  return ok({ volume: createdView(one as ViewInput, call.version) });
};

export const deleteVolume: Handler<Volumes> = async (service, { caller, params, query, version, authorize }) => {
  const force = atLeast(version, '3.23') && flag('force', query.force);
  if (force) authorize('volume:force_delete');
  await remove(service, caller, params.id ?? '', { cascade: flag('cascade', query.cascade), force });
  return accepted();
};

function flag(name: string, value = 'false'): boolean {
  if (isTrue(value)) return true;
  if (/^(false|0|no|f|off|n)$/i.test(value)) return false;
  throw badRequest(`Invalid value '${value}' for ${name}.`);
}

/** No driver encrypts volumes. */
export const showEncryption: Handler<Volumes> = async ({ db }, { caller, params }) => {
  await getVolume(db, caller, params.id ?? '');
  return ok({ encryption_key_id: null });
};
