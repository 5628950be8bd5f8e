/** The schema of a namespace as it is published, and as bodies are checked. */
import type { Json } from '#shared/api/document.ts';
import { bodySchema, sentAs } from '#shared/resource/schema.ts';
import { associationProperties, name, objectProperties, properties } from '../definitions/schemas.ts';
import { namespaceAttributes } from './attributes.ts';

type Tree = { readonly [key: string]: Json };

const published: Tree = Object.fromEntries(
  Object.entries(namespaceAttributes).map(([key, { type, options }]) => {
    const schema = { ...Object(sentAs({ type, options })), description: options.description };
    return [key, options.set ? schema : { ...schema, readOnly: true }];
  }),
);

const listOf = (all: Tree): Tree => ({
  type: 'array',
  items: { type: 'object', required: ['name'], properties: all, additionalProperties: false },
});

const contents: Tree = {
  resource_type_associations: listOf(associationProperties),
  properties,
  objects: listOf(objectProperties),
  tags: listOf({ name }),
};

export const namespaceDocument: Tree = {
  name: 'namespace',
  properties: { ...published, ...contents },
  additionalProperties: false,
  required: ['namespace'],
};

/** What a body may have but not set, so that it is refused as read-only. */
const readOnly: Tree = { self: {}, schema: {}, created_at: {}, updated_at: {} };

export const readable = (schema: Json): Tree => {
  const { properties: all, ...rest } = schema as Tree;
  return { ...rest, properties: { ...(all as Tree), ...readOnly } };
};

export const newNamespaceSchema = (): Tree => {
  const { properties: own, ...rest } = bodySchema(namespaceAttributes, 'create') as Tree;
  return readable({ ...rest, properties: { ...(own as Tree), ...contents } });
};
