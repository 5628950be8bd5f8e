/** List, show, create, update and delete of a resource whose bodies are wrapped in its name, as in Nova and Cinder. */
import type { Json } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import {
  type Answer,
  type Authorization,
  accepted,
  type Call,
  type Handler,
  ok,
  type Route,
} from '#shared/http/route.ts';
import type { Attributes, ChangeOf, NewOf, Seen } from './attribute.ts';
import { type Body, parseCreate, parseUpdate } from './body.ts';
import { bodySchema, jsonBody, jsonOf } from './schema.ts';

type Wrapped = Readonly<Record<string, Body>>;
type Asking = Omit<Call<unknown, 'id'>, 'body'>;
type Unruled<Service> = Pick<Route<Service>, 'method' | 'path' | 'handler' | 'since'>;
type View = (row: object, seen: Seen) => object;

interface Definition<Service, Row, As extends Attributes> {
  /** As bodies spell it: `volume_type`. */
  readonly one: string;
  /** Of lists, where there are. */
  readonly many?: string;
  /** `/v2.1/flavors` */
  readonly path: string;
  /** What bodies may have. */
  readonly attributes: As;
  /** An operation without a rule has no route. */
  readonly rules: {
    readonly list?: Authorization;
    readonly show: Authorization;
    readonly create?: string;
    readonly update?: string;
    readonly remove?: string;
  };
  /** The version that introduced the resource, and that of its update. */
  readonly since?: Version;
  readonly updateSince?: Version;
  /** A page of rows, and what the answer has beside them. */
  page?(service: Service, call: Asking): Promise<{ readonly rows: readonly Row[]; readonly extra: object }>;
  find(service: Service, call: Asking): Promise<Row>;
  /** How a show finds it, where that differs. */
  findShown?(service: Service, call: Asking): Promise<NoInfer<Row>>;
  readonly view: View;
  /** An item of the list without details; with it, the details are below `/detail`. */
  readonly brief?: View;
  /** What a create and an update answer, where that differs. */
  readonly written?: View;
  /** What views need beside the rows. */
  enrich?(service: Service, call: Asking, rows: readonly NoInfer<Row>[]): Promise<readonly object[]>;
  create?(service: Service, input: NewOf<As>, call: Call<unknown, 'id'>): Promise<NoInfer<Row>>;
  update?(service: Service, row: NoInfer<Row>, change: ChangeOf<As>, call: Asking): Promise<NoInfer<Row>>;
  remove?(service: Service, row: NoInfer<Row>, call: Asking): Promise<void>;
  /** What a create answers beside its body: 200 unless told. */
  readonly created?: (body: unknown) => Answer;
  /** What a delete answers: 202 unless told. */
  readonly removed?: Answer;
}

export function plainRoutes<Service, Row extends object, As extends Attributes>(
  definition: Definition<Service, Row, As>,
): Route<Service>[] {
  const { one, many = '', path, attributes, rules, find, findShown = find, view, brief, written = view } = definition;
  const { since, updateSince = since, created = ok, removed = accepted(), page, create, update, remove } = definition;
  const views = async (service: Service, call: Asking, rows: readonly Row[], by: View) =>
    ((await definition.enrich?.(service, call, rows)) ?? rows).map((row) => by(row, call));
  const wrapped = async (service: Service, call: Asking, row: Row, by: View) => {
    const [shown] = await views(service, call, [row], by);
    return { [one]: shown };
  };
  type Handle<Body = unknown> = Handler<Service, Body, 'id'>;
  const list =
    (by: View): Handle =>
    async (service, call) => {
      const { rows, extra } = (await page?.(service, call)) ?? { rows: [], extra: {} };
      return ok({ [many]: await views(service, call, rows, by), ...extra });
    };
  const show: Handle = async (service, call) => ok(await wrapped(service, call, await findShown(service, call), view));
  const createOne: Handle<Wrapped> = async (service, call) => {
    const row = await create?.(service, parseCreate(attributes, call.body[one] ?? {}), call);
    return created(row && (await wrapped(service, call, row, written)));
  };
  const updateOne: Handle<Wrapped> = async (service, call) => {
    const row = await update?.(service, await find(service, call), parseUpdate(attributes, call.body[one] ?? {}), call);
    return ok(row && (await wrapped(service, call, row, written)));
  };
  const removeOne: Handle = async (service, call) => {
    await remove?.(service, await find(service, call), call);
    return removed;
  };
  const item = `${path}/:id`;
  const versions = (from: Version | undefined) => (from ? { since: from } : {});
  const all: (Unruled<Service> & { readonly rule: Authorization | undefined })[] = [
    ...(brief ? [{ method: 'get', path: `${path}/detail`, handler: list(view), rule: rules.list } as const] : []),
    { method: 'get', path, handler: list(brief ?? view), rule: rules.list },
    { method: 'post', path, handler: createOne, rule: rules.create },
    { method: 'get', path: item, handler: show, rule: rules.show },
    { method: 'put', path: item, handler: updateOne, rule: rules.update, ...versions(updateSince) },
    { method: 'delete', path: item, handler: removeOne, rule: rules.remove },
  ];
  return all.flatMap(({ rule, ...route }) => (rule === undefined ? [] : [{ ...versions(since), ...route, rule }]));
}

