import { randomUUID } from 'node:crypto';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import { activateStaged } from '../bytes/store.ts';
import type { Images } from '../context.ts';
import { getImageFor } from '../images/handlers.ts';
import type { Image } from '../images/store.ts';
import { getImport, type Import, insertImport, listAllImports, listImports as listRows } from './store.ts';
import { importView, taskView } from './view.ts';
import { beginDownload } from './web-download.ts';

interface ImportRequest {
  readonly method: { readonly name: string; readonly uri?: string };
  readonly stores?: readonly string[];
  readonly all_stores?: boolean;
}

export const importMethods = ['glance-direct', 'web-download'];

const rowOf = ({ caller, body }: Call<ImportRequest>, image: Image): Omit<Import, 'id' | 'status'> => ({
  imageId: image.id,
  owner: image.owner,
  userId: caller.userId,
  requestId: caller.requestId,
  wish: JSON.stringify(body),
  message: null,
  createdAt: Date.now(),
  updatedAt: Date.now(),
});

export const importImage: Handler<Images, ImportRequest> = async (images, call) => {
  const { method, stores = [], all_stores: all = false } = call.body;
  const wanted = all ? images.stores.names : stores;
  if (!importMethods.includes(method.name)) throw badRequest(`Unknown import method name '${method.name}'.`);
  const image = await getImageFor(images, call, 'modify_image');
  const unknown = wanted.find((store) => !images.stores.names.includes(store));
  if (unknown !== undefined)
    throw conflict(`The store ${unknown} does not exist: the stores are ${images.stores.names.join(', ')}.`);
  if (wanted.length > 1) throw conflict('An image is kept in one store here: name one, or none for the first.');
  if (image.status === 'active') throw conflict('Image with status active cannot be target for import');
  const row = rowOf(call, image);
  if (method.name === 'web-download') {
    if (!method.uri) throw badRequest("The import method 'web-download' needs a uri.");
    await beginDownload(images, image, { uri: method.uri, store: wanted[0] }, { ...row, status: 'processing' });
    return accepted();
  }
  const staged = image.staged === null ? undefined : (JSON.parse(image.staged) as { store?: string }).store;
  if (wanted[0] !== undefined && wanted[0] !== (staged ?? 'file'))
    throw conflict(
      `The data is staged in the store ${staged ?? 'file'}: stage it in ${wanted[0]} with X-Image-Meta-Store.`,
    );
  // the data was checked when it was staged
  await images.db.transaction(async (tx) => {
    if (!(await activateStaged(tx, image)))
      throw conflict("Image needs to be staged before 'glance-direct' method can be used");
    await insertImport(tx, { ...row, id: randomUUID(), status: 'success' });
  });
  return accepted();
};

export const listImports: Handler<Images> = async (images, call) => {
  const { id } = await getImageFor(images, call, 'get_image', call.caller.projectId);
  return ok({ tasks: (await listRows(images.db, id)).map(importView) });
};

const defaultLimit = 25;
const maxLimit = 1000;

export const listTasks: Handler<Images> = async ({ db }, { query }) => {
  const { limit = String(defaultLimit), marker } = query;
  if (!/^\d{1,9}$/.test(limit)) throw badRequest('limit param must be a positive integer');
  const size = Math.min(Number(limit), maxLimit);
  const rows = size === 0 ? [] : await listAllImports(db, size, marker);
  const last = rows.length === size ? rows.at(-1)?.id : undefined;
  const url = (more: Record<string, string>) => {
    const asked = new URLSearchParams({ ...(query.limit === undefined ? {} : { limit }), ...more }).toString();
    return `/v2/tasks${asked === '' ? '' : `?${asked}`}`;
  };
  return ok({
    tasks: rows.map(taskView),
    first: url({}),
    ...(last === undefined ? {} : { next: url({ marker: last }) }),
    schema: '/v2/schemas/tasks',
  });
};

export const showTask: Handler<Images, unknown, 'id'> = async ({ db }, { params }) => {
  const row = await getImport(db, params.id);
  return ok({ ...importView(row), self: `/v2/tasks/${row.id}`, schema: '/v2/schemas/task' });
};

/** Glance deprecates tasks that clients create; the import of an image does the same. */
export const createTask: Handler<Images> = async () => {
  throw badRequest(
    'Tasks are not created by clients here: create the image and POST /v2/images/{image_id}/import with the method web-download.',
  );
};

export const refuseDelete: Handler<Images> = async () => {
  throw new Fault(405, 'badMethod', 'Tasks are not deleted by clients: they expire.', { headers: { allow: 'GET' } });
};
