import { badRequest, Fault } from '#shared/errors/fault.ts';
import { accepted, type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { getImageFor } from '../images/handlers.ts';
import { importCopies } from './copy-image.ts';
import { importStaged } from './glance-direct.ts';
import { importMethods } from './methods.ts';
import { checkReady, type ImportRequest, newImport, storesOf } from './request.ts';
import { getImport, listAllImports, listImports as listRows } from './store.ts';
import { importView, taskView } from './view.ts';
import { importDownload } from './web-download.ts';

const methods = { 'glance-direct': importStaged, 'web-download': importDownload, 'copy-image': importCopies } as const;

export const importImage: Handler<Images, ImportRequest> = async (images, call) => {
  const { name } = call.body.method;
  if (!importMethods.includes(name)) throw badRequest(`Unknown import method name '${name}'.`);
  const image = await getImageFor(images, call, name === 'copy-image' ? 'copy_image' : 'modify_image');
  checkReady(image, name);
  const stores = storesOf(images.stores.names, call);
  await methods[name as keyof typeof methods](images, image, {
    body: call.body,
    stores,
    row: newImport(call, image, stores),
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
