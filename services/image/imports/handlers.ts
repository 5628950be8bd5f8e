import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok } from '#shared/http/route.ts';
import { activateStaged } from '../bytes/store.ts';
import type { Images } from '../context.ts';
import { getImageFor } from '../images/handlers.ts';
import { insertImport, listImports as listRows } from './store.ts';
import { importView } from './view.ts';

interface ImportRequest {
  readonly method: { readonly name: string };
}

/** Completes at once: the data was checked when it was staged. */
export const importImage: Handler<Images, ImportRequest> = async (images, call) => {
  const { name } = call.body.method;
  if (name !== 'glance-direct') throw badRequest(`Unknown import method name '${name}'.`);
  const image = await getImageFor(images, call, 'modify_image');
  const { userId, requestId } = call.caller;
  await images.db.transaction(async (tx) => {
    if (!(await activateStaged(tx, image)))
      throw conflict("Image needs to be staged before 'glance-direct' method can be used");
    const made = { id: randomUUID(), imageId: image.id, owner: image.owner, createdAt: Date.now() };
    await insertImport(tx, { ...made, userId, requestId, wish: JSON.stringify(call.body) });
  });
  return accepted();
};

export const listImports: Handler<Images> = async (images, call) => {
  const { id } = await getImageFor(images, call, 'get_image', call.caller.projectId);
  return ok({ tasks: (await listRows(images.db, id)).map(importView) });
};
