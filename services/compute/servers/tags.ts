import { badRequest, Fault } from '#shared/errors/fault.ts';
import { noContent } from '#shared/http/route.ts';
import { tagRoutes } from '#shared/resource/tags.ts';
import type { Compute } from '../context.ts';
import { serverOf, unlockedServer } from './find.ts';
import { changeServer, lockServer } from './store.ts';

const rule = 'os_compute_api:os-server-tags';

export const serverTags = tagRoutes<Compute>({
  path: '/v2.1/servers/:id/tags',
  rules: {
    list: `${rule}:index`,
    replace: `${rule}:update_all`,
    clear: `${rule}:delete_all`,
    check: `${rule}:show`,
    add: `${rule}:update`,
    remove: `${rule}:delete`,
  },
  since: '2.26',
  read: async (compute, call) => (await serverOf(compute, call)).tags,
  change: ({ db }, call, _verb, edit) =>
    db.transaction(async (tx) => {
      const { id } = call.params;
      await lockServer(tx, id);
      const { tags: before } = await unlockedServer({ db: tx }, call);
      const tags = edit(before);
      if (tags.join() !== before.join()) await changeServer(tx, id, { tags });
      return tags;
    }),
  missing: ({ params: { id, tag } }) => new Fault(404, 'notFound', `Server ${id} has no tag '${tag}'`),
  checkSent: (sent) => {
    const wrong = sent.find((tag) => tag === '' || tag.length > 60 || /[,/]/.test(tag));
    if (wrong !== undefined)
      throw badRequest(
        `Tag '${wrong}' is invalid. It must be a string without characters '/' and ','. Validation error message: a tag has 1 to 60 characters`,
      );
  },
  checkAll: ({ length }) => {
    if (length > 50) throw badRequest('The number of tags exceeded the per-server limit 50');
  },
  added: ({ base, params: { id, tag } }, isNew) =>
    isNew
      ? { status: 201, headers: { location: `${base}/v2.1/servers/${id}/tags/${encodeURIComponent(tag)}` } }
      : noContent(),
});
