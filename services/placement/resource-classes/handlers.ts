import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { isClassInUse } from '../inventories/store.ts';
import { cacheHeaders } from '../versions/cache-headers.ts';
import {
  ensureClass,
  isStandardClass,
  listClasses as listRows,
  removeClass,
  renameClass,
  unknownClasses,
} from './store.ts';

const urlOf = (name: string) => `/resource_classes/${name}`;
const classView = (name: string) => ({ name, links: [{ rel: 'self', href: urlOf(name) }] });

async function requireClass({ db }: Placement, name: string): Promise<void> {
  if ((await unknownClasses(db, [name])).length > 0)
    throw new Fault(404, 'notFound', `No such resource class ${name}.`);
}

function checkCustom(name: string): void {
  if (!/^CUSTOM_[A-Z0-9_]+$/.test(name) || name.length > 255)
    throw badRequest(`JSON does not validate: '${name}' does not match '^CUSTOM_[A-Z0-9_]+$'`);
}

export const listClasses: Handler<Placement> = async ({ db }, { version }) =>
  ok({ resource_classes: (await listRows(db)).map(classView) }, cacheHeaders(version));

export const showClass: Handler<Placement> = async (placement, { params, version }) => {
  const { name = '' } = params;
  await requireClass(placement, name);
  return ok(classView(name), cacheHeaders(version));
};

export const createClass: Handler<Placement, { name: string }> = async ({ db }, { body }) => {
  if (!(await ensureClass(db, body.name))) throw conflict(`Conflicting resource class already exists: ${body.name}`);
  return { status: 201, headers: { location: urlOf(body.name) } };
};

/** PUT from 1.7: creates the class if it does not exist. */
export const ensureNamedClass: Handler<Placement> = async ({ db }, { params }) => {
  const { name = '' } = params;
  checkCustom(name);
  const isNew = await ensureClass(db, name);
  return { status: isNew ? 201 : 204, headers: { location: urlOf(name) } };
};

/** PUT until 1.6: renames the class. */
export const renameNamedClass: Handler<Placement, { name: string }> = async (placement, { params, body }) => {
  const { db } = placement;
  const { name = '' } = params;
  await requireClass(placement, name);
  if (isStandardClass(name)) throw badRequest(`Cannot update standard resource class ${name}`);
  if ((await unknownClasses(db, [body.name])).length === 0)
    throw conflict(`Resource class already exists: ${body.name}`);
  if (await isClassInUse(db, name)) throw conflict(`Resource class ${name} is in use in inventory.`);
  await renameClass(db, name, body.name);
  return ok(classView(body.name));
};

export const deleteClass: Handler<Placement> = async (placement, { params }) => {
  const { db } = placement;
  const { name = '' } = params;
  await requireClass(placement, name);
  const refusal = 'Error in delete resource class:';
  if (isStandardClass(name)) throw badRequest(`${refusal} Cannot delete standard resource class ${name}.`);
  if (await isClassInUse(db, name))
    throw conflict(`${refusal} Cannot delete resource class ${name}. Class is in use in inventory.`);
  await removeClass(db, name);
  return gone();
};
