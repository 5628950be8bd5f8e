/** The attributes of images. All other names are properties, which are text. */
import { shortTime } from '#shared/api/times.ts';
import { badRequest, Fault, forbidden } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';
import type { Attributes, RowOf } from '#shared/resource/attribute.ts';
import type { Config } from '../config.ts';
import { statuses, visibilities } from './states.ts';
import { choice, flag, integer, label, text, texts, time } from './values.ts';

const both = ['create', 'update'] as const;
const optional = { set: both, nullable: true, default: null } as const;
const found = { filter: true } as const;
const off = { set: both, default: false, filter: true } as const;
const zero = { set: both, default: 0, filter: true } as const;
const listed = { filter: true, sort: true } as const;
export const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
/** As Glance publishes them; `killed` and `pending_delete` do not occur here. */
const published = ['queued', 'saving', 'active', 'killed', 'deleted', 'uploading', 'importing', 'pending_delete'];

export const attributes = {
  name: label({ ...optional, ...listed, max: 255, description: 'Descriptive name for the image' }),
  status: choice(statuses)({
    ...listed,
    input: { type: 'string', enum: [...published, 'deactivated'] },
    description: 'Status of the image',
  }),
  container_format: label({ ...optional, ...listed, description: 'Format of the container' }),
  disk_format: label({ ...optional, ...listed, description: 'Format of the disk' }),
  size: integer({ nullable: true, ...listed, description: 'Size of image file in bytes' }),
  id: label({
    set: ['create'],
    ...listed,
    input: { type: 'string', pattern: uuid },
    description: 'An identifier for the image',
  }),
  created_at: time({ ...listed, show: shortTime, description: 'Date and time of image registration' }),
  updated_at: time({ ...listed, show: shortTime, description: 'Date and time of the last image modification' }),
  visibility: choice(visibilities)({ set: both, default: 'shared', description: 'Scope of image accessibility' }),
  protected: flag({ column: 'isProtected', ...off, description: 'If true, image will not be deletable.' }),
  os_hidden: flag({ ...off, description: 'If true, image will not appear in default image list response.' }),
  checksum: text({ nullable: true, max: 32, ...found, description: 'md5 hash of image contents.' }),
  os_hash_algo: text({ nullable: true, max: 64, ...found, description: 'Algorithm to calculate the os_hash_value' }),
  os_hash_value: text({
    nullable: true,
    max: 128,
    ...found,
    description: 'Hexdigest of the image contents using the algorithm specified by the os_hash_algo',
  }),
  // Glance publishes 255, its column takes 64.
  owner: text({
    set: both,
    nullable: true,
    max: 64,
    ...found,
    input: { type: ['null', 'string'], maxLength: 255 },
    description: 'Owner of the image',
  }),
  virtual_size: integer({ nullable: true, ...found, description: 'Virtual size of image in bytes' }),
  tags: texts({ set: both, default: [], max: 255, description: 'List of strings related to the image' }),
  min_ram: integer({ ...zero, description: 'Amount of ram (in MB) required to boot image.' }),
  min_disk: integer({ ...zero, description: 'Amount of disk space (in GB) required to boot image.' }),
  direct_url: text({ column: null, hidden: true, description: 'URL to access the image file kept in external store' }),
  self: text({ column: 'id', show: (id: string) => `/v2/images/${id}`, description: 'An image self url' }),
  file: text({ column: 'id', show: (id: string) => `/v2/images/${id}/file`, description: 'An image file url' }),
  schema: text({ column: 'id', show: () => '/v2/schemas/image', description: 'An image schema url' }),
  stores: text({
    column: 'store',
    nullable: true,
    max: 64,
    show: (store: string | null) => store ?? undefined,
    description: 'Store in which image data resides. May be a comma-separated list of store identifiers.',
  }),
};

export type ImageAttributes = RowOf<typeof attributes>;
export const imageAttributes: Attributes = attributes;

const reserved = ['location', 'deleted', 'deleted_at', 'locations'];

/** Throws 403 for a name that clients may not set, 400 for one that is too long. */
export function checkName(name: string, verb: 'create' | 'update'): void {
  const attribute = own(imageAttributes, name);
  if (attribute && !attribute.options.set?.includes(verb)) throw forbidden(`Attribute '${name}' is read-only.`);
  if (reserved.includes(name) || name.startsWith('os_glance')) throw forbidden(`Attribute '${name}' is reserved.`);
  if (name.length > 255) throw badRequest('Custom property should not be greater than 255 characters.');
}

type Checked = Pick<ImageAttributes, 'tags' | 'diskFormat' | 'containerFormat'> & { readonly properties: object };

/** Checks of the whole image: number of properties and tags, known formats and their combination. */
export function checkImage(image: Checked, config: Config): void {
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
