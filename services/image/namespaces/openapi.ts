/** The OpenAPI file of metadata definitions. */
import type { Json } from '#shared/api/document.ts';
import { jsonBody, jsonOf } from '#shared/resource/schema.ts';
import { associationProperties, name, objectProperties, propertyKeywords } from '../definitions/schemas.ts';
import { newNamespaceSchema, readable } from './schemas.ts';

type Tree = { readonly [key: string]: Json };

const open: Tree = { type: 'object' };
const listed = (key: string, type = 'array'): Tree => ({
  type: 'object',
  required: [key],
  properties: { [key]: { type } },
});
const inPath = (...names: readonly string[]): Json =>
  names.map((each) => ({ name: each, in: 'path', required: true, schema: { type: 'string' } }));
const removed: Tree = {
  '204': { description: 'Deleted' },
  '403': { description: 'The namespace is protected, or the caller may not change it' },
  '404': { description: 'Not found, or not visible to the caller' },
};
const named = (properties: Tree, required: readonly string[] = ['name']): Tree =>
  readable({ type: 'object', additionalProperties: false, required: [...required], properties });

const schemaOf = {
  Object: named(objectProperties),
  Property: named({ name, ...propertyKeywords }, ['name', 'title', 'type']),
  Tag: named({ name }),
};
type One = keyof typeof schemaOf;

const operation = (operationId: string, responses: Tree, more: Tree = {}): Tree => ({
  operationId,
  ...more,
  responses,
});
const body = (schema: Json): Tree => ({ requestBody: jsonBody(schema) });
const made = { '201': jsonOf('Created', open), '409': { description: 'The name is taken' } };

/** All definitions of one kind. */
const collection = (one: One, many: string, post: Tree): Tree => ({
  parameters: inPath('namespace'),
  get: operation(`listMetadef${many}`, {
    '200': jsonOf('All of the namespace', listed(many.toLowerCase(), one === 'Property' ? 'object' : 'array')),
  }),
  post,
  delete: operation(`deleteAllMetadef${many}`, removed),
});
const item = (one: One): Tree => ({
  parameters: inPath('namespace', 'name'),
  get: operation(`showMetadef${one}`, { '200': jsonOf('The definition', open) }),
  put: operation(`setMetadef${one}`, { '200': jsonOf('The definition', open) }, body(schemaOf[one])),
  delete: operation(`deleteMetadef${one}`, removed),
});
const create = (one: One): Tree => operation(`createMetadef${one}`, made, body(schemaOf[one]));

export const metadata: Json = {
  namespaces: {
    get: operation(
      'listMetadefNamespaces',
      { '200': jsonOf('A page of namespaces', listed('namespaces')) },
      {
        parameters: ['limit', 'marker', 'sort_key', 'sort_dir', 'visibility', 'owner', 'resource_types'].map(
          (each) => ({
            ...{ name: each, in: 'query', schema: { type: 'string' } },
          }),
        ),
      },
    ),
    post: operation('createMetadefNamespace', made, body(newNamespaceSchema())),
  },
  namespace: {
    parameters: inPath('namespace'),
    get: operation('showMetadefNamespace', { '200': jsonOf('The namespace with all that it defines', open) }),
    put: operation('setMetadefNamespace', { '200': jsonOf('The namespace', open) }, body(newNamespaceSchema())),
    delete: operation('deleteMetadefNamespace', removed),
  },
  resource_types: {
    get: operation('listMetadefResourceTypes', { '200': jsonOf('All types', listed('resource_types')) }),
  },
  associations: {
    parameters: inPath('namespace'),
    get: operation('listMetadefAssociations', {
      '200': jsonOf('The types of resources that the namespace is for', listed('resource_type_associations')),
    }),
    post: operation('createMetadefAssociation', made, body(named(associationProperties))),
  },
  association: { parameters: inPath('namespace', 'name'), delete: operation('deleteMetadefAssociation', removed) },
  objects: collection('Object', 'Objects', create('Object')),
  object: item('Object'),
  properties: collection('Property', 'Properties', create('Property')),
  property: item('Property'),
  tags: collection(
    'Tag',
    'Tags',
    operation(
      'createMetadefTags',
      made,
      body({
        ...{ type: 'object', additionalProperties: false, required: ['tags'] },
        properties: {
          tags: {
            type: 'array',
            items: { type: 'object', additionalProperties: false, required: ['name'], properties: { name } },
          },
        },
      }),
    ),
  ),
  tag: { ...item('Tag'), post: operation('createMetadefTag', made) },
  schema: { get: operation('showMetadefSchema', { '200': jsonOf('The JSON schema', open) }) },
};
