import type { Json } from '#shared/api/document.ts';
import { listPath } from '#shared/resource/routes.ts';
import { jsonBody, jsonOf, wholeRowSchema } from '#shared/resource/schema.ts';
import { consumers, qos } from './resource.ts';

const row: Json = { $ref: '#/components/qos' };
const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const typeId: Json = [{ name: 'vol_type_id', in: 'query', schema: { type: 'string' } }];
const missing: Json = { description: 'Not found' };
const changed: Json = { 202: { description: 'Done' }, 400: { description: 'Invalid input' }, 404: missing };
const answer = jsonOf('The QoS specs', {
  type: 'object',
  required: ['qos_specs', 'links'],
  properties: { qos_specs: row, links: { type: 'array' } },
});

const specs = {
  type: 'object',
  propertyNames: { pattern: '^[a-zA-Z0-9-_:. ]{1,255}$' },
  additionalProperties: { type: 'string', maxLength: 255 },
};
const consumer: Json = { enum: [...consumers] };
const body = (schema: Json): Json =>
  jsonBody({ type: 'object', required: ['qos_specs'], additionalProperties: false, properties: { qos_specs: schema } });

const get = (operationId: string, responses: Json, more: Json = []): Json => ({
  parameters,
  get: { operationId, parameters: more, responses },
});

export const qosSpecs: Json = {
  list: {
    get: listPath('listQosSpecs', 'qos_specs', row),
    post: {
      operationId: 'createQosSpecs',
      requestBody: body({
        ...specs,
        required: ['name'],
        properties: { name: { type: 'string', pattern: '^.*\\S.*$', maxLength: 255 }, consumer },
      }),
      responses: { 200: answer, 400: { description: 'Invalid input' }, 409: { description: 'The name is taken' } },
    },
  },
  item: {
    parameters,
    get: { operationId: 'showQosSpecs', responses: { 200: answer, 404: missing } },
    put: {
      operationId: 'setKeysOfQosSpecs',
      requestBody: body({ ...specs, properties: { consumer } }),
      responses: {
        200: jsonOf('What was set', {
          type: 'object',
          required: ['qos_specs'],
          properties: { qos_specs: { type: 'object' } },
        }),
        404: missing,
      },
    },
    delete: {
      operationId: 'deleteQosSpecs',
      parameters: [{ name: 'force', in: 'query', schema: { type: 'string' } }],
      responses: changed,
    },
  },
  deleteKeys: {
    parameters,
    put: {
      operationId: 'deleteKeysOfQosSpecs',
      requestBody: jsonBody({
        type: 'object',
        required: ['keys'],
        additionalProperties: false,
        properties: { keys: { type: 'array', items: { type: 'string', maxLength: 255 } } },
      }),
      responses: changed,
    },
  },
  associations: get('listAssociationsOfQosSpecs', {
    200: jsonOf('The volume types', {
      type: 'object',
      required: ['qos_associations'],
      properties: { qos_associations: { type: 'array', items: { type: 'object' } } },
    }),
    404: missing,
  }),
  associate: get('associateQosSpecs', changed, typeId),
  disassociate: get('disassociateQosSpecs', changed, typeId),
  disassociateAll: get('disassociateAllOfQosSpecs', changed),
  components: { qos: wholeRowSchema(qos.attributes) },
};
