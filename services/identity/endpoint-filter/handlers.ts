import { badRequest } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { getEntry, listEntries } from '../catalog/store.ts';
import { endpointView } from '../catalog/view.ts';
import { crudHandlers } from '../collection/crud-handlers.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { newId } from '../projects/operations.ts';
import { couldNotFind, getProject, listProjectsById, listTags } from '../projects/store.ts';
import { projectView } from '../projects/view.ts';
import {
  type EndpointGroup,
  endpointGroups,
  ensureEndpointAssociation,
  ensureGroupAssociation,
  forgetGroup,
  groupsOf,
  listEndpointAssociations,
  listGroupAssociations,
  matchesGroup,
  removeEndpointAssociation,
  removeGroupAssociation,
} from './store.ts';

const known = new Set(['service_id', 'region_id', 'interface', 'enabled']);

function filtersOf(filters: unknown): Readonly<Record<string, unknown>> {
  const given = (filters ?? {}) as Record<string, unknown>;
  const unknownKeys = Object.keys(given).filter((key) => !known.has(key));
  if (unknownKeys.length > 0) throw badRequest(`An endpoint group cannot filter by ${unknownKeys.join(', ')}.`);
  return given;
}

const view = ({ id, name, description, filters }: EndpointGroup, base: string) => ({
  id,
  name,
  description,
  filters,
  links: { self: `${base}/v3/OS-EP-FILTER/endpoint_groups/${id}` },
});

export const groupHandlers = crudHandlers<EndpointGroup>({
  records: endpointGroups,
  one: 'endpoint_group',
  many: 'endpoint_groups',
  view,
  make: async (_identity, input) => ({
    id: newId(),
    name: String(input.name),
    description: (input.description as string | undefined) ?? null,
    filters: filtersOf(input.filters),
  }),
  change: async (_identity, _group, input) => ({
    ...(input.name === undefined ? {} : { name: String(input.name) }),
    ...(input.description === undefined ? {} : { description: input.description as string }),
    ...(input.filters === undefined ? {} : { filters: filtersOf(input.filters) }),
  }),
  alsoRemove: (tx, { id }) => forgetGroup(tx, id),
});

const projectsPage = async ({ db }: Identity, call: Call, ids: readonly string[]) => {
  const projects = await listProjectsById(db, ids);
  const tags = await listTags(db, ids);
  return ok(
    collection(
      call,
      'projects',
      projects.map((each) => projectView(each, tags.get(each.id) ?? [], call.base)),
    ),
  );
};

/** /v3/OS-EP-FILTER/projects/:id/endpoints/:endpointId */
const associationOf = async ({ db }: Identity, { params }: Call<unknown, 'id' | 'endpointId'>) => {
  const project = await getProject(db, params.id);
  const endpoint = await getEntry(db, 'endpoints', params.endpointId);
  return { projectId: project.id, endpointId: endpoint.id };
};

export const addEndpoint: Handler<Identity> = async (identity, call) => {
  const associated = await associationOf(identity, call);
  await identity.db.transaction((tx) => ensureEndpointAssociation(tx, associated));
  return gone();
};

export const checkEndpoint: Handler<Identity> = async (identity, call) => {
  const associated = await associationOf(identity, call);
  if ((await listEndpointAssociations(identity.db, associated)).length === 0)
    throw couldNotFind('endpoint', associated.endpointId);
  return gone();
};

export const dropEndpoint: Handler<Identity> = async (identity, call) => {
  await removeEndpointAssociation(identity.db, await associationOf(identity, call));
  return gone();
};

/** Endpoints associated directly, and those of endpoint groups. */
export const listEndpointsOfProject: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id: projectId } = await getProject(db, call.params.id);
  const ids = new Set((await listEndpointAssociations(db, { projectId })).map(({ endpointId }) => endpointId));
  const groups = await groupsOf(db, projectId);
  const all = await listEntries(db, 'endpoints', {});
  const associated = all.filter(
    (endpoint) => ids.has(endpoint.id) || groups.some((group) => matchesGroup(group, endpoint)),
  );
  return ok(
    collection(
      call,
      'endpoints',
      associated.map((each) => endpointView(each, call.base)),
    ),
  );
};

export const listProjectsOfEndpoint: Handler<Identity, unknown, 'endpointId'> = async (identity, call) => {
  const endpoint = await getEntry(identity.db, 'endpoints', call.params.endpointId);
  const associated = await listEndpointAssociations(identity.db, { endpointId: endpoint.id });
  return projectsPage(
    identity,
    call,
    associated.map(({ projectId }) => projectId),
  );
};

/** /v3/OS-EP-FILTER/endpoint_groups/:id/projects/:projectId */
const groupAssociationOf = async ({ db }: Identity, { params }: Call<unknown, 'id' | 'projectId'>) => {
  const group = await endpointGroups.get(db, params.id);
  const project = await getProject(db, params.projectId);
  return { projectId: project.id, endpointGroupId: group.id };
};

export const addGroup: Handler<Identity> = async (identity, call) => {
  const associated = await groupAssociationOf(identity, call);
  await identity.db.transaction((tx) => ensureGroupAssociation(tx, associated));
  return gone();
};

export const showGroupAssociation: Handler<Identity> = async (identity, call) => {
  const associated = await groupAssociationOf(identity, call);
  if ((await listGroupAssociations(identity.db, associated)).length === 0)
    throw couldNotFind('endpoint group', associated.endpointGroupId);
  return ok({
    project_endpoint_group: { project_id: associated.projectId, endpoint_group_id: associated.endpointGroupId },
  });
};

export const dropGroup: Handler<Identity> = async (identity, call) => {
  await removeGroupAssociation(identity.db, await groupAssociationOf(identity, call));
  return gone();
};

export const listProjectsOfGroup: Handler<Identity, unknown, 'id'> = async (identity, call) => {
  const { id } = await endpointGroups.get(identity.db, call.params.id);
  const associated = await listGroupAssociations(identity.db, { endpointGroupId: id });
  return projectsPage(
    identity,
    call,
    associated.map(({ projectId }) => projectId),
  );
};

export const listEndpointsOfGroup: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const group = await endpointGroups.get(db, call.params.id);
  const inside = (await listEntries(db, 'endpoints', {})).filter((endpoint) => matchesGroup(group, endpoint));
  return ok(
    collection(
      call,
      'endpoints',
      inside.map((each) => endpointView(each, call.base)),
    ),
  );
};

export const listGroupsOfProject: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await getProject(db, call.params.id);
  const groups = await groupsOf(db, id);
  return ok(
    collection(
      call,
      'endpoint_groups',
      groups.map((each) => view(each, call.base)),
    ),
  );
};
