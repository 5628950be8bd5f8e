import { badRequest } from '#shared/errors/fault.ts';
import { type Call, gone, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { onProject } from '../subjects/subjects.ts';
import { couldNotFind, listTags, type Project, replaceTags } from './store.ts';

const mostTags = 80;

const tagsOf = async ({ db }: Identity, { id }: Project): Promise<readonly string[]> =>
  (await listTags(db, [id])).get(id) ?? [];

const page = (tags: readonly string[], { base, params }: Pick<Call, 'base' | 'params'>) =>
  ok({ tags, links: { self: `${base}/v3/projects/${params.id}/tags` } });

function refuseInvalidTags(tags: readonly string[]): void {
  if (tags.length > mostTags) throw badRequest(`A project has ${mostTags} tags at most.`);
  const invalid = tags.find((tag) => tag.length === 0 || tag.length > 255 || /[,/]/.test(tag));
  if (invalid !== undefined) throw badRequest(`Invalid input for field 'tags': ${invalid} is no tag.`);
}

export const listProjectTags = onProject('identity:list_project_tags', async (identity, call, project) =>
  page(await tagsOf(identity, project), call),
);

export const putTags = onProject<{ tags: string[] }>(
  'identity:update_project_tags',
  async (identity, call, project) => {
    refuseInvalidTags(call.body.tags);
    await identity.db.transaction((tx) => replaceTags(tx, project.id, call.body.tags));
    return page(
      [...new Set(call.body.tags)].toSorted((a, b) => (a < b ? -1 : 1)),
      call,
    );
  },
);

export const deleteTags = onProject('identity:delete_project_tags', async (identity, _call, project) => {
  await identity.db.transaction((tx) => replaceTags(tx, project.id, []));
  return gone();
});

const missing = (tag: string) => couldNotFind('project tag', tag);

export const checkTag = onProject<unknown, 'tag'>(
  'identity:get_project_tag',
  async (identity, { params: { tag } }, project) => {
    if (!(await tagsOf(identity, project)).includes(tag)) throw missing(tag);
    return gone();
  },
);

export const putTag = onProject<unknown, 'tag'>('identity:create_project_tag', async (identity, call, project) => {
  const { tag } = call.params;
  const next = [...new Set([...(await tagsOf(identity, project)), tag])];
  refuseInvalidTags(next);
  await identity.db.transaction((tx) => replaceTags(tx, project.id, next));
  return {
    status: 201,
    headers: { location: `${call.base}/v3/projects/${project.id}/tags/${encodeURIComponent(tag)}` },
  };
});

export const deleteTag = onProject<unknown, 'tag'>(
  'identity:delete_project_tag',
  async (identity, { params: { tag } }, project) => {
    const tags = await tagsOf(identity, project);
    if (!tags.includes(tag)) throw missing(tag);
    const rest = tags.filter((each) => each !== tag);
    await identity.db.transaction((tx) => replaceTags(tx, project.id, rest));
    return gone();
  },
);
