import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { type Call, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { listSchedulingDecisions } from '../scheduling-decisions/store.ts';
import { describeDecision } from '../scheduling-decisions/view.ts';
import { serverOf } from '../servers/find.ts';
import { getServer, getServerOrDeleted } from '../servers/store.ts';
import { hostIdOf } from '../servers/view.ts';
import { limitOf, timeParameter } from '../values.ts';
import { type Action, getAction, listActions } from './store.ts';

/** From 2.21 on the actions of a deleted server are visible. */
const find = (compute: Compute, call: Call<unknown, 'id'>) =>
  serverOf(compute, call, atLeast(call.version, '2.21') ? getServerOrDeleted : getServer);

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

/** The scheduler's decisions as events of the action, for administrators. */
async function schedulingEvents({ db }: Compute, action: Action, version: Version) {
  if (!atLeast(version, '2.84')) return [];
  const { serverId, startedAt, finishedAt } = action;
  const choices = await listSchedulingDecisions(db, serverId);
  const own = choices.filter(({ at }) => at >= startedAt && at <= (finishedAt ?? at));
  return own.map(({ at, explanation }) => ({
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

/** From 2.58 on in pages; in this collection the key of the links has no prefix. */
const listServerActions: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  const { query, version } = call;
  const { id } = await find(compute, call);
  const given = (name: string, since: Version) => (atLeast(version, since) ? query[name] : undefined);
  const limit = limitOf(given('limit', '2.58'));
  const actions = await listActions(compute.db, id, {
    limit,
    marker: given('marker', '2.58'),
    changesSince: timeParameter('changes-since', given('changes-since', '2.58')),
    changesBefore: timeParameter('changes-before', given('changes-before', '2.66')),
  });
  const ids = actions.map(({ requestId }) => requestId);
  const { links_links: links } = atLeast(version, '2.58') ? call.page('links', ids, limit) : {};
  return ok({ instanceActions: actions.map((each) => actionView(each, version)), ...(links ? { links } : {}) });
};

const showServerAction: Handler<Compute, unknown, 'id' | 'request'> = async (compute, call) => {
  const { id } = await find(compute, call);
  const action = await getAction(compute.db, id, call.params.request);
  const admin = call.may(`${rule}:events`);
  const choices = call.may(`${rule}:events:details`) ? await schedulingEvents(compute, action, call.version) : [];
  const events = [...eventsOf(action, admin, call.version), ...choices];
  const shown = admin || atLeast(call.version, '2.51') ? { events } : {};
  return ok({ instanceAction: { ...actionView(action, call.version), ...shown } });
};

const path = '/v2.1/servers/:id/os-instance-actions';
const rule = 'os_compute_api:os-instance-actions';

export const instanceActionRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listServerActions, rule: `${rule}:list` },
  { method: 'get', path: `${path}/:request`, handler: showServerAction, rule: `${rule}:show` },
];
