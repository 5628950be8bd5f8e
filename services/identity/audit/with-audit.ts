/** Every write and every login leaves a CADF event: a row first, then the bus and the log file. */
import { randomUUID } from 'node:crypto';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { LoginRefused } from '../tokens/login-refused.ts';
import { type AuditName, auditName } from './names.ts';
import { type AuditEvent, type AuditRow, closeEvent, insertEvent } from './store.ts';

/** Validation of a signature by a service is a read, although the method is POST. */
export const unaudited: ReadonlySet<string> = new Set(['/v3/ec2tokens', '/v3/s3tokens']);

/** Federated logins also come by GET. */
const loginRoutes =
  /^post \/v3\/(auth\/tokens|OS-OAUTH2\/token)$|^(get|post) \/v3\/(auth\/OS-FEDERATION\/.*websso.*|OS-FEDERATION\/.*\/auth)$/;

/** For a login whose response body does not name the user. */
export interface LogInAnswer extends Answer {
  readonly userId?: string;
}

export function withAudit(route: Route<Identity>): Route<Identity> {
  const { method, path, handler } = route;
  const name = loginRoutes.test(`${method} ${path}`) ? loginEvent : auditName(method, path);
  if (name === undefined || unaudited.has(path)) return route;
  const audit = name === loginEvent ? auditLogin : auditWrite;
  return {
    ...route,
    handler: (identity, call) => audit(identity, eventOf(call, route, name), () => handler(identity, call)),
  };
}

const loginEvent = 'loginEvent';

type Work = () => Promise<Answer>;

/** A login changes nothing that a crash could leave without its event, so one row is written at its end. */
async function auditLogin(identity: Identity, row: AuditRow, work: Work): Promise<Answer> {
  const settled = await settledAnswer(work);
  await insertEvent(identity.db, withIds(withOutcome(row, settled), settled), false);
  return unwrap(settled);
}

/**
 * The row is written before the change, so that a crash leaves an event with the outcome unknown, never a change
 * without an event.
 */
async function auditWrite(identity: Identity, row: AuditRow, work: Work): Promise<Answer> {
  await insertEvent(identity.db, row, true);
  const settled = await settledAnswer(work);
  await closeEvent(identity.db, withIds(withOutcome(row, settled), settled));
  return unwrap(settled);
}

type Settled = { readonly answer: Answer } | { readonly error: unknown };

const settledAnswer = (work: Work): Promise<Settled> =>
  work().then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );

function unwrap(settled: Settled): Answer {
  if ('error' in settled) throw settled.error;
  return settled.answer;
}

function withOutcome(row: AuditRow, settled: Settled): AuditRow {
  const status =
    'answer' in settled ? settled.answer.status : settled.error instanceof Fault ? settled.error.status : 500;
  if (status < 400) return closed(row, 'success', status);
  return failed(
    row,
    status,
    'error' in settled && settled.error instanceof LoginRefused ? { detail: settled.error.reason } : {},
  );
}

export const failed = (
  row: AuditRow,
  status: number,
  more: Pick<AuditEvent, 'detail' | 'unrecorded'> = {},
): AuditRow => {
  const { event, ...rest } = closed(row, 'failure', status);
  return { ...rest, event: { ...event, ...more } };
};

const closed = (row: AuditRow, outcome: AuditEvent['outcome'], status: number): AuditRow => ({
  ...row,
  event: { ...row.event, outcome, reason: { reasonCode: String(status), reasonType: 'HTTP' } },
});

/** The id of a created resource, and of the user who logged in, is in the response. */
function withIds(row: AuditRow, settled: Settled): AuditRow {
  if (!('answer' in settled)) return row;
  const { event } = row;
  const { body, userId } = settled.answer as LogInAnswer;
  const [resource] = Object.values((body ?? {}) as Record<string, { id?: string; user?: { id?: string } } | undefined>);
  const id = userId ?? resource?.user?.id;
  if (id && event.action === 'authenticate')
    return { ...row, event: { ...event, initiator: { ...event.initiator, id } } };
  if (!resource?.id) return row;
  return { ...row, event: { ...event, target: { ...event.target, id: resource.id } } };
}

interface ClaimedUser {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}
type AuthMethods = Readonly<Record<string, { readonly user?: ClaimedUser } | undefined>>;

/** The user that a request without a token names, so that a failed login has one. */
function claimedUser({ params, body }: Call<unknown>, path: string): ClaimedUser | undefined {
  if (path === '/v3/users/:id/password') return params.id === undefined ? undefined : { id: params.id };
  const methods = (body as { auth?: { identity?: AuthMethods } } | undefined)?.auth?.identity ?? {};
  const user = methods.password?.user ?? methods.totp?.user ?? methods.application_credential?.user;
  if (!user) return undefined;
  const { id, name, domain } = user;
  return { ...(id ? { id } : {}), ...(name ? { name: name.slice(0, 255) } : {}), ...(domain ? { domain } : {}) };
}

export function eventOf(
  call: Call<unknown>,
  { path }: Pick<Route<Identity>, 'path'>,
  name: AuditName | typeof loginEvent,
): AuditRow {
  const { caller, params, address } = call;
  const id = randomUUID();
  const { resource, operation } = name === loginEvent ? { resource: 'user', operation: undefined } : name;
  const topic = operation ? `identity.${resource}.${operation}` : 'identity.authenticate';
  const action = operation ? `${operation}.${resource}` : 'authenticate';
  const event: AuditEvent = {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id,
    eventType: 'activity',
    eventTime: new Date().toISOString().replace('Z', '000+0000'),
    action,
    outcome: 'unknown',
    initiator: {
      typeURI: 'service/security/account/user',
      id: caller.userId || 'unknown',
      ...(caller.userId ? {} : { said: claimedUser(call, path) }),
      project_id: caller.projectId,
      domain_id: caller.domainId,
      request_id: caller.requestId,
      host: { address },
    },
    target: { typeURI: `data/security/${resource}`, id: Object.values(params).at(-1) ?? 'unknown', of: params },
    observer: { typeURI: 'service/security', id: 'identity' },
    requestPath: path,
  };
  return { id, topic, event };
}
