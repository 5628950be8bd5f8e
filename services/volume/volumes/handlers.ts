import { atLeast } from '#shared/api/versions.ts';
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import { type Attachment, listAttachmentsOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { constant, equal, type Listing, listPage, none, text } from '../listing/query.ts';
import { listedProject, scopeOf } from '../listing/scope.ts';
import { isTrue } from '../listing/values.ts';
import { typeNames } from '../types/store.ts';
import { createVolume as create, trimmed, type VolumeInput } from './create.ts';
import { deleteVolume as remove } from './operations.ts';
import { changeVolume, getVolume, type Metadata, ofType, onHost, sumOf, type Volume, volumeOf } from './store.ts';
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

export const showVolume: Handler<Volumes, unknown, 'id'> = async (service, call) => {
  const volume = await getVolume(service.db, call.caller, call.params.id);
  const [one] = await viewInputs(service, call, [volume]);
  return ok({ volume: volumeView(one as ViewInput, call.version) });
};

export const listing: Listing = {
  table: 'volumes',
  collection: 'volumes',
  what: 'Volume',
  filters: {
    name: text('name'),
    display_name: text('name'),
    status: text('status'),
    description: text('description'),
    id: equal('id'),
    user_id: equal('userId'),
    size: { kind: 'number', column: 'sizeGb' },
    bootable: { kind: 'boolean', column: 'bootable' },
    multiattach: { kind: 'boolean', column: 'multiattach' },
    availability_zone: equal('zone'),
    host: onHost,
    volume_type: ofType,
    volume_type_id: equal('typeId'),
    snapshot_id: equal('snapshotId'),
    source_volid: equal('sourceVolumeId'),
    consumes_quota: constant(isTrue),
    group_id: none, // no volume is in a group
    migration_status: none,
    metadata: { kind: 'pairs', column: 'metadata' },
    glance_metadata: { kind: 'pairs', column: 'imageMetadata' },
    created_at: { kind: 'time', column: 'createdAt' },
    updated_at: { kind: 'time', column: 'updatedAt' },
  },
  adminFilters: ['host'],
  sortKeys: {
    created_at: 'createdAt',
    updated_at: 'updatedAt',
    name: 'name',
    display_name: 'name',
    size: 'sizeGb',
    status: 'status',
    bootable: 'bootable',
    availability_zone: 'zone',
    host: 'host',
  },
};

const list =
  (view: (input: ViewInput, call: Call) => unknown): Handler<Volumes> =>
  async (service, call) => {
    const { rows, extra } = await listPage(service.db, listing, scopeOf(call.caller, call.query), call, volumeOf);
    const volumes = (await viewInputs(service, call, rows)).map((one) => view(one, call));
    return ok({ volumes, ...extra });
  };

export const listSummaries = list(volumeSummary);
export const listDetails = list((one, { version }) => volumeView(one, version));

export const sumVolumes: Handler<Volumes> = async ({ db }, { caller, query, version }) => {
  const { sizeGb, count, metadata } = await sumOf(db, listedProject(caller, query));
  const more = atLeast(version, '3.36') ? { metadata } : {};
  return ok({ 'volume-summary': { total_size: sizeGb, total_count: count, ...more } });
};

type Change = Pick<VolumeInput, 'name' | 'description' | 'display_name' | 'display_description'> & {
  readonly metadata?: Metadata;
};

export const updateVolume: Handler<Volumes, { volume: Change }, 'id'> = async (service, call) => {
  const { id } = await getVolume(service.db, call.caller, call.params.id);
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

export const deleteVolume: Handler<Volumes, unknown, 'id'> = async (
  service,
  { caller, params, query, version, authorize },
) => {
  const force = atLeast(version, '3.23') && flag('force', query.force);
  if (force) authorize('volume:force_delete');
  await remove(service, caller, params.id, { cascade: flag('cascade', query.cascade), force });
  return accepted();
};

function flag(name: string, value = 'false'): boolean {
  if (isTrue(value)) return true;
  if (/^(false|0|no|f|off|n)$/i.test(value)) return false;
  throw badRequest(`Invalid value '${value}' for ${name}.`);
}

/** No driver encrypts volumes. */
export const showEncryption: Handler<Volumes, unknown, 'id'> = async ({ db }, { caller, params }) => {
  await getVolume(db, caller, params.id);
  return ok({ encryption_key_id: null });
};
