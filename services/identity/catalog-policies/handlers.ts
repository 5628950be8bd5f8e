import { type Call, type Handler, noContent, ok } from '#shared/http/route.ts';
import { endpoint, region, service } from '../catalog/resource.ts';
import type { Identity } from '../context.ts';
import { couldNotFind, newId } from '../resources/store.ts';
import { listOf } from '../resources/view.ts';
import { associations, type PolicyAssociation, policy } from './resource.ts';
import { listCovered, regionPath } from './store.ts';

/** The ids of the path, all of which must exist. */
async function targetOf({ db }: Identity, { params }: Pick<Call, 'params'>): Promise<Omit<PolicyAssociation, 'id'>> {
  const { id = '', endpointId = '', serviceId = '', regionId = '' } = params;
  await policy.rows.get(db, id);
  if (endpointId) await endpoint.rows.get(db, endpointId);
  if (serviceId) await service.rows.get(db, serviceId);
  if (regionId) await region.rows.get(db, regionId);
  return { policyId: id, endpointId, serviceId, regionId };
}

/** Replaces an earlier policy of the same target. */
export const putAssociation: Handler<Identity> = async (identity, call) => {
  const { policyId, ...where } = await targetOf(identity, call);
  await identity.db.transaction(async (tx) => {
    await associations.remove(tx, where);
    await associations.insert(tx, { id: newId(), policyId, ...where });
  });
  return noContent();
};

export const checkAssociation: Handler<Identity> = async (identity, call) => {
  const target = await targetOf(identity, call);
  if (!(await associations.find(identity.db, target))) throw couldNotFind('policy association', target.policyId);
  return noContent();
};

export const deleteAssociation: Handler<Identity> = async (identity, call) => {
  const target = await targetOf(identity, call);
  if (!(await associations.remove(identity.db, target))) throw couldNotFind('policy association', target.policyId);
  return noContent();
};

export const listEndpointsOfPolicy: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await policy.rows.get(db, call.params.id);
  return listOf(call, endpoint, await listCovered(db, id));
};

/**
 * The most specific association: of the endpoint, of its service in its region or an ancestor region, of its service.
 */
export const showPolicyOfEndpoint: Handler<Identity, unknown, 'endpointId'> = async ({ db }, { params, base }) => {
  const { id, serviceId, regionId: start } = await endpoint.rows.get(db, params.endpointId);
  const places = [...(await regionPath(db, start)), ''];
  const targets = [
    { endpointId: id, serviceId: '', regionId: '' },
    ...places.map((regionId) => ({ endpointId: '', serviceId, regionId })),
  ];
  for (const target of targets) {
    const found = await associations.find(db, target);
    if (found)
      return ok({
        policy: policy.view(await policy.rows.get(db, found.policyId), base),
        links: { self: `${base}/v3/endpoints/${id}/OS-ENDPOINT-POLICY/policy` },
      });
  }
  throw couldNotFind('policy association', id);
};
