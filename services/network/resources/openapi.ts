/** What the OpenAPI file of a resource holds. */
import type { Json } from '#shared/api/document.ts';
import { bodySchema, jsonBody, jsonOf, rowSchema } from '#shared/resource/schema.ts';
import type { Resource } from './resource.ts';

const inValues = (name: string) => ({ $ref: `./values.yaml#/parameters/${name}` });
const parameters: Json = ['limit', 'marker', 'fields'].map(inValues);
const ref = (name: string) => ({ $ref: `#/components/${name}` });
/** Attributes that an answer has whatever the caller asked for. */
const always = ['id', 'project_id', 'tenant_id', 'created_at', 'updated_at', 'revision_number', 'tags', 'description'];

const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input' };
const inUse: Json = { description: 'In use' };

export function openapiOf({ one, many, attributes }: Pick<Resource<object>, 'one' | 'many' | 'attributes'>): Json {
  const name = `${one.charAt(0).toUpperCase()}${one.slice(1)}`;
  const wrapped = (schema: Json): Json => ({
    type: 'object',
    additionalProperties: false,
    required: [one],
    properties: { [one]: schema },
  });
  const bulk = { type: 'array', minItems: 1, items: { anyOf: [ref('create'), wrapped(ref('create'))] } };
  const oneOrMany: Json = {
    type: 'object',
    additionalProperties: false,
    properties: { [one]: ref('create'), [many]: bulk },
    anyOf: [{ required: [one] }, { required: [many] }],
  };
  const answer: Json = {
    type: 'object',
    anyOf: [{ required: [one] }, { required: [many] }],
    properties: { [one]: { ...ref('row'), required: always }, [many]: { type: 'array', items: ref('row') } },
  };
  const list: Json = {
    type: 'object',
    required: [many],
    properties: { [many]: { type: 'array', items: ref('row') } },
  };
  const answered = ref('answer');
  return {
    collection: {
      get: {
        operationId: `list${name}s`,
        parameters,
        responses: { 200: jsonOf('A page of those that the caller may see', list) },
      },
      post: {
        operationId: `create${name}`,
        requestBody: jsonBody(oneOrMany),
        responses: { 201: answered, 400: invalid, 404: missing, 409: { description: 'In use, or over quota' } },
      },
    },
    item: {
      get: { operationId: `show${name}`, responses: { 200: answered, 404: missing } },
      put: {
        operationId: `update${name}`,
        requestBody: jsonBody(wrapped(ref('update'))),
        responses: { 200: answered, 400: invalid, 404: missing, 409: inUse },
      },
      delete: {
        operationId: `delete${name}`,
        responses: { 204: { description: 'Deleted' }, 404: missing, 409: inUse },
      },
    },
    components: {
      create: bodySchema(attributes, 'create'),
      update: bodySchema(attributes, 'update'),
      row: rowSchema(attributes),
      answer: jsonOf('The resource', answer),
    },
  };
}
