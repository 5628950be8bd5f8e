import { longTime } from '#shared/api/times.ts';
import { atLeast } from '#shared/api/versions.ts';
import { badRequest, notFound } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { actionsOn, type Finding } from '#shared/resource/actions.ts';
import { plainRoutes } from '#shared/resource/routes.ts';
import { attachmentRows } from '../attachments/resource.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { listedBy, permitted } from '../listing/scope.ts';
import { isTrue } from '../listing/values.ts';
import { typeEncryptionRows } from '../type-encryption/resource.ts';
import { typeNames } from '../types/store.ts';
import * as actions from './actions.ts';
import { initializeConnection, terminateConnection } from './connections.ts';
import { createVolume } from './create.ts';
import { completeMigration, migrateVolume } from './move.ts';
import { deleteVolume, extendVolume, type UploadInput, uploadVolume } from './operations.ts';
import { reimage, revertToSnapshot } from './replace.ts';
import { type Volume, volume, volumeInput, volumeRows } from './resource.ts';
import { retype } from './retype.ts';
import { getVolume, sumOf } from './store.ts';
import { createdView, volumeSummary, volumeView, withView } from './view.ts';

const find = async ({ db }: Volumes, call: Finding) =>
  permitted(call, await getVolume(db, call.caller, call.params.id));

/** Type names and attachments are shown, too. */
async function enrich({ db }: Volumes, _: unknown, volumes: readonly Volume[]) {
  const names = await typeNames(db);
  const ids = volumes.map(({ id }) => id);
  const byVolume = Map.groupBy(await attachmentRows.list(db, { volumeId: ids }), ({ volumeId }) => volumeId);
  return volumes.map((row) => withView(row, names.get(row.typeId) ?? '', byVolume.get(row.id) ?? []));
}

function flag(name: string, value = 'false'): boolean {
  if (isTrue(value)) return true;
  if (/^(false|0|no|f|off|n)$/i.test(value)) return false;
  throw badRequest(`Invalid value '${value}' for ${name}.`);
}

const sumVolumes: Handler<Volumes> = async ({ db }, call) => {
  const { sizeGb, count, metadata } = await sumOf(db, listedBy(call, 'volume:get_all').visible);
  const more = atLeast(call.version, '3.36') ? { metadata } : {};
  return ok({ 'volume-summary': { total_size: sizeGb, total_count: count, ...more } });
};

/** How it is encrypted, with the id of its key, which is null for a volume that is not. */
async function encryptionShown(service: Volumes, call: Finding) {
  const { typeId, encryptionKeyId: id } = await find(service, call);
  const found = id === null ? undefined : await typeEncryptionRows.find(service.db, { typeId });
  const { provider, controlLocation, cipher, keySize } = found ?? {};
  const how = { provider, control_location: controlLocation, cipher, key_size: keySize };
  return { encryption_key_id: id, ...(found ? how : {}) };
}

const showEncryption: Handler<Volumes, unknown, 'id'> = async (service, call) =>
  ok(await encryptionShown(service, call));

const showEncryptionItem: Handler<Volumes, unknown, 'id' | 'key'> = async (service, call) => {
  const { key } = call.params;
  const value = own(await encryptionShown(service, call), key);
  if (value === undefined) throw notFound('Encryption attribute', key);
  return ok(value);
};

async function uploadImage(
  service: Volumes,
  row: Volume,
  input: UploadInput,
  { caller, authorize }: Pick<Call, 'caller' | 'authorize'>,
) {
  if (input.visibility === 'public') authorize('volume_extension:volume_actions:upload_public');
  const image = await uploadVolume(service, caller, row, input);
  return {
    'os-volume_upload_image': {
      id: row.id,
      updated_at: longTime(row.updatedAt),
      status: 'uploading',
      display_description: row.description,
      size: row.sizeGb,
      volume_type: { id: row.typeId, name: (await typeNames(service.db)).get(row.typeId) },
      image_id: image.id,
      container_format: input.container_format ?? 'bare',
      disk_format: input.disk_format ?? 'raw',
      image_name: input.image_name,
      ...(input.visibility === undefined ? {} : { visibility: input.visibility }),
      ...(input.protected === undefined ? {} : { protected: isTrue(input.protected) }),
    },
  };
}

