/** The JSON schemas that Glance serves: clients read the base attributes and their values from them. */
import type { Config } from '../config.ts';

const readOnly = (type: unknown, description: string, more: object = {}) => ({
  type,
  readOnly: true,
  description,
  ...more,
});
const text = ['null', 'string'];
const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

const imageProperties = (config: Config) => ({
  id: { type: 'string', description: 'An identifier for the image', pattern: uuid },
  name: { type: text, description: 'Descriptive name for the image', maxLength: 255 },
  status: readOnly('string', 'Status of the image', {
    enum: [
      'queued',
      'saving',
      'active',
      'killed',
      'deleted',
      'uploading',
      'importing',
      'pending_delete',
      'deactivated',
    ],
  }),
  visibility: {
    type: 'string',
    description: 'Scope of image accessibility',
    enum: ['community', 'public', 'private', 'shared'],
  },
  protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
  os_hidden: { type: 'boolean', description: 'If true, image will not appear in default image list response.' },
  checksum: readOnly(text, 'md5 hash of image contents.', { maxLength: 32 }),
  os_hash_algo: readOnly(text, 'Algorithm to calculate the os_hash_value', { maxLength: 64 }),
  os_hash_value: readOnly(text, 'Hexdigest of the image contents using the algorithm specified by the os_hash_algo', {
    maxLength: 128,
  }),
  owner: { type: text, description: 'Owner of the image', maxLength: 255 },
  size: readOnly(['null', 'integer'], 'Size of image file in bytes'),
  virtual_size: readOnly(['null', 'integer'], 'Virtual size of image in bytes'),
  container_format: { type: text, description: 'Format of the container', enum: [null, ...config.containerFormats] },
  disk_format: { type: text, description: 'Format of the disk', enum: [null, ...config.diskFormats] },
  created_at: readOnly('string', 'Date and time of image registration'),
  updated_at: readOnly('string', 'Date and time of the last image modification'),
  tags: {
    type: 'array',
    description: 'List of strings related to the image',
    items: { type: 'string', maxLength: 255 },
  },
  direct_url: readOnly('string', 'URL to access the image file kept in external store'),
  min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
  min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
  self: readOnly('string', 'An image self url'),
  file: readOnly('string', 'An image file url'),
  stores: readOnly('string', 'Store in which image data resides. May be a comma-separated list of store identifiers.'),
  schema: readOnly('string', 'An image schema url'),
  locations: {
    type: 'array',
    description: 'A set of URLs to access the image file kept in external store',
    items: {
      type: 'object',
      properties: { url: { type: 'string', maxLength: 255 }, metadata: { type: 'object' } },
      required: ['url', 'metadata'],
    },
  },
});

export const imageSchema = (config: Config) => ({
  name: 'image',
  properties: imageProperties(config),
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
});

export const imagesSchema = (config: Config) => ({
  name: 'images',
  properties: {
    images: { type: 'array', items: imageSchema(config) },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
});

export const memberSchema = {
  name: 'member',
  properties: {
    created_at: { type: 'string', description: 'Date and time of image member creation' },
    image_id: { type: 'string', description: 'An identifier for the image', pattern: uuid },
    member_id: { type: 'string', description: 'An identifier for the image member (tenantId)' },
    schema: { type: 'string', readOnly: true },
    status: {
      type: 'string',
      description: 'The status of this image member',
      enum: ['pending', 'accepted', 'rejected'],
    },
    updated_at: { type: 'string', description: 'Date and time of last modification of image member' },
  },
};

export const membersSchema = {
  name: 'members',
  properties: { members: { type: 'array', items: memberSchema }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
};
