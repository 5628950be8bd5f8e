/** Metadata: texts by key that hang on a resource. Each change is made under a lock on the resource's row. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import { badRequest, type Fault } from '#shared/errors/fault.ts';
import { type Answer, type Authorization, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { jsonBody, jsonOf } from './schema.ts';

export type Metadata = Readonly<Record<string, string>>;
type Calling = Pick<Call<unknown, 'id'>, 'caller' | 'params' | 'may' | 'authorize' | 'rule'>;

interface Definition<Service> {
  /** `/v2.1/servers/:id/metadata` */
  readonly path: string;
  readonly rules: Readonly<Record<'list' | 'add' | 'replace' | 'show' | 'set' | 'remove', Authorization>>;
  readonly until?: Version;
  readonly removed: Answer;
  missing(id: string, key: string): Fault;
  /** Throws the 404 of a resource that the caller may not see. */
  read(service: Service, call: Calling): Promise<Metadata>;
  /** Locks the row, stores what `change` makes of its metadata, and returns that. */
  change(service: Service, call: Calling, change: (now: Metadata) => Metadata): Promise<Metadata>;
  headers?(metadata: Metadata, version: Version): Record<string, string>;
}

export function metadata<Service>({
  path,
  rules,
  removed,
  missing,
  read,
  change,
  headers = () => ({}),
  until,
}: Definition<Service>): Route<Service>[] {
  const list: Handler<Service, unknown, 'id'> = async (service, call) => {
    const found = await read(service, call);
    return ok({ metadata: found }, headers(found, call.version));
  };
  const put =
    (merge: boolean): Handler<Service, { readonly metadata: Metadata }, 'id'> =>
    async (service, call) => {
      const stored = await change(service, call, (now) => ({ ...(merge ? now : {}), ...call.body.metadata }));
      return ok({ metadata: stored }, headers(stored, call.version));
    };
  const show: Handler<Service, unknown, Param> = async (service, call) => {
    const { id, key } = call.params;
    const found = await read(service, call);
    const value = own(found, key);
    if (value === undefined) throw missing(id, key);
    return ok({ meta: { [key]: value } }, headers(found, call.version));
  };
  const set: Handler<Service, { readonly meta: Metadata }, Param> = async (service, call) => {
    const { key } = call.params;
    const value = own(call.body.meta, key);
    if (value === undefined) throw badRequest('Request body and URI mismatch');
    await change(service, call, (now) => ({ ...now, [key]: value }));
    return ok({ meta: { [key]: value } });
  };
  const remove: Handler<Service, unknown, Param> = async (service, call) => {
    const { id, key } = call.params;
    await change(service, call, (now) => {
      if (!Object.hasOwn(now, key)) throw missing(id, key);
      const { [key]: _, ...rest } = now;
      return rest;
    });
    return removed;
  };
  const one = `${path}/:key`;
  const last = until === undefined ? {} : { until };
  return [
    { method: 'get', path, handler: list, rule: rules.list, ...last },
    { method: 'post', path, handler: put(true), rule: rules.add, ...last },
    { method: 'put', path, handler: put(false), rule: rules.replace, ...last },
    { method: 'get', path: one, handler: show, rule: rules.show, ...last },
    { method: 'put', path: one, handler: set, rule: rules.set, ...last },
    { method: 'delete', path: one, handler: remove, rule: rules.remove, ...last },
  ];
}

type Param = 'id' | 'key';

const parameter = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const notFound: Json = { description: 'Not found, or not visible to the caller' };

/** The path items `metadata` and `metadatum` of a resource, in operation ids `name`. `pairs` is the schema of its items. */
export function metadataPaths(name: string, pairs: { [key: string]: Json }, removed: '200' | '204') {
  const wrapped = (key: string, schema: Json): Json => ({
    type: 'object',
    required: [key],
    additionalProperties: false,
    properties: { [key]: schema },
  });
  const texts = { type: 'object', additionalProperties: { type: 'string' } };
  const all = { 200: jsonOf('All items', wrapped('metadata', texts)), 404: notFound };
  const one = {
    200: jsonOf('One item', wrapped('meta', { ...texts, minProperties: 1, maxProperties: 1 })),
    404: notFound,
  };
  const body = jsonBody(wrapped('metadata', pairs));
  const item = jsonBody(wrapped('meta', { ...pairs, minProperties: 1, maxProperties: 1 }));
  return {
    metadata: {
      parameters: [parameter('id')],
      get: { operationId: `list${name}Metadata`, responses: all },
      post: { operationId: `add${name}Metadata`, requestBody: body, responses: all },
      put: { operationId: `replace${name}Metadata`, requestBody: body, responses: all },
    },
    metadatum: {
      parameters: [parameter('id'), parameter('key')],
      get: { operationId: `show${name}Metadatum`, responses: one },
      put: { operationId: `set${name}Metadatum`, requestBody: item, responses: one },
      delete: {
        operationId: `delete${name}Metadatum`,
        responses: { [removed]: { description: 'Deleted' }, 404: notFound },
      },
    },
  } satisfies Json;
}
