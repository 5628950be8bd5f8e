/** Extra specs: texts by key that hang on a resource, in one JSON column. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Answer, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { jsonBody, jsonOf } from './schema.ts';

export type Specs = Readonly<Record<string, string>>;

interface Definition<Service, Row> {
  /** `/v2.1/flavors/:id/os-extra_specs` */
  readonly path: string;
  /** The rules are this with `:index`, `:show`, `:create`, `:update` and `:delete`, unless told one by one. */
  readonly rule: string | Readonly<Record<'index' | 'show' | 'create' | 'update' | 'delete', string>>;
  /** As bodies spell them: `extra_specs` unless told. */
  readonly many?: string;
  /** What an addition answers: 200 unless told. */
  readonly added?: (body: unknown) => Answer;
  /** The version that introduced them. */
  readonly since?: Version;
  /** As refusals name the resource: `Flavor`. */
  readonly noun: string;
  readonly removed: Answer;
  find(service: Service, call: Pick<Call, 'caller' | 'params'>): Promise<Row>;
  write(service: Service, id: string, extraSpecs: Specs): Promise<unknown>;
  /** What the caller may see of them; all unless told. */
  visible?(specs: Specs, call: Pick<Call, 'caller' | 'may'>): Specs;
}

export function extraSpecs<Service, Row extends { readonly id: string; readonly extraSpecs: Specs }>({
  path,
  rule,
  noun,
  many = 'extra_specs',
  added: answer = ok,
  since,
  removed,
  find,
  write,
  visible = (specs) => specs,
}: Definition<Service, Row>): Route<Service>[] {
  const rules =
    typeof rule === 'string'
      ? {
          index: `${rule}:index`,
          show: `${rule}:show`,
          create: `${rule}:create`,
          update: `${rule}:update`,
          delete: `${rule}:delete`,
        }
      : rule;
  const missing = (id: string, key: string) =>
    new Fault(404, 'notFound', `${noun} ${id} has no ${many.replace('_', ' ')} with key ${key}.`);
  const list: Handler<Service> = async (service, call) =>
    ok({ [many]: visible((await find(service, call)).extraSpecs, call) });
  const show: Handler<Service, unknown, 'key'> = async (service, call) => {
    const { id, extraSpecs } = await find(service, call);
    const { key } = call.params;
    const value = own(visible(extraSpecs, call), key);
    if (value === undefined) throw missing(id, key);
    return ok({ [key]: value });
  };
  const add: Handler<Service, Readonly<Record<string, Sent>>> = async (service, call) => {
    const { id, extraSpecs } = await find(service, call);
    const added = textsOf(call.body[many] ?? {});
    await write(service, id, { ...extraSpecs, ...added });
    return answer({ [many]: added });
  };
  const change: Handler<Service, Sent, 'key'> = async (service, call) => {
    const { id, extraSpecs } = await find(service, call);
    const { key } = call.params;
    const value = own(textsOf(call.body), key);
    if (value === undefined) throw badRequest('Request body and URI mismatch');
    await write(service, id, { ...extraSpecs, [key]: value });
    return ok({ [key]: value });
  };
  const remove: Handler<Service, unknown, 'key'> = async (service, call) => {
    const { id, extraSpecs } = await find(service, call);
    const { key } = call.params;
    if (!Object.hasOwn(extraSpecs, key)) throw missing(id, key);
    const { [key]: _, ...rest } = extraSpecs;
    await write(service, id, rest);
    return removed;
  };
  const one = `${path}/:key`;
  const all: Route<Service>[] = [
    { method: 'get', path, handler: list, rule: rules.index },
    { method: 'post', path, handler: add, rule: rules.create },
    { method: 'get', path: one, handler: show, rule: rules.show },
    { method: 'put', path: one, handler: change, rule: rules.update },
    { method: 'delete', path: one, handler: remove, rule: rules.delete },
  ];
  return since === undefined ? all : all.map((route) => ({ ...route, since }));
}

type Sent = Readonly<Record<string, string | number>>;
const textsOf = (specs: Sent): Specs =>
  Object.fromEntries(
    Object.entries(specs).map(([key, value]) => [key, typeof value === 'number' ? String(value) : value]),
  );

const parameter = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });
const found = jsonOf('One pair', { type: 'object', minProperties: 1, maxProperties: 1 });
const missing: Json = { description: 'Not found, or not visible to the caller' };

interface Spelling {
  /** `extra_specs` unless told. */
  readonly many?: string;
  /** The status of an addition: 200 unless told. */
  readonly added?: '200' | '202';
}

/** The path items `specs` and `spec`. `values` is the schema of the pairs that clients may send. */
export function extraSpecsPaths(
  values: { [key: string]: Json },
  removed: '200' | '202',
  { many = 'extra_specs', added = '200' }: Spelling = {},
): { [key: string]: Json } {
  const wrapped = (schema: Json): Json => ({
    type: 'object',
    required: [many],
    additionalProperties: false,
    properties: { [many]: schema },
  });
  const all = jsonOf('Extra specs', wrapped({ type: 'object', additionalProperties: { type: ['string', 'null'] } }));
  return {
    specs: {
      parameters: [parameter('id')],
      get: { operationId: 'listExtraSpecs', responses: { 200: all, 404: missing } },
      post: {
        operationId: 'addExtraSpecs',
        requestBody: jsonBody(wrapped(values)),
        responses: { [added]: all, 404: missing },
      },
    },
    spec: {
      parameters: [parameter('id'), parameter('key')],
      get: { operationId: 'showExtraSpec', responses: { 200: found, 404: missing } },
      put: {
        operationId: 'changeExtraSpec',
        requestBody: jsonBody({ ...values, minProperties: 1, maxProperties: 1 }),
        responses: { 200: found, 404: missing },
      },
      delete: { operationId: 'deleteExtraSpec', responses: { [removed]: { description: 'Deleted' }, 404: missing } },
    },
  };
}
