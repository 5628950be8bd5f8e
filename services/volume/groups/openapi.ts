import type { Json } from '#shared/api/document.ts';
import { actionPath, listPath } from '#shared/resource/routes.ts';
import { jsonBody, jsonOf, rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { shown, summary } from './resource.ts';

const ref = (name: string): Json => ({ $ref: `#/components/${name}` });
const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const withVolumes: Json = [
  { name: 'list_volume', in: 'query', schema: { type: 'string' }, 'x-openstack': { 'min-ver': '3.25' } },
];
const text: Json = { type: ['string', 'null'], maxLength: 255 };
const uuid: Json = { type: 'string', format: 'uuid' };
const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input, or the group cannot be changed now' };
const names = { name: text, description: text };

const body = (one: string, required: Json, properties: { [name: string]: Json }): Json =>
  jsonBody({
    type: 'object',
    required: [one],
    additionalProperties: false,
    properties: { [one]: { type: 'object', required, additionalProperties: false, properties } },
  });
const answer = (row: Json): Json =>
  jsonOf('The group', { type: 'object', required: ['group'], properties: { group: row } });

export const groups: Json = {
  list: {
    get: listPath('listGroups', 'groups', ref('summary')),
    post: {
      operationId: 'createGroup',
      requestBody: body('group', ['group_type', 'volume_types'], {
        ...names,
        group_type: { type: 'string', minLength: 1, maxLength: 255 },
        volume_types: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string', maxLength: 255 } },
        availability_zone: text,
      }),
      responses: { 202: answer(ref('summary')), 400: invalid, 404: missing },
    },
  },
  detail: { get: listPath('listGroupsInDetail', 'groups', ref('group'), withVolumes) },
  copy: {
    post: {
      operationId: 'createGroupFromSource',
      requestBody: jsonBody({
        oneOf: [
          {
            type: 'object',
            required: ['create-from-src'],
            additionalProperties: false,
            properties: {
              'create-from-src': {
                type: 'object',
                additionalProperties: false,
                properties: { ...names, group_snapshot_id: uuid, source_group_id: uuid },
                oneOf: [{ required: ['group_snapshot_id'] }, { required: ['source_group_id'] }],
              },
            },
          },
        ],
      }),
      responses: { 202: answer(ref('summary')), 400: invalid, 404: missing },
    },
  },
  item: {
    parameters,
    get: { operationId: 'showGroup', parameters: withVolumes, responses: { 200: answer(ref('group')), 404: missing } },
    put: {
      operationId: 'updateGroup',
      requestBody: body('group', [], {
        ...names,
        add_volumes: { type: ['string', 'null'] },
        remove_volumes: { type: ['string', 'null'] },
      }),
      responses: { 202: { description: 'Changed' }, 400: invalid, 404: missing },
    },
  },
  action: actionPath('actOnGroup', {
    delete: { 'delete-volumes': { type: ['boolean', 'string'] } },
    reset_status: { status: { type: 'string', maxLength: 255 } },
  }),
  components: {
    summary: wholeRowSchema(summary),
    group: { ...rowSchema(shown), required: ['id', 'name', 'status', 'group_type', 'volume_types'] },
  },
};
