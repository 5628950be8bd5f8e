import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok, type Route } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';
import { findTypeByNameOrId } from '../types/store.ts';
import { type DefaultType, findDefaultType, listDefaultTypes, setDefaultType, unsetDefaultType } from './store.ts';

type Handle<Body = unknown> = Handler<Volumes, Body, 'id'>;

const view = ({ projectId, typeId }: DefaultType) => ({ project_id: projectId, volume_type_id: typeId });
const missing = (projectId: string) => new Fault(404, 'notFound', `Default type for project ${projectId} not found.`);

const list: Handle = async ({ db }) => ok({ default_types: (await listDefaultTypes(db)).map(view) });

const show: Handle = async ({ db }, { params: { id } }) => {
  const found = await findDefaultType(db, id);
  if (!found) throw missing(id);
  return ok({ default_type: view(found) });
};

/** Only a type that the project's users can use. */
const set: Handle<{ default_type: { volume_type: string } }> = async ({ db }, { params: { id }, body, caller }) => {
  const type = await findTypeByNameOrId(db, caller, body.default_type.volume_type);
  if (!type.isPublic)
    throw badRequest(`Invalid volume type: Volume type ${type.id} is private, it cannot be a default type.`);
  const row = { projectId: id, typeId: type.id };
  await setDefaultType(db, row);
  return ok({ default_type: view(row) });
};

const unset: Handle = async ({ db }, { params: { id } }) => {
  if (!(await unsetDefaultType(db, id))) throw missing(id);
  return noContent();
};

const since = '3.62';
const rule = 'volume_extension:default';
const path = '/v3/default-types';

/** Without a project in the path, as in Cinder. */
export const defaultTypeRoutes: Route<Volumes>[] = [
  { method: 'get', path, handler: list, rule: `${rule}_get_all`, since },
  { method: 'get', path: `${path}/:id`, handler: show, rule: `${rule}_get`, since },
  { method: 'put', path: `${path}/:id`, handler: set, rule: `${rule}_set_or_update`, since },
  { method: 'delete', path: `${path}/:id`, handler: unset, rule: `${rule}_unset`, since },
];
