import type { Json } from '#shared/api/document.ts';
import { extraSpecsPaths } from '#shared/resource/extra-specs.ts';
import { projectAccessPaths } from '#shared/resource/project-access.ts';
import { plainPaths } from '#shared/resource/routes.ts';
import { jsonOf, rowSchema } from '#shared/resource/schema.ts';
import { pairsSchema } from '../attributes.ts';
import { typeAccessNames, typeAttributes } from './resource.ts';

const row: Json = { $ref: '#/components/type' };
const { post, item } = plainPaths('volume_type', typeAttributes, row);
const list = jsonOf('Volume types', {
  type: 'object',
  required: ['volume_types'],
  properties: { volume_types: { type: 'array', items: row } },
});

export const types: Json = {
  list: { get: { operationId: 'listTypes', responses: { 200: list } }, post },
  item,
  ...extraSpecsPaths(pairsSchema, '202'),
  ...projectAccessPaths(typeAccessNames, { 202: { description: 'Done' } }),
  components: {
    type: {
      ...rowSchema(typeAttributes),
      additionalProperties: false,
      required: ['id', 'name', 'is_public', 'description', 'extra_specs'],
    },
  },
};
