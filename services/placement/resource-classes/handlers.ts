import { badRequest, conflict } from '#shared/errors/fault.ts';
import { type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Placement } from '../context.ts';
import { isClassInUse } from '../inventories/store.ts';
import { deleteName, ensureName, type NameKind, requireName } from '../names/operations.ts';
import { classes } from './store.ts';

const path = '/resource_classes';
const refusal = 'Error in delete resource class:';
const kind: NameKind = {
  names: classes,
  path,
  isUsed: isClassInUse,
  missing: (name) => `No such resource class ${name}.`,
  standard: (name) => `${refusal} Cannot delete standard resource class ${name}.`,
  used: (name) => `${refusal} Cannot delete resource class ${name}. Class is in use in inventory.`,
  invalid: (name) => `JSON does not validate: '${name}' does not match '^CUSTOM_[A-Z0-9_]+$'`,
};

const classView = (name: string) => ({ name, links: [{ rel: 'self', href: `${path}/${name}` }] });

export const list: Handler<Placement> = async ({ db }) =>
  ok({ resource_classes: (await classes.list(db)).map(classView) });

export const show: Handler<Placement, unknown, 'name'> = async ({ db }, { params: { name } }) => {
  await requireName(db, kind, name);
  return ok(classView(name));
};

export const create: Handler<Placement, { name: string }> = async ({ db }, { body: { name } }) => {
  if (!(await classes.ensure(db, name))) throw conflict(`Conflicting resource class already exists: ${name}`);
  return { status: 201, headers: { location: `${path}/${name}` } };
};

/** PUT from 1.7: creates the class if it does not exist. */
export const ensure: Handler<Placement, unknown, 'name'> = ({ db }, { params }) => ensureName(db, kind, params.name);

/** PUT until 1.6. */
export const rename: Handler<Placement, { name: string }, 'name'> = async ({ db }, { params, body }) => {
  const { name } = params;
  await requireName(db, kind, name);
  if (classes.isStandard(name)) throw badRequest(`Cannot update standard resource class ${name}`);
  if ((await classes.unknown(db, [body.name])).length === 0)
    throw conflict(`Resource class already exists: ${body.name}`);
  if (await isClassInUse(db, name)) throw conflict(`Resource class ${name} is in use in inventory.`);
  await classes.rename(db, name, body.name);
  return ok(classView(body.name));
};

export const remove: Handler<Placement, unknown, 'name'> = async ({ db }, { params }) => {
  await deleteName(db, kind, params.name);
  return noContent();
};
