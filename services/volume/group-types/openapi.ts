import type { Json } from '#shared/api/document.ts';
import { extraSpecsPaths } from '#shared/resource/extra-specs.ts';
import { listPath, plainPaths } from '#shared/resource/routes.ts';
import { wholeRowSchema } from '#shared/resource/schema.ts';
import { pairsSchema } from '../attributes.ts';
import { groupTypeAttributes } from './resource.ts';

const row: Json = { $ref: '#/components/groupType' };
const { post, item } = plainPaths('group_type', groupTypeAttributes, row, { created: '202' });

export const groupTypes: Json = {
  list: { get: listPath('listGroupTypes', 'group_types', row), post },
  default: {
    get: { operationId: 'showDefaultGroupType', responses: { 404: { description: 'There is no default group type' } } },
  },
  item,
  ...extraSpecsPaths(pairsSchema, '202', { many: 'group_specs', added: '202' }),
  components: { groupType: wholeRowSchema(groupTypeAttributes) },
};
