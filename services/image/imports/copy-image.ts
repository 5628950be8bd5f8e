/** Import by copy-image: the data of an active image is copied to further stores. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Images } from '../context.ts';
import { beginCopies } from '../copies/begin.ts';
import { findImage, type Image, imageNotFound, lockImage } from '../images/store.ts';
import { locationsOf } from '../workflows/locations.ts';
import { checkReady, type ImportSpec, mustSucceed } from './request.ts';
import { insertImport } from './store.ts';

/** With `all_stores` those that have the image are left out; named, they are refused with 400. */
export async function importCopies(images: Images, { id }: Image, { body, stores, row }: ImportSpec): Promise<void> {
  const { db, config } = images;
  await db.transaction(async (tx) => {
    await lockImage(tx, id);
    const image = await findImage(tx, id);
    if (!image) throw imageNotFound(id);
    checkReady(image, 'copy-image');
    const present = locationsOf(image).map(({ store }) => store);
    const wanted = (stores.length > 0 ? stores : [images.stores.usual]).filter((store) => !present.includes(store));
    const twice = present.find((store) => stores.includes(store) || stores.length === 0);
    if (!body.all_stores && twice !== undefined) throw badRequest(`Image is already present at store '${twice}'`);
    if (wanted.length === 0) return;
    await insertImport(tx, { ...row, stores: JSON.stringify(wanted) });
    const params = { imageId: id, importId: row.id, mustSucceed: mustSucceed(body), staged: null };
    await beginCopies(tx, config, image, { ...params, stores: wanted, requestId: row.requestId });
  });
  images.wakeTasks();
}
