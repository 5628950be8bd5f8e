import { type Answer, type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { listScopesOf } from '../assignments/effective.ts';
import { limitedTo } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/people.ts';
import { readOwnToken } from '../tokens/read.ts';
import {
  changeProject,
  createProject as create,
  createDomain,
  deleteProject as drop,
  deleteDomain as dropDomain,
  type ProjectWish,
} from './operations.ts';
import { findDomain, findProject, findProjects, listProjects as list, listTags, type Project } from './store.ts';
import { fitsTags, treeView } from './tree.ts';
import { domainView, projectView } from './view.ts';

type View = (project: Project, tags: readonly string[], base: string) => unknown;

async function page(
  identity: Identity,
  call: Call<never>,
  name: string,
  projects: readonly Project[],
  view: View,
): Promise<Answer> {
  const tags = await listTags(
    identity.db,
    projects.map(({ id }) => id),
  );
  const fitting = projects.filter(({ id }) => fitsTags(tags.get(id) ?? [], call.query));
  const views = fitting.map((each) => view(each, tags.get(each.id) ?? [], call.base));
  return ok(limitedTo(identity, call, name, views));
}

async function single({ db }: Identity, { base }: Pick<Call, 'base'>, name: string, project: Project, view: View) {
  return { [name]: view(project, (await listTags(db, [project.id])).get(project.id) ?? [], base) };
}

const projectTarget = ({ id, domainId }: Project) => ({
  'target.project.id': id,
  'target.project.domain_id': domainId,
});
const domainTarget = ({ id }: Project) => ({ 'target.domain.id': id });

export const listProjects: Handler<Identity> = async (identity, call) => {
  const domain = call.queries.domain_id?.[0] ?? call.who.domainId;
  call.authorize('identity:list_projects', domain ? { 'target.domain_id': domain } : {});
  const inside = call.who.domainId && !call.queries.domain_id ? { domain_id: [call.who.domainId] } : {};
  const found = await list(identity.db, { ...call.queries, ...inside }, call.query.is_domain?.toLowerCase() === 'true');
  return page(identity, call, 'projects', found, projectView);
};

export const createProject: Handler<Identity, { project: ProjectWish }> = async (identity, call) => {
  const { project: wish } = call.body;
  const domain = wish.domain_id ?? call.who.domainId;
  call.authorize('identity:create_project', domain ? { 'target.project.domain_id': domain } : {});
  const project = await create(identity, call.who, wish);
  return created(await single(identity, call, 'project', project, projectView));
};

export const showProject: Handler<Identity> = async (identity, call) => {
  const project = await findProject(identity.db, call.params.id ?? '');
  call.authorize('identity:get_project', projectTarget(project));
  const { project: view } = await single(identity, call, 'project', project, projectView);
  return ok({ project: { ...(view as object), ...(await treeView(identity.db, project, call.query, call.base)) } });
};

export const updateProject: Handler<Identity, { project: ProjectWish }> = async (identity, call) => {
  const project = await findProject(identity.db, call.params.id ?? '');
  call.authorize('identity:update_project', projectTarget(project));
  return ok(
    await single(identity, call, 'project', await changeProject(identity, project, call.body.project), projectView),
  );
};

export const deleteProject: Handler<Identity> = async (identity, call) => {
  const project = await findProject(identity.db, call.params.id ?? '');
  call.authorize('identity:delete_project', projectTarget(project));
  await drop(identity, project.id);
  return gone();
};

export const listDomains: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.who;
  call.authorize('identity:list_domains', domainId ? { 'target.domain.id': domainId } : {});
  const found = await list(identity.db, call.queries, true);
  const visible = found.filter((domain) => call.may('identity:get_domain', domainTarget(domain)));
  return page(identity, call, 'domains', visible, domainView);
};

export const createDomainHandler: Handler<Identity, { domain: ProjectWish }> = async (identity, call) =>
  created(await single(identity, call, 'domain', await createDomain(identity, call.body.domain), domainView));

export const showDomain: Handler<Identity> = async (identity, call) => {
  const domain = await findDomain(identity.db, call.params.id ?? '');
  call.authorize('identity:get_domain', domainTarget(domain));
  return ok(await single(identity, call, 'domain', domain, domainView));
};

export const updateDomain: Handler<Identity, { domain: ProjectWish }> = async (identity, call) => {
  const domain = await findDomain(identity.db, call.params.id ?? '');
  return ok(
    await single(identity, call, 'domain', await changeProject(identity, domain, call.body.domain), domainView),
  );
};

export const deleteDomain: Handler<Identity> = async (identity, { params }) => {
  await dropDomain(identity, params.id ?? '');
  return gone();
};

/** Groups that another's word puts the caller in, for as long as the token lives. */
const groupsOfToken = async (identity: Identity, { who }: Call<never>): Promise<readonly string[]> =>
  (await readOwnToken(identity, who.token)).federated?.groups ?? [];

/** Where the caller may go: the projects with a role, and the domains. */
export const listOwnProjects: Handler<Identity> = async (identity, call) => {
  const { projects } = await listScopesOf(identity, call.who.userId, await groupsOfToken(identity, call));
  const open = (await findProjects(identity.db, projects)).filter(({ enabled }) => enabled);
  return page(identity, call, 'projects', open, projectView);
};

export const listOwnDomains: Handler<Identity> = async (identity, call) => {
  const { domains } = await listScopesOf(identity, call.who.userId, await groupsOfToken(identity, call));
  const open = (await findProjects(identity.db, domains)).filter(({ enabled }) => enabled);
  return page(identity, call, 'domains', open, domainView);
};

export const listOwnSystem: Handler<Identity> = async (identity, call) => {
  const { system } = await listScopesOf(identity, call.who.userId, await groupsOfToken(identity, call));
  return ok({ system: system ? [{ all: true }] : [], links: { self: `${call.base}/v3/auth/system` } });
};

export const listProjectsOfUser: Handler<Identity> = async (identity, call) => {
  const user = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:list_user_projects', { 'target.user.id': user.id, 'target.user.domain_id': user.domainId });
  const { projects } = await listScopesOf(identity, call.params.id ?? '');
  return page(identity, call, 'projects', await findProjects(identity.db, projects), projectView);
};
