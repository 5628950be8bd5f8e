import { createHash } from 'node:crypto';
import { longTime, timeOf } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { listSchedulingDecisions } from '../scheduling-decisions/store.ts';
import { describeDecision } from '../scheduling-decisions/view.ts';
import { getServer, getServerOrDeleted } from '../servers/store.ts';
import { limitOf } from '../values.ts';
import { type Action, getAction, listActions } from './store.ts';

/** From 2.21 on the actions of a deleted server are visible. */
const serverOf = ({ db }: Compute, { caller, params, version }: Call<unknown, 'id'>) =>
  (atLeast(version, '2.21') ? getServerOrDeleted : getServer)(db, caller, params.id);

/** `message` is the reason of a failure, where Nova has only "Error". */
const actionView = (action: Action, version: Version) => ({
  action: action.action,
  instance_uuid: action.serverId,
  request_id: action.requestId,
  user_id: action.userId,
  project_id: action.projectId,
  start_time: longTime(action.startedAt),
  message: action.message,
  ...(atLeast(version, '2.58') ? { updated_at: longTime(action.updatedAt) } : {}),
});

const hostIdOf = ({ projectId, host }: Action) =>
  host === null ? '' : createHash('sha224').update(`${projectId}${host}`).digest('hex');

function eventsOf(action: Action, admin: boolean, version: Version) {
  const reason = admin ? (action.details ?? action.message) : action.message;
  if (action.event === null) return [];
  return [
    {
      event: action.event,
      start_time: longTime(action.startedAt),
      finish_time: longTime(action.finishedAt),
      result: action.result,
      ...(admin ? { traceback: null } : {}),
      ...(atLeast(version, '2.62') ? { hostId: hostIdOf(action), ...(admin ? { host: action.host } : {}) } : {}),
      ...(atLeast(version, '2.84') ? { details: action.result === 'Error' ? reason : null } : {}),
    },
  ];
}

/** The scheduler's decisions as events of the create action, for administrators. */
async function schedulingEvents({ db }: Compute, { serverId, action }: Action, version: Version) {
  if (action !== 'create' || !atLeast(version, '2.84')) return [];
  const choices = await listSchedulingDecisions(db, serverId);
  return choices.map(({ at, explanation }) => ({
    event: 'conductor_schedule_and_build_instances',
    start_time: longTime(at),
    finish_time: longTime(at),
    result: explanation.chosen === null ? 'Error' : 'Success',
    traceback: null,
    hostId: '',
    host: null,
    details: describeDecision(explanation),
  }));
}

function timeParameter({ query }: Call, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const ms = timeOf(text);
  if (ms === undefined)
    throw badRequest(`Invalid input for query parameters ${name}. Value: ${text}. '${text}' is not a 'date-time'`);
  return ms;
}

const listServerActions: Handler<Compute> = async (compute, call) => {
  const { query, version } = call;
  const { id } = await serverOf(compute, call);
  const paged = atLeast(version, '2.58');
  const limit = paged ? limitOf(query.limit) : limitOf(undefined);
  const since = paged ? timeParameter(call, 'changes-since') : undefined;
  const before = atLeast(version, '2.66') ? timeParameter(call, 'changes-before') : undefined;
  const actions = await listActions(compute.db, id, {
    limit,
    ...(since === undefined ? {} : { changesSince: since }),
    ...(before === undefined ? {} : { changesBefore: before }),
    ...(paged && query.marker !== undefined ? { marker: query.marker } : {}),
  }).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`marker [${query.marker}] not found`);
    throw error;
  });
  const links = paged
    ? call.page(
        'links',
        actions.map(({ requestId }) => requestId),
        limit,
      )
    : {};
  return ok({ instanceActions: actions.map((each) => actionView(each, version)), ...renameLinks(links) });
};

/** In this collection the key is `links`, without a prefix. */
const renameLinks = ({ links_links }: Record<string, unknown>) => (links_links ? { links: links_links } : {});

const showServerAction: Handler<Compute, unknown, 'id' | 'request'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const action = await getAction(compute.db, id, call.params.request);
  const admin = call.may('os_compute_api:os-instance-actions:events');
  const choices = call.may('os_compute_api:os-instance-actions:events:details')
    ? await schedulingEvents(compute, action, call.version)
    : [];
  const events = [...eventsOf(action, admin, call.version), ...choices];
  const shown = admin || atLeast(call.version, '2.51') ? { events } : {};
  return ok({ instanceAction: { ...actionView(action, call.version), ...shown } });
};

const path = '/v2.1/servers/:id/os-instance-actions';

export const instanceActionRoutes: Route<Compute>[] = [
  { method: 'get', path: path, handler: listServerActions, rule: 'os_compute_api:os-instance-actions:list' },
  {
    method: 'get',
    path: `${path}/:request`,
    handler: showServerAction,
    rule: 'os_compute_api:os-instance-actions:show',
  },
];
