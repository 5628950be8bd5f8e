/** The JSON schemas that Glance serves: clients read the base attributes and their values from them. */
import type { Json } from '#shared/api/document.ts';
import { sentAs } from '#shared/resource/schema.ts';
import type { Config } from '../config.ts';
import { listDocument } from '../definitions/schemas.ts';
import { imageAttributes, uuid } from '../images/attributes.ts';
import { memberStatuses } from '../members/store.ts';

const published = Object.entries(imageAttributes).map(([name, { type, options }]) => {
  const schema = { ...Object(sentAs({ type, options })), description: options.description };
  return [name, options.set ? schema : { ...schema, readOnly: true }] as const;
});

const imageProperties = ({ containerFormats, diskFormats }: Config) => {
  const properties = Object.fromEntries(published);
  return {
    ...properties,
    container_format: { ...properties.container_format, enum: [null, ...containerFormats] },
    disk_format: { ...properties.disk_format, enum: [null, ...diskFormats] },
    locations: {
      type: 'array',
      description: 'A set of URLs to access the image file kept in external store',
      items: {
        type: 'object',
        properties: { url: { type: 'string', maxLength: 255 }, metadata: { type: 'object' } },
        required: ['url', 'metadata'],
      },
    },
  };
};

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

export const imagesSchema = (config: Config) => listDocument('images', imageSchema(config) as Json);

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
      enum: memberStatuses,
    },
    updated_at: { type: 'string', description: 'Date and time of last modification of image member' },
  },
};

export const membersSchema = {
  name: 'members',
  properties: { members: { type: 'array', items: memberSchema }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
};

const text = { type: 'string' };
export const taskSchema = {
  name: 'task',
  properties: {
    id: { type: 'string', description: 'An identifier for the task', pattern: uuid },
    type: {
      type: 'string',
      description: 'The kind of the task',
      enum: ['import', 'api_image_import', 'location_import'],
    },
    status: {
      type: 'string',
      description: 'The state of the task',
      enum: ['pending', 'processing', 'success', 'failure'],
    },
    input: { type: ['null', 'object'], description: 'What the task was asked for' },
    result: { type: ['null', 'object'], description: 'What the task returned' },
    owner: { type: 'string', description: 'The project of the task' },
    message: { type: 'string', description: 'Why the task failed' },
    image_id: text,
    request_id: text,
    user_id: text,
    expires_at: { type: ['null', 'string'], description: 'When the task is forgotten' },
    created_at: text,
    updated_at: text,
    self: { type: 'string', readOnly: true },
    schema: { type: 'string', readOnly: true },
  },
};

export const tasksSchema = listDocument('tasks', taskSchema as Json);
