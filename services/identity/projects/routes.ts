import { badRequest } from '#shared/errors/fault.ts';
import { checkedInHandler, type Route } from '#shared/http/route.ts';
import { tagRoutes } from '#shared/resource/tags.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { couldNotFind } from '../resources/store.ts';
import type { RuleName } from '../subjects/authorized.ts';
import { domainSubject, onProject, projectSubject } from '../subjects/subjects.ts';
import {
  listDomains,
  listOwnDomains,
  listOwnProjects,
  listOwnSystem,
  listProjects,
  listProjectsOfUser,
  showProject,
} from './handlers.ts';
import { changeProject, createDomain, createProject, deleteDomain, deleteProject } from './operations.ts';
import { domain, mostTags, project } from './resource.ts';
import { listTags, replaceTags } from './store.ts';
import { taggedViews } from './view.ts';

type Tags = readonly string[];
const sentTags = (body: { readonly tags?: unknown } | undefined) => body?.tags as Tags | undefined;
const sentId = (body: { readonly explicit_domain_id?: unknown } | undefined) =>
  body?.explicit_domain_id as string | undefined;

const projects = routesOf(project, {
  subject: projectSubject,
  targetOfNew: ({ domain_id: id }) => (typeof id === 'string' && id ? { 'target.project.domain_id': id } : {}),
  list: { handler: listProjects, rule: checkedInHandler('identity:list_projects') },
  create: (identity, input, { caller, body }) => createProject(identity, caller, input, sentTags(body.project)),
  show: showProject,
  update: (identity, row, change, { body }) => changeProject(identity, row, change, sentTags(body.project)),
  remove: deleteProject,
  views: (identity, rows, { base }) => taggedViews(identity, 'projects', rows, base),
});

const domains = routesOf(domain, {
  subject: domainSubject,
  notFoundFirst: ['update', 'delete'],
  list: { handler: listDomains, rule: checkedInHandler('identity:list_domains') },
  create: (identity, input, { body: { domain: sent } }) => {
    const id = sentId(sent);
    return createDomain(identity, input, { ...(id ? { id } : {}), tags: sentTags(sent) ?? [] });
  },
  update: (identity, row, change, { body }) => changeProject(identity, row, change, sentTags(body.domain)),
  remove: deleteDomain,
  views: (identity, rows, { base }) => taggedViews(identity, 'domains', rows, base),
});

function refuseInvalidTags(tags: Tags): void {
  if (tags.length > mostTags) throw badRequest(`A project has ${mostTags} tags at most.`);
  const invalid = tags.find((tag) => tag.length === 0 || tag.length > 255 || /[,/]/.test(tag));
  if (invalid !== undefined) throw badRequest(`Invalid input for field 'tags': ${invalid} is no tag.`);
}

const tagsOf = async ({ db }: Pick<Identity, 'db'>, id: string): Promise<Tags> =>
  (await listTags(db, [id])).get(id) ?? [];

const tags = tagRoutes<Identity>({
  path: '/v3/projects/:id/tags',
  rules: {
    list: 'identity:list_project_tags',
    replace: 'identity:update_project_tags',
    clear: 'identity:delete_project_tags',
    check: 'identity:get_project_tag',
    add: 'identity:create_project_tag',
    remove: 'identity:delete_project_tag',
  },
  read: (identity, { params }) => tagsOf(identity, params.id),
  change: ({ db }, { params: { id } }, _verb, edit) =>
    db.transaction(async (tx) => {
      await replaceTags(tx, id, edit(await tagsOf({ db: tx }, id)));
      return tagsOf({ db: tx }, id);
    }),
  missing: ({ params }) => couldNotFind('project tag', params.tag),
  checkAll: refuseInvalidTags,
  view: (all, { base, params }) => ({ tags: all, links: { self: `${base}/v3/projects/${params.id}/tags` } }),
  added: ({ base, params: { id, tag } }) => ({
    status: 201,
    headers: { location: `${base}/v3/projects/${id}/tags/${encodeURIComponent(tag)}` },
  }),
});

/** The project is found, and the rule checked with it, before the body is read. */
const withProject = ({ method, path, rule, handler }: Route<Identity>): Route<Identity> => ({
  method,
  path,
  ...onProject<never>(rule as RuleName, (identity, call) => handler(identity, call)),
});

const rule = (name: string) => `identity:${name}`;
const top = '/v3/OS-FEDERATION';

export const projectRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/auth/projects', handler: listOwnProjects, rule: rule('get_auth_projects') },
  { method: 'get', path: '/v3/auth/domains', handler: listOwnDomains, rule: rule('get_auth_domains') },
  { method: 'get', path: '/v3/auth/system', handler: listOwnSystem, rule: rule('get_auth_system') },
  { method: 'get', path: `${top}/projects`, handler: listOwnProjects, rule: rule('list_projects_for_user') },
  { method: 'get', path: `${top}/domains`, handler: listOwnDomains, rule: rule('list_domains_for_user') },
  { method: 'get', path: '/v3/users/:id/projects', ...listProjectsOfUser },
  ...projects,
  ...domains,
  ...tags.map(withProject),
];
