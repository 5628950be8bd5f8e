/** Every write and every login leaves an event: a row first, then the bus and the log file. */
import { randomUUID } from 'node:crypto';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { type AuditEvent, type AuditRow, closeEvent, insertEvent } from './store.ts';

const verbs: Readonly<Record<string, string>> = {
  post: 'created',
  put: 'created',
  patch: 'updated',
  delete: 'deleted',
};

/** Validation of a token by a service is a read, whatever its method. */
const quiet = new Set(['/v3/ec2tokens', '/v3/s3tokens']);

/** Some come by GET: a browser that a trusted web server has looked at. */
const logins =
  /^post \/v3\/(auth\/tokens|OS-OAUTH2\/token)$|^(get|post) \/v3\/(auth\/OS-FEDERATION\/.*websso.*|OS-FEDERATION\/.*\/auth)$/;

/** The answer of a login whose body does not say whose it is. */
export interface LogInAnswer extends Answer {
  readonly userId?: string;
}

export function audited(route: Route<Identity>): Route<Identity> {
  const { method, path, handler } = route;
  const isLogin = logins.test(`${method} ${path}`);
  if ((!isLogin && verbs[method] === undefined) || quiet.has(path)) return route;
  const audit = isLogin ? auditLogin : auditWrite;
  return { ...route, handler: (identity, call) => audit(identity, call, route, () => handler(identity, call)) };
}

type Work = () => Promise<Answer>;

/** A login changes nothing that a crash could leave without its event: one row, when it is over. */
async function auditLogin(identity: Identity, call: Call<never>, route: Route<Identity>, work: Work): Promise<Answer> {
  const ended = await ending(work);
  const row = withOutcome(eventOf(call, route, 'identity.authenticate', 'authenticate'), ended);
  await insertEvent(identity.db, named(row, ended), false);
  return handOn(ended);
}

/** The row is there before the change: a crash between leaves it with an unknown outcome, never a change without it. */
async function auditWrite(identity: Identity, call: Call<never>, route: Route<Identity>, work: Work): Promise<Answer> {
  const [resource, verb] = [resourceOf(route.path), verbs[route.method] ?? ''];
  const row = eventOf(call, route, `identity.${resource}.${verb}`, `${verb}.${resource}`);
  await insertEvent(identity.db, row, true);
  const ended = await ending(work);
  await closeEvent(identity.db, named(withOutcome(row, ended), ended));
  return handOn(ended);
}

type Ended = { readonly answer: Answer } | { readonly error: unknown };

const ending = (work: Work): Promise<Ended> =>
  work().then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );

function handOn(ended: Ended): Answer {
  if ('error' in ended) throw ended.error;
  return ended.answer;
}

function withOutcome(row: AuditRow, ended: Ended): AuditRow {
  const status = 'answer' in ended ? ended.answer.status : ended.error instanceof Fault ? ended.error.status : 500;
  const outcome = status < 400 ? 'success' : 'failure';
  return { ...row, event: { ...row.event, outcome, reason: { reasonCode: String(status), reasonType: 'HTTP' } } };
}

/** What was made is known by its answer; who logged in too. */
function named(row: AuditRow, ended: Ended): AuditRow {
  if (!('answer' in ended)) return row;
  const { event } = row;
  const { body, userId } = ended.answer as LogInAnswer;
  const [thing] = Object.values((body ?? {}) as Record<string, { id?: string; user?: { id?: string } } | undefined>);
  const id = userId ?? thing?.user?.id;
  if (id && event.action === 'authenticate')
    return { ...row, event: { ...event, initiator: { ...event.initiator, id } } };
  if (!thing?.id) return row;
  return { ...row, event: { ...event, target: { ...event.target, id: thing.id } } };
}

/** `/v3/projects/:id/users/:actorId/roles/:roleId` is about a role. */
const resourceOf = (path: string): string =>
  (path.split('/').findLast((word) => word && !word.startsWith(':') && word !== 'inherited_to_projects') ?? '')
    .replace(/ies$/, 'y')
    .replace(/s$/, '');

function eventOf(call: Call<never>, { path }: Route<Identity>, topic: string, action: string): AuditRow {
  const { who, params, stream } = call;
  const id = randomUUID();
  const event: AuditEvent = {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id,
    eventType: 'activity',
    eventTime: new Date().toISOString().replace('Z', '000+0000'),
    action,
    outcome: 'unknown',
    initiator: {
      typeURI: 'service/security/account/user',
      id: who.userId || 'unknown',
      project_id: who.projectId,
      domain_id: who.domainId,
      request_id: who.requestId,
      host: { address: stream.socket.remoteAddress },
    },
    target: { typeURI: `data/security/${resourceOf(path)}`, id: Object.values(params).at(-1) ?? 'unknown', of: params },
    observer: { typeURI: 'service/security', id: 'identity' },
    requestPath: path,
  };
  return { id, topic, event };
}
