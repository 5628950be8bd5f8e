import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { enforce, getRequestedImage } from '../images/handlers.ts';
import { changeImage } from '../images/operations.ts';
import type { Image } from '../images/store.ts';

/** Changes the list of tags, under the lock of the image. */
async function change(images: Images, call: Call, tags: (before: Image) => readonly string[]) {
  const image = await getRequestedImage(images, call);
  enforce(call, 'modify_image', image);
  const value = tags(image);
  const input = { op: 'replace', name: 'tags', value, mayOverwrite: true } as const;
  await changeImage(images, image, [input], { visibility: () => {}, mayChangeOwner: isAdmin(call.caller) });
  return gone();
}

export const addTag: Handler<Images, unknown, 'tag'> = async (images, call) => {
  const { tag } = call.params;
  if (tag.length > 255) throw badRequest('Provided object does not match schema: a tag has at most 255 characters');
  return change(images, call, ({ tags }) => [...new Set([...tags, tag])]);
};

export const removeTag: Handler<Images, unknown, 'tag'> = async (images, call) => {
  const { tag } = call.params;
  return change(images, call, ({ id, tags }) => {
    if (!tags.includes(tag)) throw new Fault(404, 'notFound', `Tag ${tag} of image ${id} could not be found.`);
    return tags.filter((each) => each !== tag);
  });
};
