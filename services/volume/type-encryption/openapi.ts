import type { Json } from '#shared/api/document.ts';
import { bodySchema, jsonBody, jsonOf, rowSchema, wholeRowSchema } from '#shared/resource/schema.ts';
import { bodies, typeEncryptionAttributes, written } from './resource.ts';

const wrap = (schema: Json): Json => ({
  type: 'object',
  required: ['encryption'],
  additionalProperties: false,
  properties: { encryption: schema },
});
const parameter = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const missing: Json = { description: 'There is no such type, or it has no encryption' };
const refused: Json = { description: 'Invalid input, or there are volumes of the type' };

export const typeEncryption: Json = {
  list: {
    parameters: [parameter('id')],
    get: {
      operationId: 'showTypeEncryption',
      responses: {
        200: jsonOf('The encryption; an empty object where there is none', {
          ...rowSchema(typeEncryptionAttributes),
          additionalProperties: false,
        }),
        404: missing,
      },
    },
    post: {
      operationId: 'createTypeEncryption',
      requestBody: jsonBody(wrap(bodySchema(bodies, 'create'))),
      responses: { 200: jsonOf('The encryption', wrap(wholeRowSchema(written))), 400: refused, 404: missing },
    },
  },
  item: {
    parameters: [parameter('id'), parameter('key')],
    get: {
      operationId: 'showTypeEncryptionItem',
      responses: { 200: jsonOf('One attribute by its name', { type: 'object', maxProperties: 1 }), 404: missing },
    },
    put: {
      operationId: 'updateTypeEncryption',
      requestBody: jsonBody(wrap(bodySchema(bodies, 'update'))),
      responses: { 200: jsonOf('What was set', wrap({ type: 'object' })), 400: refused, 404: missing },
    },
    delete: {
      operationId: 'deleteTypeEncryption',
      responses: { 202: { description: 'Volumes of the type are not encrypted' }, 400: refused, 404: missing },
    },
  },
};
