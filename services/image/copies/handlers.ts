import { conflict, Fault, forbidden } from '#shared/errors/fault.ts';
import { type Handler, noContent } from '#shared/http/route.ts';
import { removeLocation } from '../bytes/remove.ts';
import type { Images } from '../context.ts';
import { enforce, getImageFor, getRequestedImage } from '../images/handlers.ts';
import { findImage, type Image, imageNotFound, lockImage } from '../images/store.ts';
import { type Location, locationsOf } from '../workflows/locations.ts';
import { deleteCopy, promoteCopy } from './store.ts';

/** Removes the data from one of several stores; when that was the primary one, another takes its place. */
export const deleteFromStore: Handler<Images, unknown, 'store' | 'id'> = async (images, call) => {
  const { store } = call.params;
  const requested = await getRequestedImage(images, call);
  for (const rule of ['get_image_location', 'delete_image_location']) enforce(call, rule, requested);
  if (!images.stores.names.includes(store))
    throw conflict(`The selected store ${store} is not available on this node.`);
  const { id } = requested;
  const removed = await images.db.transaction(async (tx) => {
    await lockImage(tx, id);
    const image = await findImage(tx, id);
    if (!image) throw imageNotFound(id);
    const location = locationIn(image, store);
    const ready = image.copies.filter(({ state }) => state === 'ready');
    const copy = ready.find((each) => each.store === store);
    const [next] = ready;
    if (copy) await deleteCopy(tx, copy);
    else if (next) await promoteCopy(tx, next);
    return location;
  });
  await removeLocation(images, id, removed);
  return noContent();
};

/** Throws 409, 403 and 404 as Glance does, in its order. */
function locationIn(image: Image, store: string): Location {
  if (image.status !== 'active')
    throw conflict("It's not allowed to remove image data from store if image status is not 'active'");
  const locations = locationsOf(image);
  if (locations.length === 1)
    throw forbidden('Cannot delete image data from the only store containing it. Consider deleting the image instead.');
  const found = locations.find((location) => location.store === store);
  if (found) return found;
  throw new Fault(404, 'notFound', `Image ${image.id} is not stored in store ${store}.`);
}

/** As a Glance without the store http: its other stores take no locations of clients, and ours none at all. */
export const addLocation: Handler<Images> = async (images, call) => {
  const { status } = await getImageFor(images, call, 'add_image_location');
  if (status !== 'queued') throw conflict(`It's not allowed to add locations if image status is ${status}.`);
  throw forbidden(
    'http store must be enabled to use location API by normal user. Upload the data, or import it by web-download.',
  );
};
