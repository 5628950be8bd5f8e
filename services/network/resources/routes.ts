/** The routes of a resource, and what its operations have to be. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Route } from '#shared/http/route.ts';
import type { Attributes, ChangeOf, NewOf } from '#shared/resource/attribute.ts';
import { type Body, defaultsOf, parseCreate, parseUpdate } from '#shared/resource/body.ts';
import type { Network } from '../context.ts';
import { handlersOf } from './handlers.ts';
import type { Resource } from './resource.ts';
import type { Standard } from './store.ts';

interface Operations<Row, New, Change> {
  create(network: Network, caller: Caller, input: New, projectId: string): Promise<Row>;
  update(network: Network, caller: Caller, before: Row, change: Change): Promise<Row>;
  remove(network: Network, caller: Caller, row: Row): Promise<void>;
}

export function routesOf<Row extends Standard, As extends Attributes>(
  { one, many, attributes, rows, listed, view }: Resource<Row, As>,
  { create, update, remove }: Operations<Row, NewOf<As>, ChangeOf<As>>,
): Route<Network>[] {
  const handlers = handlersOf<Row, Body>({
    one,
    many,
    attributes: listed,
    defaults: defaultsOf(attributes),
    rows,
    views: async (_network, found, may) => found.map((row) => view(row, { may })),
    create: (network, caller, body, projectId) => create(network, caller, parseCreate(attributes, body), projectId),
    update: (network, caller, row, body) => update(network, caller, row, parseUpdate(attributes, body)),
    remove,
  });
  const path = `/v2.0/${many.replaceAll('_', '-')}`;
  return [
    { method: 'get', path, handler: handlers.list, rule: `get_${one}` },
    { method: 'post', path, handler: handlers.create, rule: `create_${one}` },
    { method: 'get', path: `${path}/:id`, handler: handlers.show, rule: `get_${one}` },
    { method: 'put', path: `${path}/:id`, handler: handlers.update, rule: `update_${one}` },
    { method: 'delete', path: `${path}/:id`, handler: handlers.remove, rule: `delete_${one}` },
  ];
}
