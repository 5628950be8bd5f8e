/** Server groups are not supported. The list is empty, for clients that read it in passing. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';

export const listServerGroups: Handler<Compute> = async () => ok({ server_groups: [] });

const missing = (id = '') => new Fault(404, 'notFound', `Instance group ${id} could not be found.`);

export const showServerGroup: Handler<Compute> = async (_compute, { params }) => {
  throw missing(params.id);
};
export const deleteServerGroup = showServerGroup;

export const createServerGroup: Handler<Compute> = async () => {
  throw badRequest(
    'Server groups are not supported by this cloud. Scheduler hints same_host and different_host keep single servers together or apart.',
  );
};
