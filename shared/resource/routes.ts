/** Show, create, update and delete of a resource whose bodies are wrapped in its name, as in Nova and Cinder. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import { accepted, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Attributes, ChangeOf, NewOf } from './attribute.ts';
import { type Body, parseCreate, parseUpdate } from './body.ts';
import { bodySchema, jsonBody, jsonOf } from './schema.ts';

type Wrapped = Readonly<Record<string, Body>>;
type Asking = Omit<Call, 'body'>;

interface Definition<Service, Row, As extends Attributes> {
  /** As bodies spell it: `volume_type`. */
  readonly one: string;
  /** `/v2.1/flavors` */
  readonly path: string;
  readonly attributes: As;
  readonly rules: {
    readonly show: string | null;
    readonly create: string;
    readonly update: string;
    readonly remove: string;
  };
  /** The version that introduced the update. */
  readonly updateSince?: Version;
  find(service: Service, call: Asking): Promise<Row>;
  /** How a show finds it, where that differs. */
  findShown?(service: Service, call: Asking): Promise<NoInfer<Row>>;
  view(row: NoInfer<Row>, call: Asking): object;
  create(service: Service, input: NewOf<As>): Promise<NoInfer<Row>>;
  update(service: Service, row: NoInfer<Row>, change: ChangeOf<As>): Promise<NoInfer<Row>>;
  remove(service: Service, row: NoInfer<Row>): Promise<void>;
}

export function plainRoutes<Service, Row, As extends Attributes>(
  definition: Definition<Service, Row, As>,
): Route<Service>[] {
  const { one, path, attributes, rules, find, findShown = find, view, updateSince: since } = definition;
  const show: Handler<Service> = async (service, call) => ok({ [one]: view(await findShown(service, call), call) });
  const create: Handler<Service, Wrapped> = async (service, call) => {
    const row = await definition.create(service, parseCreate(attributes, call.body[one] ?? {}));
    return ok({ [one]: view(row, call) });
  };
  const update: Handler<Service, Wrapped> = async (service, call) => {
    const before = await find(service, call);
    const row = await definition.update(service, before, parseUpdate(attributes, call.body[one] ?? {}));
    return ok({ [one]: view(row, call) });
  };
  const remove: Handler<Service> = async (service, call) => {
    await definition.remove(service, await find(service, call));
    return accepted();
  };
  const item = `${path}/:id`;
  return [
    { method: 'post', path, handler: create, rule: rules.create },
    { method: 'get', path: item, handler: show, rule: rules.show },
    { method: 'put', path: item, handler: update, rule: rules.update, ...(since ? { since } : {}) },
    { method: 'delete', path: item, handler: remove, rule: rules.remove },
  ];
}

const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input' };
const conflicting: Json = { description: 'The name or the id is taken' };

/** The operations of `plainRoutes`: the POST of the collection, and the path item of one. */
export function plainPaths(
  one: string,
  attributes: Attributes,
  row: Json,
): { readonly post: Json; readonly item: Json } {
  const name = one.replace(/(^|_)([a-z])/g, (_match, _line, letter: string) => letter.toUpperCase());
  const wrapped = (schema: Json, strict = true): Json => ({
    type: 'object',
    required: [one],
    ...(strict ? { additionalProperties: false } : {}),
    properties: { [one]: schema },
  });
  const answer = jsonOf('The resource', wrapped(row, false));
  const responses = { 200: answer, 400: invalid, 404: missing, 409: conflicting };
  return {
    post: {
      operationId: `create${name}`,
      requestBody: jsonBody(wrapped(bodySchema(attributes, 'create'))),
      responses: { 200: answer, 400: invalid, 409: conflicting },
    },
    item: {
      parameters,
      get: { operationId: `show${name}`, responses: { 200: answer, 404: missing } },
      put: {
        operationId: `update${name}`,
        requestBody: jsonBody(wrapped(bodySchema(attributes, 'update'))),
        responses,
      },
      delete: {
        operationId: `delete${name}`,
        responses: { 202: { description: 'Deleted' }, 400: invalid, 404: missing },
      },
    },
  };
}
