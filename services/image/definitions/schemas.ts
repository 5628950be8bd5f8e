/** Schemas of what a namespace defines, as they are published and as bodies are checked. */
import type { Json } from '#shared/api/document.ts';

type Tree = { readonly [key: string]: Json };

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const count: Tree = { type: 'integer', minimum: 0 };
const strings: Tree = { type: 'array', items: { type: 'string' }, uniqueItems: true };
const time: Tree = { type: 'string', readOnly: true, format: 'date-time' };
export const name: Tree = { type: 'string', maxLength: 80 };

/** The keywords of JSON schema that the definition of a property may have. */
export const propertyKeywords: Tree = {
  title: { type: 'string' },
  description: { type: 'string' },
  operators: { type: 'array', items: { type: 'string' } },
  type: { type: 'string', enum: types },
  required: strings,
  minimum: { type: 'number' },
  maximum: { type: 'number' },
  maxLength: count,
  minLength: count,
  pattern: { type: 'string', maxLength: 1024 },
  enum: { type: 'array' },
  readonly: { type: 'boolean' },
  confidential: { type: 'boolean' },
  default: {},
  items: { type: 'object', properties: { type: { type: 'string', enum: types }, enum: { type: 'array' } } },
  maxItems: count,
  minItems: count,
  uniqueItems: { type: 'boolean' },
  additionalItems: { type: 'boolean' },
};

export const properties: Tree = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    required: ['title', 'type'],
    properties: { name, ...propertyKeywords },
    additionalProperties: false,
  },
};

export const objectProperties: Tree = { name, description: { type: 'string' }, required: strings, properties };
const times: Tree = { created_at: time, updated_at: time };
const links: Tree = { self: { type: 'string', readOnly: true }, schema: { type: 'string', readOnly: true } };

export const associationProperties: Tree = {
  name: { ...name, description: 'The type of resources that the namespace is for: OS::Nova::Flavor' },
  prefix: {
    ...name,
    description: 'What each property of the namespace begins with on such a resource, with separator',
  },
  properties_target: { ...name, description: 'Which of several sets of properties of such a resource is meant' },
};

const document = (title: string, all: Tree, required: readonly string[]): Tree => ({
  name: title,
  properties: all,
  additionalProperties: false,
  required: [...required],
});

/** By the name of the published schema. */
export const definitionDocuments = {
  object: document('object', { ...objectProperties, ...links, ...times }, ['name']),
  property: document('property', { name, ...propertyKeywords }, ['type', 'title', 'name']),
  tag: document('tag', { name, ...times }, ['name']),
  resource_type: document('resource_type_association', { ...associationProperties, ...times }, ['name']),
};

/** The schema of a list of these. */
export const listDocument = (title: string, items: Json, asObject = false): Tree => ({
  name: title,
  properties: {
    [title]: asObject ? { type: 'object', additionalProperties: items } : { type: 'array', items },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
});
