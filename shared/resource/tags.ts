/** Tags: short texts that hang on a resource. Routes, filters of lists and OpenAPI path items, in the dialect of each API. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import type { Fault } from '#shared/errors/fault.ts';
import {
  type Answer,
  type Authorization,
  type Call,
  created,
  type Handler,
  noContent,
  ok,
  type Route,
} from '#shared/http/route.ts';
import type { Query } from './attribute.ts';
import { jsonBody, jsonOf } from './schema.ts';

type Tags = readonly string[];
/** Of all tags: list, replace, extend, clear; of one: check, add, remove. */
export type TagVerb = 'list' | 'replace' | 'extend' | 'clear' | 'check' | 'add' | 'remove';
type TagCall = Call<unknown, 'id' | 'tag'>;

interface Definition<Service> {
  /** `/v2.0/ports/:id/tags` */
  readonly path: string;
  /** How each operation is authorized. An operation without an entry does not exist. */
  readonly rules: Readonly<Partial<Record<TagVerb, Authorization>>>;
  readonly since?: Version;
  /** Throws its 404. */
  read(service: Service, call: TagCall): Promise<Tags>;
  /** Stores what `edit` returns for the present tags, in one transaction, and returns it. */
  change(service: Service, call: TagCall, verb: TagVerb, edit: (before: Tags) => Tags): Promise<Tags>;
  /** The 404 of a tag that the resource does not have. */
  missing(call: TagCall): Fault;
  /** Throws the 400 of tags that a client may not send. */
  checkSent?(sent: Tags): void;
  /** Throws the 400 of what a resource may not have in all. */
  checkAll?(tags: Tags): void;
  /** How a client sees all tags; `{ tags }` unless told. */
  view?(tags: Tags, call: TagCall): object;
  /** The answer when one tag was added, or was there before; 201 unless told. */
  added?(call: TagCall, isNew: boolean): Answer;
}

export function tagRoutes<Service>(definition: Definition<Service>): Route<Service>[] {
  const { path, rules, since, read, missing, checkSent, checkAll, view = (tags) => ({ tags }) } = definition;
  const { added = () => ({ status: 201 }) } = definition;
  const change = (service: Service, call: TagCall, verb: TagVerb, edit: (before: Tags) => Tags) =>
    definition.change(service, call, verb, (before) => {
      const tags = [...new Set(edit(before))];
      checkAll?.(tags);
      return tags;
    });
  const handlers: Record<TagVerb, Handler<Service, { readonly tags: Tags }, 'id' | 'tag'>> = {
    list: async (service, call) => ok(view(await read(service, call), call)),
    replace: async (service, call) => {
      checkSent?.(call.body.tags);
      return ok(view(await change(service, call, 'replace', () => call.body.tags), call));
    },
    extend: async (service, call) => {
      checkSent?.(call.body.tags);
      return created(view(await change(service, call, 'extend', (before) => [...before, ...call.body.tags]), call));
    },
    clear: async (service, call) => {
      await change(service, call, 'clear', () => []);
      return noContent();
    },
    check: async (service, call) => {
      if (!(await read(service, call)).includes(call.params.tag)) throw missing(call);
      return noContent();
    },
    add: async (service, call) => {
      const { tag } = call.params;
      checkSent?.([tag]);
      let isNew = true;
      await change(service, call, 'add', (before) => {
        isNew = !before.includes(tag);
        return [...before, tag];
      });
      return added(call, isNew);
    },
    remove: async (service, call) => {
      const { tag } = call.params;
      await change(service, call, 'remove', (before) => {
        if (!before.includes(tag)) throw missing(call);
        return before.filter((each) => each !== tag);
      });
      return noContent();
    },
  };
  return verbs.flatMap(({ verb, method, tail }) => {
    const rule = rules[verb];
    const route = { method, path: `${path}${tail}`, handler: handlers[verb], ...(since ? { since } : {}) };
    return rule === undefined ? [] : [{ ...route, rule }];
  });
}

