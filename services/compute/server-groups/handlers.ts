/** Server groups are not supported. The list is empty, for clients that read it in passing. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';

const listServerGroups: Handler<Compute> = async () => ok({ server_groups: [] });

const missing = (id = '') => new Fault(404, 'notFound', `Instance group ${id} could not be found.`);

const showServerGroup: Handler<Compute> = async (_compute, { params }) => {
  throw missing(params.id);
};

const createServerGroup: Handler<Compute> = async () => {
  throw badRequest(
    'Server groups are not supported by this cloud. Scheduler hints same_host and different_host keep single servers together or apart.',
  );
};

const path = '/v2.1/os-server-groups';
const rule = 'os_compute_api:os-server-groups';

export const serverGroupRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listServerGroups, rule: `${rule}:index` },
  { method: 'post', path, handler: createServerGroup, rule: `${rule}:create` },
  { method: 'get', path: `${path}/:id`, handler: showServerGroup, rule: `${rule}:show` },
  { method: 'delete', path: `${path}/:id`, handler: showServerGroup, rule: `${rule}:delete` },
];
