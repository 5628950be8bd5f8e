import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';

const object = (properties: { [name: string]: Json }): Json => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});
const text: Json = { type: 'string' };
const row = object({ project_id: text, volume_type_id: text });
const answer = jsonOf('The default type of the project', object({ default_type: row }));
const missing: Json = { description: 'The project has no default type' };

export const defaultTypes: Json = {
  list: {
    get: {
      operationId: 'listDefaultTypes',
      responses: {
        200: jsonOf('The default types of projects', object({ default_types: { type: 'array', items: row } })),
      },
    },
  },
  item: {
    parameters: [{ name: 'id', in: 'path', required: true, schema: text }],
    get: { operationId: 'showDefaultType', responses: { 200: answer, 404: missing } },
    put: {
      operationId: 'setDefaultType',
      requestBody: jsonBody(object({ default_type: object({ volume_type: { type: 'string', maxLength: 255 } }) })),
      responses: { 200: answer, 400: { description: 'The type is private' }, 404: { description: 'No such type' } },
    },
    delete: {
      operationId: 'unsetDefaultType',
      responses: { 204: { description: 'The project has no default type' }, 404: missing },
    },
  },
};
