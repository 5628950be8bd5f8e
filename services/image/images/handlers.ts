import { Fault, forbidden } from '#shared/errors/fault.ts';
import { type Call, created, type Handler, noContent, ok } from '#shared/http/route.ts';
import { removeBytes } from '../bytes/remove.ts';
import type { Images } from '../context.ts';
import { importMethods } from '../imports/methods.ts';
import { changeImage, createImage as create, type ImageInput, patched } from './operations.ts';
import { changesOf } from './patch.ts';
import { getImage, type Image, imageNotFound, markDeleted, updateImageStatus } from './store.ts';
import { imageTarget, imageView } from './view.ts';

type Enforcer = Pick<Call, 'may'>;

/** Throws 403 with Glance's message when the rule denies access to a visible image. */
export function enforce(call: Enforcer, rule: string, image: Image, memberId?: string | null): void {
  if (!call.may(rule, imageTarget(image, memberId)))
    throw forbidden(`You are not authorized to complete ${rule} action.`);
}

/** Throws 403 unless the caller may give the image its visibility. */
function enforceVisibility(call: Enforcer, image: Image): void {
  if (image.visibility === 'public') enforce(call, 'publicize_image', image);
  if (image.visibility === 'community') enforce(call, 'communitize_image', image);
}

export const getRequestedImage = (
  images: Images,
  call: Pick<Call<unknown, 'id'>, 'caller' | 'params'>,
): Promise<Image> => getImage(images.db, call.caller, call.params.id);

/** The image that the path names, for which the caller passes the rule. */
export async function getImageFor(
  images: Images,
  call: Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'may'>,
  rule: string,
  memberId?: string | null,
): Promise<Image> {
  const image = await getRequestedImage(images, call);
  enforce(call, rule, image, memberId);
  return image;
}

export const createImage: Handler<Images, ImageInput> = async (images, call) => {
  const check = (image: Image) => {
    if (image.owner !== call.caller.projectId && !call.may('context_is_admin'))
      throw forbidden(`You are not permitted to create images owned by '${image.owner}'`);
    enforce(call, 'add_image', image);
    enforceVisibility(call, image);
  };
  const image = await create(images, call.caller, call.body, check);
  return created(imageView(image, call), {
    location: `${call.base}/v2/images/${image.id}`,
    'openstack-image-import-methods': importMethods.join(','),
    'openstack-image-store-ids': images.stores.names.join(','),
  });
};

export const showImage: Handler<Images> = async (images, call) => {
  const image = await getRequestedImage(images, call);
  if (!call.may('get_image', imageTarget(image, call.caller.projectId))) throw imageNotFound(image.id);
  return ok(imageView(image, call));
};

export const patchImage: Handler<Images, unknown> = async (images, call) => {
  const changes = changesOf(call.header('content-type') ?? '', call.body);
  const { id } = await getImageFor(images, call, 'modify_image');
  const patch = patched(images.config, changes, call.may('context_is_admin'));
  const changed = await changeImage(images, id, (before) => {
    const after = patch(before);
    if (after.visibility !== before.visibility) enforceVisibility(call, after);
    return after;
  });
  return ok(imageView(changed, call));
};

export const deleteImage: Handler<Images> = async (images, call) => {
  const image = await getImageFor(images, call, 'delete_image');
  const refusal = `Image ${image.id} is protected and cannot be deleted.`;
  if (image.isProtected) throw forbidden(refusal);
  if (!(await images.db.transaction((tx) => markDeleted(tx, image.id)))) {
    await getRequestedImage(images, call); // deleted or protected meanwhile
    throw forbidden(refusal);
  }
  await removeBytes(images, image);
  return noContent();
};

/** Throws 404 for `/v2/images/`, which names an image with an empty id. */
export function checkNoSlash({ url }: Pick<Call, 'url'>): void {
  if (url.split('?')[0]?.endsWith('/')) throw imageNotFound('');
}

export const refuseDeleteAll: Handler<Images> = async (_images, call) => {
  checkNoSlash(call);
  throw new Fault(405, 'badMethod', 'The method DELETE is not allowed for all images.', {
    headers: { allow: 'GET, POST' },
  });
};

/** Idempotent; refused from other statuses. */
const changeStatus =
  (rule: 'deactivate' | 'reactivate', from: 'active' | 'deactivated', to: 'active' | 'deactivated'): Handler<Images> =>
  async (images, call) => {
    const { id } = await getImageFor(images, call, rule);
    if (await updateImageStatus(images.db, id, [from], { status: to })) return noContent();
    const { status } = await getRequestedImage(images, call);
    if (status === to) return noContent();
    throw forbidden(`Not allowed to ${rule} image in status '${status}'`);
  };

export const deactivateImage = changeStatus('deactivate', 'active', 'deactivated');
export const reactivateImage = changeStatus('reactivate', 'deactivated', 'active');
