import { badRequest } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Seen } from '#shared/resource/attribute.ts';
import type { Volumes } from '../context.ts';
import { listPage } from '../listing/query.ts';
import { isSet, isTrue } from '../listing/values.ts';
import type { VolumeType } from '../types/resource.ts';
import { findType } from '../types/store.ts';
import * as operations from './operations.ts';
import { type Consumer, type Qos, qos, qosLinks, qosRows, qosView } from './resource.ts';

type Handle<Body = unknown> = Handler<Volumes, Body, 'id'>;
type Specs = Readonly<Record<string, string>>;

const find = ({ db }: Volumes, { params }: Pick<Call<unknown, 'id'>, 'params'>): Promise<Qos> =>
  qosRows.get(db, params.id);

const shown = (row: Qos, call: Seen) => ({
  qos_specs: qosView(row, call),
  links: qosLinks(row.id, call),
});

const list: Handle = async ({ db }, call) => {
  const { rows, extra } = await listPage(db, qos, { visible: () => {} }, call);
  return ok({ qos_specs: rows.map((row) => qosView(row, call)), ...extra });
};

const create: Handle<{ qos_specs: operations.QosInput }> = async (service, call) =>
  ok(shown(await operations.createQos(service, call.body.qos_specs), call));

const show: Handle = async (service, call) => ok(shown(await find(service, call), call));

const update: Handle<{ qos_specs: Specs & { consumer?: Consumer } }> = async (service, call) => {
  await operations.setKeys(service, await find(service, call), call.body.qos_specs);
  return ok({ qos_specs: call.body.qos_specs });
};

const deleteKeys: Handle<{ keys: readonly string[] }> = async (service, call) => {
  await operations.removeKeys(service, await find(service, call), call.body.keys);
  return accepted();
};

const remove: Handle = async (service, call) => {
  await operations.deleteQos(service, await find(service, call), isTrue(call.query.force ?? 'false'));
  return accepted();
};

const associations: Handle = async (service, call) => {
  const types = await operations.listAssociations(service, await find(service, call));
  return ok({ qos_associations: types.map(({ id, name }) => ({ association_type: 'volume_type', id, name })) });
};

const ofType =
  (change: (service: Volumes, row: Qos, type: VolumeType) => Promise<unknown>): Handle =>
  async (service, call) => {
    const { vol_type_id: typeId } = call.query;
    if (!isSet(typeId)) throw badRequest('Volume Type id must not be None.');
    const row = await find(service, call);
    await change(service, row, await findType(service.db, call.caller, typeId));
    return accepted();
  };

const disassociateAll: Handle = async (service, call) => {
  await operations.disassociateAll(service, await find(service, call));
  return accepted();
};

const rule = 'volume_extension:qos_specs_manage';
const path = '/qos-specs';
const one = `${path}/:id`;

export const qosRoutes: Route<Volumes>[] = [
  { method: 'get', path, handler: list, rule: `${rule}:get_all` },
  { method: 'post', path, handler: create, rule: `${rule}:create` },
  { method: 'get', path: one, handler: show, rule: `${rule}:get` },
  { method: 'put', path: one, handler: update, rule: `${rule}:update` },
  { method: 'delete', path: one, handler: remove, rule: `${rule}:delete` },
  { method: 'put', path: `${one}/delete_keys`, handler: deleteKeys, rule: `${rule}:update` },
  { method: 'get', path: `${one}/associations`, handler: associations, rule: `${rule}:get_all` },
  { method: 'get', path: `${one}/associate`, handler: ofType(operations.associate), rule: `${rule}:update` },
  { method: 'get', path: `${one}/disassociate`, handler: ofType(operations.disassociate), rule: `${rule}:update` },
  { method: 'get', path: `${one}/disassociate_all`, handler: disassociateAll, rule: `${rule}:update` },
];