const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const missing: Json = { description: 'Not found, or not visible to the caller' };
const invalid: Json = { description: 'Invalid input' };
const conflicting: Json = { description: 'The name or the id is taken' };

interface Statuses {
  readonly created?: '200' | '202';
  readonly removed?: '200' | '202' | '204';
}

/** The operations of `plainRoutes`: the POST of the collection, and the path item of one. */
export function plainPaths(
  one: string,
  attributes: Attributes,
  row: Json,
  { created = '200', removed = '202' }: Statuses = {},
): { readonly post: Json; readonly item: { [method: string]: Json } } {
  const name = one.replace(/(^|_)([a-z])/g, (_match, _line, letter: string) => letter.toUpperCase());
  const wrapped = (schema: Json, strict = true): Json => ({
    type: 'object',
    required: [one],
    ...(strict ? { additionalProperties: false } : {}),
    properties: { [one]: schema },
  });
  const answer = jsonOf('The resource', wrapped(row, false));
  return {
    post: {
      operationId: `create${name}`,
      requestBody: jsonBody(wrapped(bodySchema(attributes, 'create'))),
      responses: { [created]: answer, 400: invalid, 409: conflicting },
    },
    item: {
      parameters,
      get: { operationId: `show${name}`, responses: { 200: answer, 404: missing } },
      put: {
        operationId: `update${name}`,
        requestBody: jsonBody(wrapped(bodySchema(attributes, 'update'))),
        responses: { 200: answer, 400: invalid, 404: missing, 409: conflicting },
      },
      delete: {
        operationId: `delete${name}`,
        responses: { [removed]: { description: 'Deleted' }, 400: invalid, 404: missing },
      },
    },
  };
}

/** The GET of a list. */
export const listPath = (operationId: string, many: string, row: Json, parameters: Json = []): Json => ({
  operationId,
  parameters,
  responses: {
    200: jsonOf('A page of those that the caller may see', {
      type: 'object',
      required: [many],
      properties: { [many]: { type: 'array', items: row } },
    }),
  },
});

/** The POST of actions: properties of the input by the action's name, of which the first is required; null for no input. */
export const actionPath = (
  operationId: string,
  actions: { [action: string]: { [name: string]: Json } | null },
): Json => ({
  parameters,
  post: {
    operationId,
    requestBody: jsonBody({
      oneOf: Object.entries(actions).map(([action, properties]) => ({
        type: 'object',
        required: [action],
        additionalProperties: false,
        properties: {
          [action]: properties
            ? {
                type: 'object',
                required: Object.keys(properties).slice(0, 1),
                additionalProperties: false,
                properties,
              }
            : {},
        },
      })),
    }),
    responses: { 202: { description: 'Accepted' }, 400: invalid, 404: missing },
  },
});
