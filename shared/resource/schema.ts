/** The schemas that a definition gives its OpenAPI file. */
import type { Json } from '#shared/api/document.ts';
import type { Attribute, Attributes, Options } from './attribute.ts';

type Tree = { [key: string]: Json };

/** Of the body of a create or an update. */
export function bodySchema(attributes: Attributes, verb: 'create' | 'update'): Json {
  const set = Object.entries(attributes).filter(([, { options }]) => options.set?.includes(verb));
  const required = set.filter(([, { options }]) => isRequired(options.required, verb)).map(([name]) => name);
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(set.map(([name, attribute]) => [name, inRange(attribute, inputOf(attribute))])),
  };
}

const isRequired = (required: Options<unknown>['required'], verb: 'create' | 'update') =>
  required === verb || (required === true && verb === 'create');

/** Of what clients see. */
export const rowSchema = (attributes: Attributes): Tree => ({
  type: 'object',
  properties: Object.fromEntries(
    shown(attributes).map(([name, attribute]) => [name, inRange(attribute, outputOf(attribute))]),
  ),
});

/** The same, where an answer has every attribute that the caller may see, and no other. */
export const wholeRowSchema = (attributes: Attributes): Tree => ({
  ...rowSchema(attributes),
  additionalProperties: false,
  required: shown(attributes).flatMap(([name, { options }]) => (options.rule ? [] : [name])),
});

const shown = (attributes: Attributes) => Object.entries(attributes).filter(([, { options }]) => !options.hidden);

const inputOf = ({ type, options }: Attribute): Json => orNull(sentAs({ type, options }), options.nullable);

const outputOf = ({ type, options }: Attribute): Json =>
  orNull(options.output ?? type.output ?? sentAs({ type, options }), options.nullable);

/** Of its values, null apart. */
export const sentAs = ({ type, options }: Attribute): Json =>
  options.input ?? (typeof type.input === 'function' ? type.input(options) : type.input);

/** The same schema, that also takes null. */
function orNull(schema: Json, nullable: true | undefined): Json {
  if (!nullable) return schema;
  const { type } = schema as Tree;
  return typeof type === 'string' || Array.isArray(type)
    ? { ...(schema as Tree), type: [...new Set([type, 'null'].flat())] }
    : { anyOf: [schema, { type: 'null' }] };
}

/** An attribute that a version introduced is not there before. */
const inRange = ({ options: { since } }: Attribute, schema: Json): Json =>
  since === undefined ? schema : { ...(schema as Tree), 'x-openstack': { 'min-ver': since } };

/** A body that has to come. */
export const jsonBody = (schema: Json): Json => ({ required: true, content: { 'application/json': { schema } } });
/** An answer. */
export const jsonOf = (description: string, schema: Json): Json => ({
  description,
  content: { 'application/json': { schema } },
});
