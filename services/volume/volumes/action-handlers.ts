import { longTime } from '#shared/api/times.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import { refuseIfUsed } from '../attachments/operations.ts';
import { listAttachmentsOf } from '../attachments/store.ts';
import type { Volumes } from '../context.ts';
import { isTrue } from '../listing/values.ts';
import { typeNames } from '../types/store.ts';
import * as actions from './actions.ts';
import { deleteVolume, extendVolume, type UploadInput, uploadVolume } from './operations.ts';
import { changeVolume, getVolume, type Metadata } from './store.ts';

const idOf = ({ params }: Pick<Call<unknown, 'id'>, 'params'>) => params.id;

export const extend: Handler<Volumes, { 'os-extend': { new_size: number | string } }> = async (service, call) => {
  await extendVolume(service, call.caller, idOf(call), Number(call.body['os-extend'].new_size));
  return accepted();
};

export const resetStatus: Handler<Volumes, { 'os-reset_status': actions.ResetInput }> = async (service, call) => {
  await actions.resetStatus(service, call.caller, idOf(call), call.body['os-reset_status']);
  return accepted();
};

export const forceDelete: Handler<Volumes> = async (service, call) => {
  await deleteVolume(service, call.caller, idOf(call), { cascade: false, force: true });
  return accepted();
};

export const setBootable: Handler<Volumes, { 'os-set_bootable': { bootable: boolean | string } }> = async (
  { db },
  call,
) => {
  const { id } = await getVolume(db, call.caller, idOf(call));
  await changeVolume(db, id, { bootable: isTrue(call.body['os-set_bootable'].bootable) });
  return ok(undefined);
};

export const setReadOnly: Handler<Volumes, { 'os-update_readonly_flag': { readonly: boolean | string } }> = async (
  { db },
  call,
) => {
  const { id } = await getVolume(db, call.caller, idOf(call));
  const readOnly = isTrue(call.body['os-update_readonly_flag'].readonly);
  await changeVolume(db, id, { readOnly, readOnlyTold: true });
  return accepted();
};

export const retype: Handler<Volumes, { 'os-retype': { new_type: string } }> = async (service, call) => {
  await actions.retype(service, call.caller, idOf(call), call.body['os-retype'].new_type);
  return accepted();
};

type UploadBody = { readonly 'os-volume_upload_image': UploadInput };

export const uploadImage: Handler<Volumes, UploadBody, 'id'> = async (service, { caller, params, body, authorize }) => {
  const input = body['os-volume_upload_image'];
  if (input.visibility === 'public') authorize('volume_extension:volume_actions:upload_public');
  const { volume, image } = await uploadVolume(service, caller, params.id, input);
  const type = (await typeNames(service.db)).get(volume.typeId);
  return accepted({
    'os-volume_upload_image': {
      id: volume.id,
      updated_at: longTime(volume.updatedAt),
      status: 'uploading',
      display_description: volume.description,
      size: volume.sizeGb,
      volume_type: { id: volume.typeId, name: type },
      image_id: image.id,
      container_format: input.container_format ?? 'bare',
      disk_format: input.disk_format ?? 'raw',
      image_name: input.image_name,
      ...(input.visibility === undefined ? {} : { visibility: input.visibility }),
      ...(input.protected === undefined ? {} : { protected: isTrue(input.protected) }),
    },
  });
};

export const setImageMetadata: Handler<Volumes, { 'os-set_image_metadata': { metadata: Metadata } }> = async (
  { db },
  call,
) => {
  const volume = await getVolume(db, call.caller, idOf(call));
  const imageMetadata = { ...volume.imageMetadata, ...call.body['os-set_image_metadata'].metadata };
  await changeVolume(db, volume.id, { imageMetadata });
  return ok({ metadata: imageMetadata });
};

export const showImageMetadata: Handler<Volumes> = async ({ db }, call) =>
  ok({ metadata: (await getVolume(db, call.caller, idOf(call))).imageMetadata ?? {} });

export const unsetImageMetadata: Handler<Volumes, { 'os-unset_image_metadata': { key: string } }> = async (
  { db },
  call,
) => {
  const volume = await getVolume(db, call.caller, idOf(call));
  const { [call.body['os-unset_image_metadata'].key]: _, ...imageMetadata } = volume.imageMetadata ?? {};
  await changeVolume(db, volume.id, { imageMetadata });
  return ok(undefined);
};

const withoutBody =
  (act: typeof actions.reserve): Handler<Volumes> =>
  async (service, call) => {
    await act(service, call.caller, idOf(call));
    return accepted();
  };
export const reserve = withoutBody(actions.reserve);
export const unreserve = withoutBody(actions.unreserve);
export const beginDetaching = withoutBody(actions.beginDetaching);
export const rollDetaching = withoutBody(actions.rollDetaching);

export const attach: Handler<Volumes, { 'os-attach': actions.AttachInput }> = async (service, call) => {
  await actions.attach(service, call.caller, idOf(call), call.body['os-attach']);
  return accepted();
};

type DetachBody = { readonly 'os-detach': { readonly attachment_id?: string | null } | null };

export const detach: Handler<Volumes, DetachBody, 'id'> = async (service, { caller, params, body }) => {
  const { id } = await getVolume(service.db, caller, params.id);
  for (const attachment of await listAttachmentsOf(service.db, [id])) await refuseIfUsed(service, caller, attachment);
  await actions.detach(service, caller, id, body['os-detach']?.attachment_id);
  return accepted();
};

type ForceDetachBody = { readonly 'os-force_detach': { readonly attachment_id?: string | null } };

export const forceDetach: Handler<Volumes, ForceDetachBody, 'id'> = async (service, { caller, params, body }) => {
  await actions.detach(service, caller, params.id, body['os-force_detach'].attachment_id, true);
  return accepted();
};