const act = actionsOn('/volumes/:id/action', find);
const extension = 'volume_extension';
const encryptionRule = `${extension}:volume_encryption_metadata`;

export const volumeRoutes: Route<Volumes>[] = [
  { method: 'get', path: '/volumes/summary', handler: sumVolumes, rule: 'volume:get_all', since: '3.12' },
  ...plainRoutes<Volumes, Volume, typeof volumeInput>({
    one: 'volume',
    many: 'volumes',
    path: '/volumes',
    attributes: volumeInput,
    rules: {
      list: 'volume:get_all',
      show: 'volume:get',
      create: 'volume:create',
      update: 'volume:update',
      remove: 'volume:delete',
    },
    page: ({ db }, call) => listPage(db, volume, listedBy(call, 'volume:get_all'), call),
    find,
    enrich,
    view: volumeView,
    brief: volumeSummary,
    written: createdView,
    create: (service, input, { caller, authorize }) => {
      if (input.imageRef ?? input.imageId) authorize('volume:create_from_image');
      return createVolume(service, caller, input);
    },
    created: accepted,
    update: async ({ db }, { id }, change) => {
      await volumeRows.update(db, { id }, change);
      return volumeRows.expect(db, { id });
    },
    remove: async (service, row, { caller, query, version, authorize }) => {
      const force = atLeast(version, '3.23') && flag('force', query.force);
      if (force) authorize('volume:force_delete');
      await deleteVolume(service, caller, row, { cascade: flag('cascade', query.cascade), force });
    },
  }),
  { method: 'get', path: '/volumes/:id/encryption', handler: showEncryption, rule: encryptionRule },
  { method: 'get', path: '/volumes/:id/encryption/:key', handler: showEncryptionItem, rule: encryptionRule },

  act('os-extend', 'volume:extend', extendVolume),
  act('os-retype', 'volume:retype', retype),
  act('os-migrate_volume', `${extension}:volume_admin_actions:migrate_volume`, migrateVolume),
  act('os-migrate_volume_completion', `${extension}:volume_admin_actions:migrate_volume_completion`, completeMigration),
  act('os-update_readonly_flag', 'volume:update_readonly_flag', actions.setReadOnly),
  act('os-set_bootable', 'volume:update', actions.setBootable, ok),
  act('os-reset_status', `${extension}:volume_admin_actions:reset_status`, actions.resetStatus),
  act('os-force_delete', `${extension}:volume_admin_actions:force_delete`, (service, row, _, { caller }) =>
    deleteVolume(service, caller, row, { cascade: false, force: true }),
  ),
  act('os-unmanage', `${extension}:volume_unmanage`, (service, row, _, { caller }) =>
    deleteVolume(service, caller, row, { cascade: false, force: false, unmanage: true }),
  ),
  act('os-force_detach', `${extension}:volume_admin_actions:force_detach`, actions.forceDetach),
  act('os-volume_upload_image', `${extension}:volume_actions:upload_image`, uploadImage),
  act('os-set_image_metadata', `${extension}:volume_image_metadata:set`, actions.setImageMetadata, ok),
  act('os-show_image_metadata', `${extension}:volume_image_metadata:show`, actions.showImageMetadata, ok),
  act('os-unset_image_metadata', `${extension}:volume_image_metadata:remove`, actions.unsetImageMetadata, ok),
  act('os-reserve', `${extension}:volume_actions:reserve`, actions.reserve),
  act('os-unreserve', `${extension}:volume_actions:unreserve`, actions.unreserve),
  act('os-begin_detaching', `${extension}:volume_actions:begin_detaching`, actions.beginDetaching),
  act('os-roll_detaching', `${extension}:volume_actions:roll_detaching`, actions.rollDetaching),
  { ...act('revert', 'volume:revert_to_snapshot', revertToSnapshot), since: '3.40' },
  { ...act('os-reimage', 'volume:reimage', reimage), since: '3.68' },
  act('os-initialize_connection', `${extension}:volume_actions:initialize_connection`, initializeConnection, ok),
  act('os-terminate_connection', `${extension}:volume_actions:terminate_connection`, terminateConnection),
  act('os-attach', `${extension}:volume_actions:attach`, actions.attach),
  act('os-detach', `${extension}:volume_actions:detach`, actions.detach),
];
