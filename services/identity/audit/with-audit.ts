/** Every write and every login leaves an event: a row first, then the bus and the log file. */
import { randomUUID } from 'node:crypto';
import { Fault } from '#shared/errors/fault.ts';
import type { Answer, Call, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { LoginRefused } from '../tokens/login-refused.ts';
import { type AuditName, auditName } from './names.ts';
import { type AuditEvent, type AuditRow, closeEvent, insertEvent } from './store.ts';

/** Validation of a token by a service is a read, whatever its method. */
export const unaudited: ReadonlySet<string> = new Set(['/v3/ec2tokens', '/v3/s3tokens']);

/** Some come by GET: a browser that a trusted web server has looked at. */
const logins =
  /^post \/v3\/(auth\/tokens|OS-OAUTH2\/token)$|^(get|post) \/v3\/(auth\/OS-FEDERATION\/.*websso.*|OS-FEDERATION\/.*\/auth)$/;

/** The answer of a login whose body does not say whose it is. */
export interface LogInAnswer extends Answer {
  readonly userId?: string;
}

export function withAudit(route: Route<Identity>): Route<Identity> {
  const { method, path, handler } = route;
  const name = logins.test(`${method} ${path}`) ? login : auditName(method, path);
  if (name === undefined || unaudited.has(path)) return route;
  const audit = name === login ? auditLogin : auditWrite;
  return {
    ...route,
    handler: (identity, call) => audit(identity, eventOf(call, route, name), () => handler(identity, call)),
  };
}

const login = 'login';

type Work = () => Promise<Answer>;

/** A login changes nothing that a crash could leave without its event: one row, when it is over. */
async function auditLogin(identity: Identity, row: AuditRow, work: Work): Promise<Answer> {
  const ended = await ending(work);
  await insertEvent(identity.db, named(withOutcome(row, ended), ended), false);
  return handOn(ended);
}

/** The row is there before the change: a crash between leaves it with an unknown outcome, never a change without it. */
async function auditWrite(identity: Identity, row: AuditRow, work: Work): Promise<Answer> {
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
  if (status < 400) return over(row, 'success', status);
  return failed(
    row,
    status,
    'error' in ended && ended.error instanceof LoginRefused ? { detail: ended.error.reason } : {},
  );
}

export const failed = (
  row: AuditRow,
  status: number,
  more: Pick<AuditEvent, 'detail' | 'unrecorded'> = {},
): AuditRow => {
  const { event, ...rest } = over(row, 'failure', status);
  return { ...rest, event: { ...event, ...more } };
};

const over = (row: AuditRow, outcome: AuditEvent['outcome'], status: number): AuditRow => ({
  ...row,
  event: { ...row.event, outcome, reason: { reasonCode: String(status), reasonType: 'HTTP' } },
});

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

interface Person {
  readonly id?: string;
  readonly name?: string;
  readonly domain?: { readonly id?: string; readonly name?: string };
}
type Stated = Readonly<Record<string, { readonly user?: Person } | undefined>>;

/** Who somebody without a token says they are; a password that failed was for somebody. */
function statedBy({ params, body }: Call<unknown>, path: string): Person | undefined {
  if (path === '/v3/users/:id/password') return { id: params.id ?? '' };
  const proofs = (body as { auth?: { identity?: Stated } } | undefined)?.auth?.identity ?? {};
  const user = proofs.password?.user ?? proofs.totp?.user ?? proofs.application_credential?.user;
  if (!user) return undefined;
  const { id, name, domain } = user;
  return { ...(id ? { id } : {}), ...(name ? { name: name.slice(0, 255) } : {}), ...(domain ? { domain } : {}) };
}

export function eventOf(
  call: Call<unknown>,
  { path }: Pick<Route<Identity>, 'path'>,
  name: AuditName | typeof login,
): AuditRow {
  const { caller, params, address } = call;
  const id = randomUUID();
  const { resource, operation } = name === login ? { resource: 'user', operation: undefined } : name;
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
      ...(caller.userId ? {} : { said: statedBy(call, path) }),
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
