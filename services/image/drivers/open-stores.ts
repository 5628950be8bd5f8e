import type { Session } from '#shared/clients/session.ts';
import { BadSettings } from '#shared/config/settings.ts';
import type { Config } from '../config.ts';
import { openImageFiles } from './file.ts';
import type { ImageBytes } from './image-bytes.ts';
import { objectStoreImages } from './object-store.ts';
import { type Stores, storesOf } from './stores.ts';

/** The stores of the settings. Throws BadSettings for a name that is none. */
export async function openStores(
  { stores, directory, reserveMb }: Pick<Config, 'stores' | 'directory' | 'reserveMb'>,
  usualDirectory: string,
  session: Session,
): Promise<Stores> {
  const opened = await Promise.all(
    stores.map(async (name): Promise<[string, ImageBytes]> => {
      if (name === 'object-store') return [name, objectStoreImages(session)];
      if (name === 'file') return [name, await openImageFiles(directory || usualDirectory, reserveMb)];
      throw new BadSettings(`image.stores: ${name} is no store; stores are file and object-store`);
    }),
  );
  if (opened.length === 0) throw new BadSettings('image.stores: name at least one store, file or object-store');
  return storesOf(Object.fromEntries(opened));
}
