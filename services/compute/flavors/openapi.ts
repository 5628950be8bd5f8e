import type { Json } from '#shared/api/document.ts';
import { extraSpecsPaths } from '#shared/resource/extra-specs.ts';
import { projectAccessPaths } from '#shared/resource/project-access.ts';
import { plainPaths } from '#shared/resource/routes.ts';
import { jsonOf, wholeRowSchema } from '#shared/resource/schema.ts';
import { briefOf } from '#shared/resource/view.ts';
import { flavorAccessNames, flavorAttributes } from './resource.ts';

const text: Json = { type: 'string' };
const query = (name: string, schema: Json = text): Json => ({ name, in: 'query', schema });
const parameters = [
  ...['limit', 'marker', 'is_public', 'minRam', 'minDisk', 'sort_key'].map((name) => query(name)),
  query('sort_dir', { enum: ['asc', 'desc'] }),
];
const listed = (item: Json): Json =>
  jsonOf('Flavors', { type: 'object', required: ['flavors'], properties: { flavors: { type: 'array', items: item } } });
const invalid: Json = { description: 'The filter is not valid' };
const specs = {
  type: 'object',
  additionalProperties: { type: ['string', 'number'], maxLength: 255 },
  propertyNames: { pattern: '^[a-zA-Z0-9_:. -]{1,255}$' },
};

const { post, item } = plainPaths('flavor', flavorAttributes, { $ref: '#/components/flavor' });

export const flavors: Json = {
  flavors: {
    get: {
      operationId: 'listFlavors',
      parameters,
      responses: { 200: listed({ $ref: '#/components/brief' }), 400: invalid },
    },
    post,
  },
  detail: {
    get: {
      operationId: 'listFlavorDetails',
      parameters,
      responses: { 200: listed({ $ref: '#/components/flavor' }), 400: invalid },
    },
  },
  flavor: item,
  ...extraSpecsPaths(specs, '200'),
  ...projectAccessPaths(flavorAccessNames, undefined),
  components: { flavor: wholeRowSchema(flavorAttributes), brief: wholeRowSchema(briefOf(flavorAttributes)) },
};
