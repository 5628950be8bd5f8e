import { isAdmin } from '#shared/auth/caller.ts';
import { Fault, forbidden } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { removeBytes } from '../bytes/remove.ts';
import type { Images } from '../context.ts';
import { changeImage, createImage, type ImageInput } from './operations.ts';
import { changesOf } from './patch.ts';
import { findImage, type Image, markDeleted, moveImage, noImage } from './store.ts';
import { imageTarget, imageView } from './view.ts';

type Judge = Pick<Call, 'may'>;

/** Glance's words for a rule that says no to somebody who may see the image. */
export function allow(call: Judge, rule: string, image: Image, memberId?: string | null): void {
  if (!call.may(rule, imageTarget(image, memberId)))
    throw forbidden(`You are not authorized to complete ${rule} action.`);
}

const allowVisibility = (call: Judge) => (image: Image) => {
  if (image.visibility === 'public') allow(call, 'publicize_image', image);
  if (image.visibility === 'community') allow(call, 'communitize_image', image);
};

export const findOwn = (images: Images, call: Pick<Call, 'caller' | 'params'>): Promise<Image> =>
  findImage(images.db, call.caller, call.params.id ?? '');

export const makeImage: Handler<Images, ImageInput> = async (images, call) => {
  const check = (image: Image) => {
    if (image.owner !== call.caller.projectId && !isAdmin(call.caller))
      throw forbidden(`You are not permitted to create images owned by '${image.owner}'`);
    allow(call, 'add_image', image);
    allowVisibility(call)(image);
  };
  const image = await createImage(images, call.caller, call.body, check);
  return created(imageView(image), {
    location: `${call.base}/v2/images/${image.id}`,
    'openstack-image-import-methods': 'glance-direct',
    'openstack-image-store-ids': 'file',
  });
};

export const showImage: Handler<Images> = async (images, call) => {
  const image = await findOwn(images, call);
  if (!call.may('get_image', imageTarget(image, call.caller.projectId))) throw noImage(image.id);
  return ok(imageView(image));
};

export const patchImage: Handler<Images, unknown> = async (images, call) => {
  const changes = changesOf(call.header('content-type') ?? '', call.body);
  const image = await findOwn(images, call);
  allow(call, 'modify_image', image);
  const mayGive = isAdmin(call.caller);
  return ok(imageView(await changeImage(images, image, changes, { visibility: allowVisibility(call), mayGive })));
};

export const deleteImage: Handler<Images> = async (images, call) => {
  const image = await findOwn(images, call);
  allow(call, 'delete_image', image);
  const refusal = `Image ${image.id} is protected and cannot be deleted.`;
  if (image.isProtected) throw forbidden(refusal);
  if (!(await images.db.transaction((tx) => markDeleted(tx, image.id)))) {
    await findOwn(images, call); // it went away meanwhile, or somebody protected it
    throw forbidden(refusal);
  }
  await removeBytes(images, image);
  return gone();
};

/** `/v2/images/` names an image without an id, and there is none. */
export function checkNoSlash({ url }: Pick<Call, 'url'>): void {
  if (url.split('?')[0]?.endsWith('/')) throw noImage('');
}

export const deleteNothing: Handler<Images> = async (_images, call) => {
  checkNoSlash(call);
  throw new Fault(405, 'badMethod', 'The method DELETE is not allowed for all images.', {
    headers: { allow: 'GET, POST' },
  });
};

/** Repeating it changes nothing, and from other states it is refused. */
const turn =
  (rule: 'deactivate' | 'reactivate', from: 'active' | 'deactivated', to: 'active' | 'deactivated'): Handler<Images> =>
  async (images, call) => {
    const image = await findOwn(images, call);
    allow(call, rule, image);
    if (await moveImage(images.db, image.id, [from], { status: to })) return gone();
    const { status } = await findOwn(images, call);
    if (status === to) return gone();
    throw forbidden(`Not allowed to ${rule} image in status '${status}'`);
  };

export const deactivateImage = turn('deactivate', 'active', 'deactivated');
export const reactivateImage = turn('reactivate', 'deactivated', 'active');
