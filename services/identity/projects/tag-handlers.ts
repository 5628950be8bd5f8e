import { badRequest } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { absent, findProject, listTags, type Project, replaceTags } from './store.ts';

const mostTags = 80;

const targetOf = ({ id, domainId }: Project) => ({
  'target.project.id': id,
  'target.project.domain_id': domainId,
});

async function found({ db }: Identity, call: Call<unknown>, rule: string) {
  const project = await findProject(db, call.params.id ?? '');
  call.authorize(rule, targetOf(project));
  return { project, tags: (await listTags(db, [project.id])).get(project.id) ?? [] };
}

const page = (tags: readonly string[], { base, params }: Pick<Call, 'base' | 'params'>) =>
  ok({ tags, links: { self: `${base}/v3/projects/${params.id}/tags` } });

function refuseOdd(tags: readonly string[]): void {
  if (tags.length > mostTags) throw badRequest(`A project has ${mostTags} tags at most.`);
  const odd = tags.find((tag) => tag.length === 0 || tag.length > 255 || /[,/]/.test(tag));
  if (odd !== undefined) throw badRequest(`Invalid input for field 'tags': ${odd} is no tag.`);
}

export const listProjectTags: Handler<Identity> = async (identity, call) =>
  page((await found(identity, call, 'identity:list_project_tags')).tags, call);

export const putTags: Handler<Identity, { tags: string[] }> = async (identity, call) => {
  const { project } = await found(identity, call, 'identity:update_project_tags');
  refuseOdd(call.body.tags);
  await identity.db.transaction((tx) => replaceTags(tx, project.id, call.body.tags));
  return page(
    [...new Set(call.body.tags)].toSorted((a, b) => (a < b ? -1 : 1)),
    call,
  );
};

export const deleteTags: Handler<Identity> = async (identity, call) => {
  const { project } = await found(identity, call, 'identity:delete_project_tags');
  await identity.db.transaction((tx) => replaceTags(tx, project.id, []));
  return gone();
};

const missing = (tag: string) => absent('project tag', tag);

export const checkTag: Handler<Identity> = async (identity, call) => {
  const { tags } = await found(identity, call, 'identity:get_project_tag');
  if (!tags.includes(call.params.tag ?? '')) throw missing(call.params.tag ?? '');
  return gone();
};

export const putTag: Handler<Identity> = async (identity, call) => {
  const { project, tags } = await found(identity, call, 'identity:create_project_tag');
  const tag = call.params.tag ?? '';
  const next = [...new Set([...tags, tag])];
  refuseOdd(next);
  await identity.db.transaction((tx) => replaceTags(tx, project.id, next));
  return {
    status: 201,
    headers: { location: `${call.base}/v3/projects/${project.id}/tags/${encodeURIComponent(tag)}` },
  };
};

export const deleteTag: Handler<Identity> = async (identity, call) => {
  const { project, tags } = await found(identity, call, 'identity:delete_project_tag');
  const tag = call.params.tag ?? '';
  if (!tags.includes(tag)) throw missing(tag);
  await identity.db.transaction((tx) =>
    replaceTags(
      tx,
      project.id,
      tags.filter((each) => each !== tag),
    ),
  );
  return gone();
};
