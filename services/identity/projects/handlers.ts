import { type Answer, type Call, type Handler, ok } from '#shared/http/route.ts';
import { listScopesOf } from '../assignments/effective.ts';
import type { Identity } from '../context.ts';
import type { Query } from '../resources/store.ts';
import { limitedListOf, maxItemsOf } from '../resources/view.ts';
import { isOtherDomain } from '../subjects/scope.ts';
import { onProject, onUser } from '../subjects/subjects.ts';
import { verifyOwnToken } from '../tokens/verify.ts';
import { domain, type Project } from './resource.ts';
import { listProjectsIn } from './store.ts';
import { treeView } from './tree.ts';
import { taggedViews } from './view.ts';

type Many = 'projects' | 'domains';

async function page(identity: Identity, call: Call, many: Many, rows: readonly Project[]): Promise<Answer> {
  const views = await taggedViews(identity, many, rows, call.base);
  return limitedListOf(identity, call, { many, view: (each: object) => each }, views);
}

export const projectList = (identity: Identity, call: Call, rows: readonly Project[]) =>
  page(identity, call, 'projects', rows);

/** Those that the filters of the query leave. */
const listFiltered = (identity: Identity, call: Call, isDomain: boolean, narrow: (query: Query) => unknown) =>
  domain.rows.list(identity.db, {
    filters: call.queries,
    narrow: (query) => narrow(query.where({ isDomain })),
    max: maxItemsOf(identity, call),
  });

export const listProjects: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  call.authorize('identity:list_projects', domainId ? { 'target.domain_id': domainId } : {});
  if (isOtherDomain(call.caller, call.query.domain_id)) return projectList(identity, call, []);
  const isDomain = call.query.is_domain?.toLowerCase() === 'true';
  const inDomain = (query: Query) => domainId && query.where({ domainId });
  return projectList(identity, call, await listFiltered(identity, call, isDomain, inDomain));
};

export const listDomains: Handler<Identity> = async (identity, call) => {
  const { domainId } = call.caller;
  call.authorize('identity:list_domains', domainId ? { 'target.domain.id': domainId } : {});
  const isOwn = (query: Query) => domainId && query.where({ id: domainId });
  return page(identity, call, 'domains', await listFiltered(identity, call, true, isOwn));
};

/** With its parents and its subtree, where the query asks for them. */
export const showProject = onProject('identity:get_project', async (identity, call, row) => {
  const [view] = await taggedViews(identity, 'projects', [row], call.base);
  return ok({ project: { ...view, ...(await treeView(identity.db, row, call.query, call.base)) } });
});

/** Where the caller has a role; groups of a federated login count for the lifetime of the token. */
const ownScopes = async (identity: Identity, { caller }: Call) => {
  const { federated } = await verifyOwnToken(identity, caller.token);
  return listScopesOf(identity, caller.userId, federated?.groups ?? []);
};

/** The scopes that the caller may choose. */
const listOwn =
  (many: Many): Handler<Identity> =>
  async (identity, call) => {
    const found = await listProjectsIn(identity.db, (await ownScopes(identity, call))[many]);
    return page(
      identity,
      call,
      many,
      found.filter(({ enabled }) => enabled),
    );
  };
export const listOwnProjects = listOwn('projects');
export const listOwnDomains = listOwn('domains');

export const listOwnSystem: Handler<Identity> = async (identity, call) => {
  const { system } = await ownScopes(identity, call);
  return ok({ system: system ? [{ all: true }] : [], links: { self: `${call.base}/v3/auth/system` } });
};

export const listProjectsOfUser = onUser('identity:list_user_projects', async (identity, call, { id }) => {
  const { projects } = await listScopesOf(identity, id);
  return projectList(identity, call, await listProjectsIn(identity.db, projects));
});
