import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { type Body, parseCreate, parseUpdate } from '#shared/resource/body.ts';
import type { Volumes } from '../context.ts';
import { findType } from '../types/store.ts';
import { createTypeEncryption, deleteTypeEncryption, updateTypeEncryption } from './operations.ts';
import { bodies, notEncrypted, typeEncryptionRows, typeEncryptionView, writtenView } from './resource.ts';

type Path = 'id' | 'key';
type Sent = { readonly encryption: Body };

/** An empty object for a type whose volumes are not encrypted. */
const show: Handler<Volumes, unknown, 'id'> = async ({ db }, call) => {
  const { id: typeId } = await findType(db, call.caller, call.params.id);
  const found = await typeEncryptionRows.find(db, { typeId });
  return ok(found ? typeEncryptionView(found, call) : {});
};

const showItem: Handler<Volumes, unknown, Path> = async ({ db }, call) => {
  const { id: typeId } = await findType(db, call.caller, call.params.id);
  const { key } = call.params;
  const found = await typeEncryptionRows.find(db, { typeId });
  const value = found && own(typeEncryptionView(found, call), key);
  if (value === undefined) throw notEncrypted(typeId);
  return ok({ [key]: value });
};

const create: Handler<Volumes, Sent, 'id'> = async (service, call) => {
  const { id } = await findType(service.db, call.caller, call.params.id);
  const row = await createTypeEncryption(service, id, parseCreate(bodies, call.body.encryption));
  return ok({ encryption: writtenView(row, call) });
};

/** Clients name the encryption by its id, or by any other word: a type has one. */
const update: Handler<Volumes, Sent, Path> = async (service, call) => {
  const { id } = await findType(service.db, call.caller, call.params.id);
  await updateTypeEncryption(service, id, parseUpdate(bodies, call.body.encryption));
  return ok({ encryption: call.body.encryption });
};

const remove: Handler<Volumes, unknown, Path> = async (service, call) => {
  const { id } = await findType(service.db, call.caller, call.params.id);
  await deleteTypeEncryption(service, id);
  return accepted();
};

const rule = 'volume_extension:volume_type_encryption';
const path = '/types/:id/encryption';
const item = `${path}/:key`;

export const typeEncryptionRoutes: Route<Volumes>[] = [
  { method: 'get', path, handler: show, rule: `${rule}:get` },
  { method: 'post', path, handler: create, rule: `${rule}:create` },
  { method: 'get', path: item, handler: showItem, rule: `${rule}:get` },
  { method: 'put', path: item, handler: update, rule: `${rule}:update` },
  { method: 'delete', path: item, handler: remove, rule: `${rule}:delete` },
];
