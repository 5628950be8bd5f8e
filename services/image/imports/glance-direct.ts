/** Import by glance-direct: data that was staged, and checked then, becomes the image's; it is copied to the stores that lack it. */
import type { Knex } from 'knex';
import { conflict } from '#shared/errors/fault.ts';
import { activateStaged, beginImport } from '../bytes/store.ts';
import type { Config } from '../config.ts';
import type { Images } from '../context.ts';
import { beginCopies } from '../copies/begin.ts';
import { findImage, type Image, lockImage } from '../images/store.ts';
import { locationsOf } from '../workflows/locations.ts';
import { type ImportSpec, mustSucceed } from './request.ts';
import { insertImport } from './store.ts';

const notStaged = () => conflict("Image needs to be staged before 'glance-direct' method can be used");

export async function importStaged(images: Images, { id }: Image, spec: ImportSpec): Promise<void> {
  await images.db.transaction(async (tx) => {
    await lockImage(tx, id);
    const image = await findImage(tx, id);
    if (!image) throw notStaged();
    const [staged] = locationsOf(image);
    if (spec.stores.every((store) => store === staged?.store)) {
      if (!(await activateStaged(tx, image))) throw notStaged();
      await insertImport(tx, { ...spec.row, status: 'success' });
      return;
    }
    if (!(await beginImport(tx, image))) throw notStaged();
    await insertImport(tx, spec.row);
    await copyStaged(tx, images.config, image, spec);
  });
  images.wakeTasks();
}

/** The image is active when its staged data was copied. Must run in a transaction that has locked the image. */
export async function copyStaged(
  tx: Knex,
  config: Config,
  image: Image,
  { body, stores, row }: ImportSpec,
): Promise<void> {
  const [staged] = locationsOf(image);
  const isWanted = stores.some((store) => store === staged?.store);
  await beginCopies(tx, config, image, {
    imageId: image.id,
    importId: row.id,
    mustSucceed: mustSucceed(body),
    staged: isWanted ? 'keep' : 'leave',
    stores: stores.filter((store) => store !== staged?.store),
    requestId: row.requestId,
  });
}
