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

type Place = Omit<PolicyAssociation, 'id'>;

/** The path names all that is meant, and all of it must be there. */
async function placeOf({ db }: Identity, { params }: Pick<Call, 'params'>): Promise<Place> {
  const { id: policyId } = await policies.get(db, params.id ?? '');
  const { endpointId = '', serviceId = '', regionId = '' } = params;
  if (endpointId) await getEntry(db, 'endpoints', endpointId);
  if (serviceId) await getEntry(db, 'services', serviceId);
  if (regionId) await getEntry(db, 'regions', regionId);
  return { policyId, endpointId, serviceId, regionId };
}

/** A place has one policy: the newest counts. */
export const putAssociation: Handler<Identity> = async (identity, call) => {
  const { policyId, ...where } = await placeOf(identity, call);
  await identity.db.transaction(async (tx) => {
    await associations.remove(tx, where);
    await associations.insert(tx, { id: newId(), policyId, ...where });
  });
  return gone();
};

export const checkAssociation: Handler<Identity> = async (identity, call) => {
  const place = await placeOf(identity, call);
  if (!(await associations.find(identity.db, place))) throw couldNotFind('policy association', place.policyId);
  return gone();
};

export const deleteAssociation: Handler<Identity> = async (identity, call) => {
  const place = await placeOf(identity, call);
  if (!(await associations.remove(identity.db, place))) throw couldNotFind('policy association', place.policyId);
  return gone();
};

const covers = (association: PolicyAssociation, endpoint: Endpoint): boolean =>
  association.endpointId
    ? association.endpointId === endpoint.id
    : association.serviceId === endpoint.serviceId &&
      (!association.regionId || association.regionId === endpoint.regionId);

export const listEndpointsOfPolicy: Handler<Identity> = async ({ db }, call) => {
  const { id } = await policies.get(db, call.params.id ?? '');
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

/** The most particular one counts: of the endpoint, of its service in its region or one above, of its service. */
export const showPolicyOfEndpoint: Handler<Identity> = async ({ db }, { params, base }) => {
  const endpoint = await getEntry(db, 'endpoints', params.endpointId ?? '');
  const regions = await listEntries(db, 'regions', {});
  const line: string[] = [];
  for (let at = endpoint.regionId; at !== null && !line.includes(at); ) {
    line.push(at);
    at = regions.find(({ id }) => id === at)?.parentId ?? null;
  }
  const places = [
    { endpointId: endpoint.id, serviceId: '', regionId: '' },
    ...[...line, ''].map((regionId) => ({ endpointId: '', serviceId: endpoint.serviceId, regionId })),
  ];
  for (const place of places) {
    const found = await associations.find(db, place);
    if (found)
      return ok({
        policy: view(await policies.get(db, found.policyId), base),
        links: { self: `${base}/v3/endpoints/${endpoint.id}/OS-ENDPOINT-POLICY/policy` },
      });
  }
  throw couldNotFind('policy association', endpoint.id);
};
