import { badRequest, Fault } from '#shared/errors/fault.ts';
import { checkedInHandler, noContent } from '#shared/http/route.ts';
import { tagRoutes } from '#shared/resource/tags.ts';
import type { Images } from '../context.ts';
import { getImageFor, getRequestedImage } from '../images/handlers.ts';
import { changeImage } from '../images/operations.ts';

/** Adds and removes one tag. */
export const tagsOfImages = tagRoutes<Images>({
  path: '/v2/images/:id/tags',
  rules: { add: checkedInHandler('modify_image'), remove: checkedInHandler('modify_image') },
  read: async (images, call) => (await getRequestedImage(images, call)).tags,
  change: async (images, call, _verb, edit) => {
    const { id } = await getImageFor(images, call, 'modify_image');
    const { tags } = await changeImage(images, id, (before) => ({ ...before, tags: edit(before.tags) }));
    return tags;
  },
  missing: ({ params: { id, tag } }) => new Fault(404, 'notFound', `Tag ${tag} of image ${id} could not be found.`),
  checkSent: (tags) => {
    if (tags.some((tag) => tag.length > 255))
      throw badRequest('Provided object does not match schema: a tag has at most 255 characters');
  },
  added: () => noContent(),
});
