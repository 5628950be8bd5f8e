/** What the OpenAPI file of a resource holds, and its paths. */
import type { Json } from '#shared/api/document.ts';
import { bodySchema, jsonBody, jsonOf, rowSchema } from '#shared/resource/schema.ts';
import { tagPaths } from '#shared/resource/tags.ts';
import type { Resource } from './resource.ts';

const inValues = (name: string) => ({ $ref: `./values.yaml#/parameters/${name}` });
const parameters: Json = ['limit', 'marker', 'fields'].map(inValues);
const ref = (name: string) => ({ $ref: `#/components/${name}` });
/** Attributes that an answer has whatever the caller asked for. */
const always = ['id', 'project_id', 'tenant_id', 'created_at', 'updated_at', 'revision_number', 'tags', 'description'];

const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input' };
const inUse: Json = { description: 'In use' };

type Definition = Pick<Resource<object>, 'one' | 'many' | 'attributes' | 'untagged'>;
type Tree = { [key: string]: Json };

/** `more` are path items of operations that only this resource has. */
export function openapiOf({ one, many, attributes, untagged }: Definition, more: Tree = {}): Json {
  const name = camelOf(one);
  const sets = (verb: 'create' | 'update') =>
    Object.values(attributes).some(({ options }) => options.set?.includes(verb));
  const [canCreate, canUpdate] = [sets('create'), sets('update')];
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
  const present = always.filter(
    (name) => attributes[name]?.options.hidden === undefined && Object.hasOwn(attributes, name),
  );
  const answer: Json = {
    type: 'object',
    anyOf: [{ required: [one] }, { required: [many] }],
    properties: { [one]: { ...ref('row'), required: present }, [many]: { type: 'array', items: ref('row') } },
  };
  const list: Json = {
    type: 'object',
    required: [many],
    properties: { [many]: { type: 'array', items: ref('row') } },
  };
  const answered = ref('answer');
  const create: Tree = {
    post: {
      operationId: `create${name}`,
      requestBody: jsonBody(oneOrMany),
      responses: { 201: answered, 400: invalid, 404: missing, 409: { description: 'In use, or over quota' } },
    },
  };
  const update: Tree = {
    put: {
      operationId: `update${name}`,
      requestBody: jsonBody(wrapped(ref('update'))),
      responses: { 200: answered, 400: invalid, 404: missing, 409: inUse },
    },
  };
  const remove: Tree = {
    delete: {
      operationId: `delete${name}`,
      responses: { 204: { description: 'Deleted' }, 404: missing, 409: inUse },
    },
  };
  const tags = tagPaths(name, { type: 'string', minLength: 1, maxLength: 255 }, [
    ...(['list', 'replace', 'extend', 'clear', 'check', 'add', 'remove'] as const),
  ]);
  return {
    collection: {
      get: {
        operationId: `list${name}s`,
        parameters,
        responses: { 200: jsonOf('A page of those that the caller may see', list) },
      },
      ...(canCreate ? create : {}),
    },
    item: {
      get: { operationId: `show${name}`, responses: { 200: answered, 404: missing } },
      ...(canUpdate ? update : {}),
      ...(canCreate ? remove : {}),
    },
    ...more,
    ...(untagged ? {} : tags),
    components: {
      ...(canCreate ? { create: bodySchema(attributes, 'create') } : {}),
      ...(canUpdate ? { update: bodySchema(attributes, 'update') } : {}),
      row: rowSchema(attributes),
      answer: jsonOf('The resource', answer),
    },
  };
}

const camelOf = (one: string): string =>
  one.replace(/(^|_)([a-z])/g, (_match, _line, letter: string) => letter.toUpperCase());
