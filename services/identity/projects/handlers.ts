import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { listScopesOf } from '../assignments/effective.ts';
import { limitedCollection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { authorized } from '../subjects/authorized.ts';
import { isOtherDomain } from '../subjects/scope.ts';
import { domainSubject, onDomain, onProject, onUser } from '../subjects/subjects.ts';
import { verifyOwnToken } from '../tokens/verify.ts';
import {
  changeProject,
  createProject as create,
  createDomain,
  deleteProject as drop,
  deleteDomain as dropDomain,
  type ProjectInput,
} from './operations.ts';
import { listProjects as list, listProjectsById, listTags, type Project } from './store.ts';
import { matchesTags, treeView } from './tree.ts';
import { domainView, projectView } from './view.ts';

type View = (project: Project, tags: readonly string[], base: string) => unknown;

async function page(
  identity: Identity,
  call: Call,
  name: string,
  projects: readonly Project[],
  view: View,
): Promise<Answer> {
  const tags = await listTags(
    identity.db,
    projects.map(({ id }) => id),
  );
  const matching = projects.filter(({ id }) => matchesTags(tags.get(id) ?? [], call.query));
  const views = matching.map((each) => view(each, tags.get(each.id) ?? [], call.base));
  return ok(limitedCollection(identity, call, name, views));
}

async function single({ db }: Identity, { base }: Pick<Call, 'base'>, name: string, project: Project, view: View) {
  return { [name]: view(project, (await listTags(db, [project.id])).get(project.id) ?? [], base) };
}

export const listProjects: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  call.authorize('identity:list_projects', domainId ? { 'target.domain_id': domainId } : {});
  if (isOtherDomain(call.caller, call.query.domain_id)) return page(identity, call, 'projects', [], projectView);
  const ownDomain = domainId ? { domain_id: [domainId] } : {};
  const found = await list(
    identity.db,
    { ...call.queries, ...ownDomain },
    call.query.is_domain?.toLowerCase() === 'true',
  );
  return page(identity, call, 'projects', found, projectView);
};

export const createProject: Handler<Identity, { project: ProjectInput }> = async (identity, call) => {
  const { project: input } = call.body;
  const { domain_id: domain } = input;
  call.authorize('identity:create_project', domain ? { 'target.project.domain_id': domain } : {});
  const project = await create(identity, call.caller, input);
  return created(await single(identity, call, 'project', project, projectView));
};

export const showProject = onProject('identity:get_project', async (identity, call, project) => {
  const { project: view } = await single(identity, call, 'project', project, projectView);
  return ok({ project: { ...(view as object), ...(await treeView(identity.db, project, call.query, call.base)) } });
});

export const updateProject = onProject<{ project: ProjectInput }>(
  'identity:update_project',
  async (identity, call, project) =>
    ok(await single(identity, call, 'project', await changeProject(identity, project, call.body.project), projectView)),
);

export const deleteProject = onProject('identity:delete_project', async (identity, _call, project) => {
  await drop(identity, project.id);
  return gone();
});

export const listDomains: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  call.authorize('identity:list_domains', domainId ? { 'target.domain.id': domainId } : {});
  const ownDomain = domainId ? { id: [domainId] } : {};
  return page(identity, call, 'domains', await list(identity.db, { ...call.queries, ...ownDomain }, true), domainView);
};

export const createDomainHandler: Handler<Identity, { domain: ProjectInput }> = async (identity, call) =>
  created(await single(identity, call, 'domain', await createDomain(identity, call.body.domain), domainView));

export const showDomain = onDomain('identity:get_domain', async (identity, call, domain) =>
  ok(await single(identity, call, 'domain', domain, domainView)),
);

export const updateDomain = authorized<Project | undefined, Project, { domain: ProjectInput }>(
  { subject: domainSubject, rule: 'identity:update_domain', notFoundFirst: true },
  async (identity, call, domain) =>
    ok(await single(identity, call, 'domain', await changeProject(identity, domain, call.body.domain), domainView)),
);

export const deleteDomain = authorized(
  { subject: domainSubject, rule: 'identity:delete_domain', notFoundFirst: true },
  async (identity, _call, domain) => {
    await dropDomain(identity, domain.id);
    return gone();
  },
);

/** Groups that a federated login put the caller in, for the lifetime of the token. */
const groupsOfToken = async (identity: Identity, { caller }: Call): Promise<readonly string[]> =>
  (await verifyOwnToken(identity, caller.token)).federated?.groups ?? [];

/** The scopes that the caller may choose: projects and domains with a role. */
export const listOwnProjects: Handler<Identity> = async (identity, call) => {
  const { projects } = await listScopesOf(identity, call.caller.userId, await groupsOfToken(identity, call));
  const open = (await listProjectsById(identity.db, projects)).filter(({ enabled }) => enabled);
  return page(identity, call, 'projects', open, projectView);
};

export const listOwnDomains: Handler<Identity> = async (identity, call) => {
  const { domains } = await listScopesOf(identity, call.caller.userId, await groupsOfToken(identity, call));
  const open = (await listProjectsById(identity.db, domains)).filter(({ enabled }) => enabled);
  return page(identity, call, 'domains', open, domainView);
};

export const listOwnSystem: Handler<Identity> = async (identity, call) => {
  const { system } = await listScopesOf(identity, call.caller.userId, await groupsOfToken(identity, call));
  return ok({ system: system ? [{ all: true }] : [], links: { self: `${call.base}/v3/auth/system` } });
};

export const listProjectsOfUser = onUser('identity:list_user_projects', async (identity, call, { id }) => {
  const { projects } = await listScopesOf(identity, id);
  return page(identity, call, 'projects', await listProjectsById(identity.db, projects), projectView);
});
