/** What the OpenAPI file of a resource holds. */
import type { Json } from '#shared/api/document.ts';
import type { Attributes } from '#shared/resource/attribute.ts';
import { bodySchema, jsonBody, jsonOf, rowSchema } from '#shared/resource/schema.ts';
import type { Resource } from './resource.ts';

type Tree = { [key: string]: Json };
type Described = Pick<Resource<Attributes>, 'one' | 'many' | 'noun' | 'attributes' | 'sent'>;

interface Options {
  /** Answers beyond those that every operation of its kind has. */
  readonly more?: Partial<Record<'list' | 'create' | 'show' | 'update' | 'remove', readonly (keyof typeof faults)[]>>;
  readonly createBy?: readonly ('post' | 'put')[];
  /** Filters of lists beside attributes. */
  readonly parameters?: readonly string[];
  /** Attributes that an answer may lack. */
  readonly optional?: readonly string[];
}

const faults = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  503: 'away',
  busy: 'busy',
} as const;

const ref = (name: string) => ({ $ref: `#/components/${name}` });
const timestamp = {
  type: 'string',
  pattern: '^((lt|lte|gt|gte|eq|neq):)?\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ?$',
};

function refused(statuses: readonly (keyof typeof faults)[]): Tree {
  return Object.fromEntries(
    statuses.map((status) => [status === 'busy' ? 503 : status, { $ref: `./errors.yaml#/${faults[status]}` }]),
  );
}

export function openapiOf({ one, many, noun, attributes, sent }: Described, options: Options = {}): Json {
  const { more = {}, createBy = ['post'], optional = [], parameters = [] } = options;
  const name = one.replace(/(^|_)([a-z])/g, (_match, _line, letter: string) => letter.toUpperCase());
  const named = many.replace(/(^|_)([a-z])/g, (_match, _line, letter: string) => letter.toUpperCase());
  const answer = jsonOf('The resource', ref('answer'));
  const create = (method: 'post' | 'put'): Json => ({
    operationId: `${createBy.length > 1 ? method : 'create'}${method === 'post' && createBy.length > 1 ? 'New' : ''}${name}`,
    summary: method === 'put' && createBy.length > 1 ? `Create ${noun} with a given id` : `Create ${noun}`,
    requestBody: jsonBody(ref('input')),
    responses: {
      201: { ...(answer as Tree), description: 'Created' },
      ...refused([400, 401, 403, ...(method === 'put' ? [404 as const] : []), ...(more.create ?? [])]),
    },
  });
  return {
    list: {
      get: {
        operationId: `list${named}`,
        summary: `List ${many.replaceAll('_', ' ')}`,
        parameters: parametersOf(sent, parameters),
        responses: {
          200: jsonOf('All that the caller may see', ref(many)),
          ...refused([401, 403, ...(more.list ?? [])]),
        },
      },
      ...(createBy.includes('post') ? { post: create('post') } : {}),
    },
    item: {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: `show${name}`,
        summary: `Show ${noun} details`,
        responses: { 200: answer, ...refused([401, 403, 404, ...(more.show ?? [])]) },
      },
      ...(createBy.includes('put') ? { put: create('put') } : {}),
      patch: {
        operationId: `update${name}`,
        summary: `Update ${noun}`,
        requestBody: jsonBody(ref('change')),
        responses: { 200: answer, ...refused([400, 401, 403, 404, ...(more.update ?? [])]) },
      },
      delete: {
        operationId: `delete${name}`,
        summary: `Delete ${noun}`,
        responses: { 204: { description: 'Deleted' }, ...refused([401, 403, 404, ...(more.remove ?? [])]) },
      },
    },
    components: {
      input: wrapped(one, openBody(sent, 'create')),
      change: wrapped(one, openBody(sent, 'update')),
      [one]: viewSchema(attributes, optional),
      answer: wrapped(one, ref(one)),
      [many]: {
        type: 'object',
        required: [many, 'links'],
        properties: { [many]: { type: 'array', items: ref(one) }, links: { type: 'object' } },
      },
    },
  };
}

const wrapped = (one: string, schema: Json): Json => ({
  type: 'object',
  required: [one],
  properties: { [one]: schema },
});

/** Clients may send more than the attributes: it is kept as extra, or ignored. */
export function openBody(attributes: Attributes, verb: 'create' | 'update'): Json {
  const { additionalProperties: _, ...schema } = bodySchema(attributes, verb) as Tree;
  return { ...schema, ...(verb === 'update' ? { minProperties: 1 } : {}) };
}

export function viewSchema(attributes: Attributes, optional: readonly string[] = []): Json {
  const { properties } = rowSchema(attributes);
  const shown = Object.keys(properties as Tree);
  return {
    type: 'object',
    required: [...shown.filter((each) => !optional.includes(each)), 'links'],
    properties: { ...(properties as Tree), links: { type: 'object' } },
  };
}

function parametersOf(attributes: Attributes, more: readonly string[]): Json[] {
  const filtered = Object.entries(attributes).filter(([, { options }]) => options.filter && !options.hidden);
  return [...filtered.map(([name]) => name), ...more].map((name) => ({
    name,
    in: 'query',
    schema: name.endsWith('_at') ? timestamp : { type: ['string', 'boolean'] },
  }));
}
