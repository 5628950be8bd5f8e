/** The projects that may use a resource which is not public. */
import type { Knex } from 'knex';
import type { Json } from '#shared/api/document.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';
import { type Answer, type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import { jsonBody, jsonOf } from './schema.ts';
import type { AccessTable } from './store.ts';

interface Definition<Service, Row> {
  readonly table: AccessTable;
  /** `/v2.1/flavors/:id/os-flavor-access`, and where its actions are sent. */
  readonly path: string;
  readonly actionPath: string;
  readonly rules: { readonly list: string; readonly add: string; readonly remove: string };
  readonly names: Names;
  readonly refusals: {
    readonly listOfPublic: string;
    readonly addToPublic: string;
    /** Before it the addition to a public one has no effect. */
    readonly addToPublicSince?: Version;
    exists(id: string, projectId: string): string;
    missing(id: string, projectId: string): string;
  };
  /** What an action answers: the list unless told. */
  readonly done?: Answer;
  find(service: Service, call: Pick<Call, 'caller' | 'params'>): Promise<Row>;
}

/** As the API spells them. */
interface Names {
  /** `addTenantAccess` */
  readonly add: string;
  readonly remove: string;
  /** `tenant`: the project, in the body of an action. */
  readonly project: string;
  /** `flavor_access`, whose entries have `flavor_id` and `tenant_id`. */
  readonly list: string;
  readonly id: string;
  readonly projectId: string;
}

export function projectAccess<
  Service extends { readonly db: Knex },
  Row extends { readonly id: string; readonly isPublic: boolean },
>({ table, path, actionPath, rules, names, refusals, done, find }: Definition<Service, Row>): Route<Service>[] {
  const listed = async ({ db }: Service, id: string) =>
    ok({ [names.list]: (await table.list(db, id)).map((each) => ({ [names.id]: id, [names.projectId]: each })) });
  const list: Handler<Service> = async (service, call) => {
    const { id, isPublic } = await find(service, call);
    if (isPublic) throw new Fault(404, 'notFound', refusals.listOfPublic);
    return listed(service, id);
  };
  const add: Handler<Service, Action> = async (service, call) => {
    const { id, isPublic } = await find(service, call);
    const project = call.body[names.add]?.[names.project] ?? '';
    const { addToPublic, addToPublicSince: since } = refusals;
    if (isPublic && (!since || atLeast(call.version, since))) throw conflict(addToPublic);
    if (!(await service.db.transaction((tx) => table.insert(tx, id, project))))
      throw conflict(refusals.exists(id, project));
    return done ?? listed(service, id);
  };
  const remove: Handler<Service, Action> = async (service, call) => {
    const { id } = await find(service, call);
    const project = call.body[names.remove]?.[names.project] ?? '';
    if (!(await table.remove(service.db, id, project))) throw new Fault(404, 'notFound', refusals.missing(id, project));
    return done ?? listed(service, id);
  };
  return [
    { method: 'get', path, handler: list, rule: rules.list },
    { method: 'post', path: actionPath, handler: add, rule: rules.add, action: names.add },
    { method: 'post', path: actionPath, handler: remove, rule: rules.remove, action: names.remove },
  ];
}

type Action = Readonly<Record<string, Readonly<Record<string, string>>>>;

const parameters: Json = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
const text: Json = { type: 'string' };

/** The path items `access` and `action`. */
export function projectAccessPaths(
  names: Names,
  done: { readonly [status: string]: Json } | undefined,
): { [key: string]: Json } {
  const object = (properties: { [key: string]: Json }): Json => ({
    type: 'object',
    required: Object.keys(properties),
    additionalProperties: false,
    properties,
  });
  const project = object({ [names.project]: { type: 'string', minLength: 1, maxLength: 255 } });
  const entry = object({ [names.id]: text, [names.projectId]: text });
  const list = jsonOf('The projects that have access', object({ [names.list]: { type: 'array', items: entry } }));
  return {
    access: {
      parameters,
      get: { operationId: 'listAccess', responses: { 200: list, 404: { description: 'Public, or not found' } } },
    },
    action: {
      parameters,
      post: {
        operationId: 'changeAccess',
        requestBody: jsonBody({ oneOf: [object({ [names.add]: project }), object({ [names.remove]: project })] }),
        responses: {
          ...(done ?? { 200: list }),
          404: { description: 'Not found, or without access' },
          409: { description: 'Public, or with access already' },
        },
      },
    },
  };
}
