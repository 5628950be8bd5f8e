/** Protocols, whose paths lie below that of their identity provider. */
import { badRequest } from '#shared/errors/fault.ts';
import { created, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import { listOf } from '../resources/view.ts';
import { identityProvider, mapping, protocol } from './resource.ts';
import { getProtocol } from './store.ts';

type One<B = never> = Handler<Identity, B, 'id' | 'protocolId'>;
type Sent = { readonly protocol: Body };

export const listProtocols: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id: idpId } = await identityProvider.rows.get(db, call.params.id);
  return listOf(call, protocol, await protocol.rows.list(db, { narrow: (query) => query.where({ idpId }) }));
};

export const showProtocol: One = async ({ db }, { params, base }) =>
  ok({ protocol: protocol.view(await getProtocol(db, params.id, params.protocolId), base) });

async function refuseUnknownMapping(db: Identity['db'], id: string): Promise<void> {
  if (!(await mapping.rows.find(db, { id }))) throw badRequest(`Invalid mapping id: ${id}`);
}

export const createProtocol: One<Sent> = async ({ db }, { params, body, base }) => {
  const { id: idpId, protocolId: id } = params;
  await identityProvider.rows.get(db, idpId);
  const row = { ...protocol.create(body.protocol), id, idpId };
  await refuseUnknownMapping(db, row.mappingId);
  await protocol.rows.insert(db, row);
  return created({ protocol: protocol.view(row, base) });
};

export const updateProtocol: One<Sent> = async ({ db }, { params, body, base }) => {
  const before = await getProtocol(db, params.id, params.protocolId);
  const change = protocol.change(body.protocol, before);
  if (change.mappingId !== undefined) await refuseUnknownMapping(db, change.mappingId);
  const { idpId, id } = before;
  if (Object.keys(change).length > 0) await protocol.rows.update(db, { idpId, id }, change);
  return ok({ protocol: protocol.view({ ...before, ...change }, base) });
};

export const deleteProtocol: One = async ({ db }, { params }) => {
  const { idpId, id } = await getProtocol(db, params.id, params.protocolId);
  await protocol.rows.remove(db, { idpId, id });
  return noContent();
};
