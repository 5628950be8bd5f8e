import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { type Endpoint, getEntry, listEntries } from '../catalog/store.ts';
import { endpointView } from '../catalog/view.ts';
import { crudHandlers } from '../collection/crud-handlers.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { couldNotFind } from '../projects/store.ts';
import { associations, type CatalogPolicy, type PolicyAssociation, policies } from './store.ts';

const fields = new Set(['id', 'type', 'blob', 'links']);
const blobOf = (blob: unknown): string => (typeof blob === 'string' ? blob : JSON.stringify(blob));

const view = ({ id, type, blob, extra }: CatalogPolicy, base: string) => ({
  ...extra,
  id,
  type,
  blob,
  links: { self: `${base}/v3/policies/${id}` },
});

export const policyHandlers = crudHandlers<CatalogPolicy>({
  records: policies,
  one: 'policy',
  many: 'policies',
  view,
  make: async (_identity, input) => ({
    id: newId(),
    type: String(input.type),
    blob: blobOf(input.blob),
    extra: extraOf(input, fields),
  }),
  change: async (_identity, { extra }, input) => ({
    ...(input.type === undefined ? {} : { type: String(input.type) }),
    ...(input.blob === undefined ? {} : { blob: blobOf(input.blob) }),
    extra: { ...extra, ...extraOf(input, fields) },
  }),
  alsoRemove: (tx, { id }) => associations.remove(tx, { policyId: id }),
});

type AssociationTarget = Omit<PolicyAssociation, 'id'>;

/** The ids of the path, all of which must exist. */
async function targetOf({ db }: Identity, { params }: Call): Promise<AssociationTarget> {
  const { id = '', endpointId = '', serviceId = '', regionId = '' } = params;
  const { id: policyId } = await policies.get(db, id);
  if (endpointId) await getEntry(db, 'endpoints', endpointId);
  if (serviceId) await getEntry(db, 'services', serviceId);
  if (regionId) await getEntry(db, 'regions', regionId);
  return { policyId, endpointId, serviceId, regionId };
}

/** Replaces an earlier policy of the same target. */
export const putAssociation: Handler<Identity> = async (identity, call) => {
  const { policyId, ...where } = await targetOf(identity, call);
  await identity.db.transaction(async (tx) => {
    await associations.remove(tx, where);
    await associations.insert(tx, { id: newId(), policyId, ...where });
  });
  return gone();
};

export const checkAssociation: Handler<Identity> = async (identity, call) => {
  const target = await targetOf(identity, call);
  if (!(await associations.find(identity.db, target))) throw couldNotFind('policy association', target.policyId);
  return gone();
};

export const deleteAssociation: Handler<Identity> = async (identity, call) => {
  const target = await targetOf(identity, call);
  if (!(await associations.remove(identity.db, target))) throw couldNotFind('policy association', target.policyId);
  return gone();
};

const covers = (association: PolicyAssociation, endpoint: Endpoint): boolean =>
  association.endpointId
    ? association.endpointId === endpoint.id
    : association.serviceId === endpoint.serviceId &&
      (!association.regionId || association.regionId === endpoint.regionId);

export const listEndpointsOfPolicy: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await policies.get(db, call.params.id);
  const own = await associations.listWhere(db, { policyId: id });
  const endpoints = await listEntries(db, 'endpoints', {});
  const covered = endpoints.filter((endpoint) => own.some((association) => covers(association, endpoint)));
  return ok(
    collection(
      call,
      'endpoints',
      covered.map((each) => endpointView(each, call.base)),
    ),
  );
};

/**
 * The most specific association: of the endpoint, of its service in its region or an ancestor region, of its service.
 */
export const showPolicyOfEndpoint: Handler<Identity, unknown, 'endpointId'> = async ({ db }, { params, base }) => {
  const endpoint = await getEntry(db, 'endpoints', params.endpointId);
  const regions = await listEntries(db, 'regions', {});
  const regionPath: string[] = [];
  for (let at = endpoint.regionId; at !== null && !regionPath.includes(at); ) {
    regionPath.push(at);
    at = regions.find(({ id }) => id === at)?.parentId ?? null;
  }
  const targets = [
    { endpointId: endpoint.id, serviceId: '', regionId: '' },
    ...[...regionPath, ''].map((regionId) => ({ endpointId: '', serviceId: endpoint.serviceId, regionId })),
  ];
  for (const target of targets) {
    const found = await associations.find(db, target);
    if (found)
      return ok({
        policy: view(await policies.get(db, found.policyId), base),
        links: { self: `${base}/v3/endpoints/${endpoint.id}/OS-ENDPOINT-POLICY/policy` },
      });
  }
  throw couldNotFind('policy association', endpoint.id);
};
