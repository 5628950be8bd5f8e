/** Attribute names of images: read-only, reserved, base attributes; all others are properties. */
import { badRequest, Fault, forbidden } from '#shared/errors/fault.ts';
import type { Config } from '../config.ts';
import type { Image } from './store.ts';

/** Set only by the service. */
const readOnly = [
  ...['created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'direct_url', 'self', 'file', 'schema'],
  ...['os_hash_algo', 'os_hash_value', 'stores'],
];
const reserved = ['location', 'deleted', 'deleted_at', 'locations'];

/** Base attributes that callers may set, with their fields. All other names are properties. */
export const baseFields: Readonly<Record<string, keyof Image>> = {
  name: 'name',
  owner: 'owner',
  visibility: 'visibility',
  disk_format: 'diskFormat',
  container_format: 'containerFormat',
  min_disk: 'minDisk',
  min_ram: 'minRam',
  protected: 'isProtected',
  os_hidden: 'osHidden',
  tags: 'tags',
};

export function checkName(name: string): void {
  if (readOnly.includes(name)) throw forbidden(`Attribute '${name}' is read-only.`);
  if (reserved.includes(name) || name.startsWith('os_glance')) throw forbidden(`Attribute '${name}' is reserved.`);
  if (name.length > 255) throw badRequest('Custom property should not be greater than 255 characters.');
}

/** Checks of the whole image: number of properties and tags, known formats and their combination. */
export function checkImage(image: Image, config: Config): void {
  const count = Object.keys(image.properties).length;
  if (count > config.properties) throw tooMany('image properties', count, config.properties);
  if (image.tags.length > config.tags) throw tooMany('image tags', image.tags.length, config.tags);
  checkFormat('disk_format', image.diskFormat, config.diskFormats);
  checkFormat('container_format', image.containerFormat, config.containerFormats);
  const amazon = ['ami', 'ari', 'aki'];
  const { diskFormat: disk, containerFormat: container } = image;
  const oneOfThem = [disk, container].some((format) => format !== null && amazon.includes(format));
  if (oneOfThem && disk !== null && container !== null && disk !== container)
    throw badRequest(
      "Invalid mix of disk and container formats. When setting a disk or container format to one of 'aki', 'ari', or 'ami', the container and disk formats must match.",
    );
}

export const tooMany = (what: string, attempted: number, maximum: number) =>
  new Fault(
    413,
    'tooLarge',
    `The limit has been exceeded on the number of allowed ${what}. Attempted: ${attempted}, Maximum: ${maximum}`,
  );

function checkFormat(key: string, format: string | null, known: readonly string[]): void {
  if (format !== null && !known.includes(format))
    throw badRequest(
      `Provided object does not match schema 'image': '${format}' is not one of [${known.join(', ')}] for ${key}`,
    );
}
