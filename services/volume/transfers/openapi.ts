import type { Json } from '#shared/api/document.ts';
import { listPath, plainPaths } from '#shared/resource/routes.ts';
import { jsonBody, jsonOf, rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { shown, summary, transfer } from './resource.ts';

const ref = (name: string): Json => ({ $ref: `#/components/${name}` });
const { post, item } = plainPaths('transfer', transfer.attributes, ref('transfer'), { created: '202' });
const { put: _, ...unchangeable } = item;
const object = (properties: { [name: string]: Json }): Json => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});

export const transfers: Json = {
  list: { get: listPath('listTransfers', 'transfers', ref('summary')), post },
  detail: { get: listPath('listTransfersInDetail', 'transfers', ref('transfer')) },
  item: unchangeable,
  accept: {
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    post: {
      operationId: 'acceptTransfer',
      requestBody: jsonBody(object({ accept: object({ auth_key: { type: ['string', 'integer'] } }) })),
      responses: { 202: jsonOf("The volume is the caller's", object({ transfer: ref('summary') })) },
    },
  },
  components: {
    summary: wholeRowSchema(summary),
    transfer: { ...rowSchema(shown), required: Object.keys(summary) },
  },
};
