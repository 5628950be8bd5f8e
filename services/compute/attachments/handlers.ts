import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { serverOf, unlockedServer } from '../servers/find.ts';
import { changeServer } from '../servers/store.ts';
import { limitOf } from '../values.ts';
import { type AttachInput, attach, detach, getAttachment } from './operations.ts';
import { attachmentTable } from './store.ts';
import { attachedView, attachmentView } from './view.ts';

const listVolumes: Handler<Compute, unknown, 'id' | 'volume'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const all = (await attachmentTable.list(compute.db, id)).filter(({ volumeId }) => volumeId !== null);
  const { limit, offset = '0' } = call.query;
  const from = Number(offset) || 0;
  const page = all.slice(from, from + limitOf(limit));
  return ok({ volumeAttachments: page.map((each) => attachmentView(each, call.version)) });
};

const showVolume: Handler<Compute, unknown, 'id' | 'volume'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const attachment = await getAttachment(compute, id, call.params.volume);
  return ok({ volumeAttachment: attachmentView(attachment, call.version) });
};

const attachToServer: Handler<Compute, { volumeAttachment: AttachInput }, 'id'> = async (compute, call) => {
  const server = await unlockedServer(compute, call);
  const attachment = await attach(compute, call, server, call.body.volumeAttachment);
  return ok({ volumeAttachment: attachedView(attachment, call.version) });
};

const detachFromServer: Handler<Compute, unknown, 'id' | 'volume'> = async (compute, call) => {
  await detach(compute, call.caller, await unlockedServer(compute, call), call.params.volume);
  return accepted();
};

interface Change {
  readonly volumeId: string;
  readonly delete_on_termination?: boolean;
}

/** Only `delete_on_termination` may change; swapping volumes is not supported. */
const changeVolume: Handler<Compute, { volumeAttachment: Change }, 'id' | 'volume'> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const attachment = await getAttachment(compute, server.id, call.params.volume);
  const { volumeId, delete_on_termination: deleteOnTermination } = call.body.volumeAttachment;
  if (volumeId !== attachment.volumeId) throw badRequest('One volume cannot be swapped for another here.');
  if (deleteOnTermination !== undefined)
    await compute.db.transaction(async (tx) => {
      await attachmentTable.change(tx, attachment.id, { deleteOnTermination });
      await changeServer(tx, server.id, {});
    });
  return accepted();
};

const path = '/v2.1/servers/:id/os-volume_attachments';
const one = `${path}/:volume`;
const rule = 'os_compute_api:os-volumes-attachments';

export const attachmentRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listVolumes, rule: `${rule}:index` },
  { method: 'post', path, handler: attachToServer, rule: `${rule}:create` },
  { method: 'get', path: one, handler: showVolume, rule: `${rule}:show` },
  { method: 'put', path: one, handler: changeVolume, rule: `${rule}:update` },
  { method: 'delete', path: one, handler: detachFromServer, rule: `${rule}:delete` },
];
