import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { limitOf } from '../listings/query.ts';
import { checkUnlocked } from '../servers/operations.ts';
import { changeServer, getServer } from '../servers/store.ts';
import { type AttachInput, attach, detach, getAttachment } from './operations.ts';
import { changeAttachment, listAttachments } from './store.ts';
import { attachedView, attachmentView } from './view.ts';

const serverOf = ({ db }: Compute, { caller, params }: Call<unknown, 'id'>) => getServer(db, caller, params.id);

async function unlockedServer(compute: Compute, call: Call) {
  const server = await serverOf(compute, call);
  checkUnlocked(server, call.may('os_compute_api:os-lock-server:unlock:unlock_override'));
  return server;
}

export const listVolumes: Handler<Compute> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const all = (await listAttachments(compute.db, id)).filter(({ volumeId }) => volumeId !== null);
  const { limit, offset = '0' } = call.query;
  const from = Number(offset) || 0;
  const page = all.slice(from, from + limitOf(limit));
  return ok({ volumeAttachments: page.map((each) => attachmentView(each, call.version)) });
};

export const showVolume: Handler<Compute, unknown, 'id' | 'volume'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const attachment = await getAttachment(compute, id, call.params.volume);
  return ok({ volumeAttachment: attachmentView(attachment, call.version) });
};

export const attachToServer: Handler<Compute, { volumeAttachment: AttachInput }> = async (compute, call) => {
  const server = await unlockedServer(compute, call);
  const attachment = await attach(compute, call, server, call.body.volumeAttachment);
  return ok({ volumeAttachment: attachedView(attachment, call.version) });
};

export const detachFromServer: Handler<Compute, unknown, 'id' | 'volume'> = async (compute, call) => {
  await detach(compute, call.caller, await unlockedServer(compute, call), call.params.volume);
  return accepted();
};

interface Change {
  readonly volumeId: string;
  readonly delete_on_termination?: boolean;
}

/** Only `delete_on_termination` may change; swapping volumes is not supported. */
export const changeVolume: Handler<Compute, { volumeAttachment: Change }, 'id' | 'volume'> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const attachment = await getAttachment(compute, server.id, call.params.volume);
  const { volumeId, delete_on_termination: deleteOnTermination } = call.body.volumeAttachment;
  if (volumeId !== attachment.volumeId) throw badRequest('One volume cannot be swapped for another here.');
  if (deleteOnTermination !== undefined)
    await compute.db.transaction(async (tx) => {
      await changeAttachment(tx, attachment.id, { deleteOnTermination });
      await changeServer(tx, server.id, {});
    });
  return accepted();
};