const verbs = [
  { verb: 'list', method: 'get', tail: '' },
  { verb: 'replace', method: 'put', tail: '' },
  { verb: 'extend', method: 'post', tail: '' },
  { verb: 'clear', method: 'delete', tail: '' },
  { verb: 'check', method: 'get', tail: '/:tag' },
  { verb: 'add', method: 'put', tail: '/:tag' },
  { verb: 'remove', method: 'delete', tail: '/:tag' },
] as const;

type Has = (query: Query, tag: string) => unknown;

/** Whether a JSON column has a tag. */
export const inColumn =
  (column: string): Has =>
  (query, tag) =>
    query.whereRaw('instr(??, ?) > 0', [column, JSON.stringify(tag)]);

type TagFilter = 'tags' | 'tags-any' | 'not-tags' | 'not-tags-any';

/** Rows with all or any of the tags, or without all or any of them. A filter is a list with commas. */
export function tagFilters(has: Has): Readonly<Record<TagFilter, (query: Query, values: Tags) => void>> {
  const any = (query: Query, tags: Tags) => {
    for (const tag of tags) query.orWhere((each: Query) => void has(each, tag));
  };
  const all = (query: Query, tags: Tags) => {
    for (const tag of tags) has(query, tag);
  };
  const some = (apply: (query: Query, tags: Tags) => void) => (query: Query, values: Tags) => {
    const tags = values.flatMap((value) => value.split(',')).filter(Boolean);
    if (tags.length > 0) apply(query, tags);
  };
  return {
    tags: some(all),
    'tags-any': some((query, tags) => query.where((one: Query) => any(one, tags))),
    'not-tags': some((query, tags) => query.whereNot((one: Query) => all(one, tags))),
    'not-tags-any': some((query, tags) => query.whereNot((one: Query) => any(one, tags))),
  };
}

const parameter = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const listed: Json = {
  type: 'object',
  required: ['tags'],
  properties: { tags: { type: 'array', items: { type: 'string' } } },
};
const absent: Json = { description: 'Not found, or not visible to the caller' };

/** The path items `tags` and `tag`. `one` is the schema of a tag that clients may send; `name` is in the operation ids. */
export function tagPaths(name: string, one: Json, verbsOf: readonly TagVerb[], most?: number): { [key: string]: Json } {
  const answer = jsonOf('The tags', listed);
  const sent = { type: 'array', ...(most === undefined ? {} : { maxItems: most }), items: one };
  const requestBody = jsonBody({
    type: 'object',
    additionalProperties: false,
    required: ['tags'],
    properties: { tags: sent },
  });
  const operations: Readonly<Record<TagVerb, { [key: string]: Json }>> = {
    list: { operationId: `list${name}Tags`, responses: { 200: answer, 404: absent } },
    replace: { operationId: `replace${name}Tags`, requestBody, responses: { 200: answer, 404: absent } },
    extend: { operationId: `add${name}Tags`, requestBody, responses: { 201: answer, 404: absent } },
    clear: { operationId: `remove${name}Tags`, responses: { 204: { description: 'Removed' }, 404: absent } },
    check: { operationId: `check${name}Tag`, responses: { 204: { description: 'It has the tag' }, 404: absent } },
    add: {
      operationId: `add${name}Tag`,
      responses: { 201: { description: 'Added' }, 204: { description: 'It has the tag' }, 404: absent },
    },
    remove: { operationId: `remove${name}Tag`, responses: { 204: { description: 'Removed' }, 404: absent } },
  };
  const item = (tail: string): { [key: string]: Json } =>
    Object.fromEntries(
      verbs
        .filter((each) => each.tail === tail && verbsOf.includes(each.verb))
        .map(({ verb, method }) => [method, operations[verb]]),
    );
  return {
    tags: { parameters: [parameter('id')], ...item('') },
    tag: { parameters: [parameter('id'), parameter('tag')], ...item('/:tag') },
  };
}
