/** Parents and subtree of a project, in the forms that a client can ask for. */
import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import type { Project } from './resource.ts';
import { listAncestors, listDescendants } from './store.ts';
import { projectView } from './view.ts';

type Query = Readonly<Record<string, string>>;
type Ids = { [id: string]: Ids } | null;

/** The query keys `parents_as_ids`, `subtree_as_list` … have no value. */
export async function treeView(
  db: Knex,
  project: Project,
  query: Query,
  base: string,
): Promise<Record<string, unknown>> {
  for (const what of ['parents', 'subtree'])
    if (`${what}_as_list` in query && `${what}_as_ids` in query)
      throw badRequest(`Cannot use ${what}_as_list and ${what}_as_ids query params at the same time.`);
  const isRequested = (...names: string[]) => names.some((name) => name in query);
  const above = isRequested('parents_as_list', 'parents_as_ids') ? (await listAncestors(db, project)).slice(1) : [];
  const below = isRequested('subtree_as_list', 'subtree_as_ids') ? await listDescendants(db, project.id) : [];
  const views = (projects: readonly Project[]) => projects.map((each) => ({ project: projectView(each, base) }));
  return {
    ...('parents_as_list' in query ? { parents: views(above) } : {}),
    ...('parents_as_ids' in query ? { parents: chainOf(above) } : {}),
    ...('subtree_as_list' in query ? { subtree: views(below) } : {}),
    ...('subtree_as_ids' in query ? { subtree: nestOf(below, project.id) } : {}),
  };
}

const chainOf = (above: readonly Project[]): Ids =>
  above.toReversed().reduce<Ids>((over, { id }) => ({ [id]: over }), null);

function nestOf(below: readonly Project[], id: string): Ids {
  const children = below.filter(({ parentId }) => parentId === id);
  return children.length === 0 ? null : Object.fromEntries(children.map((each) => [each.id, nestOf(below, each.id)]));
}
