import { type Handler, noContent, ok } from '#shared/http/route.ts';
import { endpoint } from '../catalog/resource.ts';
import type { Identity } from '../context.ts';
import { projectList } from '../projects/handlers.ts';
import { getProject } from '../projects/store.ts';
import { listOf } from '../resources/view.ts';
import { endpointGroup } from './resource.ts';
import { associations, listEndpointsOfGroup, listEndpointsOfProject, listGroupsOf } from './store.ts';

type Pair = Handler<Identity, unknown, 'id' | 'endpointId' | 'projectId'>;

/** The three handlers of an endpoint in a project: both must exist. */
const endpointVerb =
  (verb: 'ensure' | 'require' | 'remove'): Pair =>
  async ({ db }, { params: { id: projectId, endpointId } }) => {
    await getProject(db, projectId);
    await endpoint.rows.get(db, endpointId);
    await associations.endpoint[verb](db, projectId, endpointId);
    return noContent();
  };
export const addEndpoint = endpointVerb('ensure');
export const checkEndpoint = endpointVerb('require');
export const removeEndpoint = endpointVerb('remove');

/** The same of a group of endpoints. */
const groupVerb =
  (verb: 'ensure' | 'require' | 'remove'): Pair =>
  async ({ db }, { params: { id, projectId } }) => {
    await endpointGroup.rows.get(db, id);
    await getProject(db, projectId);
    await associations.group[verb](db, projectId, id);
    return verb === 'require'
      ? ok({ project_endpoint_group: { project_id: projectId, endpoint_group_id: id } })
      : noContent();
  };
export const addGroup = groupVerb('ensure');
export const showGroup = groupVerb('require');
export const removeGroup = groupVerb('remove');

export const listOfProject: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await getProject(db, call.params.id);
  return listOf(call, endpoint, (await listEndpointsOfProject(db, id)) ?? []);
};

export const listProjectsOfEndpoint: Handler<Identity, unknown, 'endpointId'> = async (identity, call) => {
  const { id } = await endpoint.rows.get(identity.db, call.params.endpointId);
  return projectList(identity, call, await associations.endpoint.listProjects(identity.db, id));
};

export const listProjectsOfGroup: Handler<Identity, unknown, 'id'> = async (identity, call) => {
  const { id } = await endpointGroup.rows.get(identity.db, call.params.id);
  return projectList(identity, call, await associations.group.listProjects(identity.db, id));
};

export const listOfGroup: Handler<Identity, unknown, 'id'> = async ({ db }, call) =>
  listOf(call, endpoint, await listEndpointsOfGroup(db, await endpointGroup.rows.get(db, call.params.id)));

export const listGroupsOfProject: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await getProject(db, call.params.id);
  return listOf(call, endpointGroup, await listGroupsOf(db, id));
};
