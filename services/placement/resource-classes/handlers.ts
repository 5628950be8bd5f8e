import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { gone, type Handler, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { isClassInUse } from '../inventories/store.ts';
import { fresh } from '../versions/fresh.ts';
import { ensureClass, isStandardClass, listClasses, removeClass, renameClass, unknownClasses } from './store.ts';

const urlOf = (name: string) => `/resource_classes/${name}`;
const classView = (name: string) => ({ name, links: [{ rel: 'self', href: urlOf(name) }] });

async function checkThere({ db }: Placement, name: string): Promise<void> {
  if ((await unknownClasses(db, [name])).length > 0)
    throw new Fault(404, 'notFound', `No such resource class ${name}.`);
}

function checkCustom(name: string): void {
  if (!/^CUSTOM_[A-Z0-9_]+$/.test(name) || name.length > 255)
    throw badRequest(`JSON does not validate: '${name}' does not match '^CUSTOM_[A-Z0-9_]+$'`);
}

export const showClasses: Handler<Placement> = async ({ db }, { version }) =>
  ok({ resource_classes: (await listClasses(db)).map(classView) }, fresh(version));

export const showClass: Handler<Placement> = async (placement, { params, version }) => {
  const { name = '' } = params;
  await checkThere(placement, name);
  return ok(classView(name), fresh(version));
};

export const createClass: Handler<Placement, { name: string }> = async ({ db }, { body }) => {
  if (!(await ensureClass(db, body.name))) throw conflict(`Conflicting resource class already exists: ${body.name}`);
  return { status: 201, headers: { location: urlOf(body.name) } };
};

/** From 1.7: it is there afterwards, whether it was or not. */
export const ensureNamedClass: Handler<Placement> = async ({ db }, { params }) => {
  const { name = '' } = params;
  checkCustom(name);
  const isNew = await ensureClass(db, name);
  return { status: isNew ? 201 : 204, headers: { location: urlOf(name) } };
};

/** Until 1.6: another name. */
export const renameNamedClass: Handler<Placement, { name: string }> = async (placement, { params, body }) => {
  const { db } = placement;
  const { name = '' } = params;
  await checkThere(placement, name);
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
  await checkThere(placement, name);
  const refusal = 'Error in delete resource class:';
  if (isStandardClass(name)) throw badRequest(`${refusal} Cannot delete standard resource class ${name}.`);
  if (await isClassInUse(db, name))
    throw conflict(`${refusal} Cannot delete resource class ${name}. Class is in use in inventory.`);
  await removeClass(db, name);
  return gone();
};
