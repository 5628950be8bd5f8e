/**
 * The path of every request whose path is known, in order:
 * 1. API version; 2. routes of the path that exist in this version; 3. caller, from the token; 4. access rules and policy
 * rules; 5. the route's `subject`; 6. body; 7. route by action; 8. policy rule of that route; 9. validation against openapi/;
 * 10. handler; 11. answer.
 * The caller is authorized before the body is read, so an unauthorized client cannot make the service read one.
 */
import type { Request, Response } from 'express';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault, notFound } from '#shared/errors/fault.ts';
import { baseOf, withoutProxies } from './address.ts';
import { send } from './answer.ts';
import { authorizePath, identifyCaller } from './authenticate.ts';
import { readBody, watchStream } from './body.ts';
import { callOf, queriesOf, type Received } from './call.ts';
import { refuseWhileShort } from './full-disk.ts';
import type { ServeOptions } from './options.ts';
import { type Answer, anonymous, type Call, type Route } from './route.ts';
import { validate, validateAnswer } from './validate.ts';

/** How far a request has come, for the audit of a refusal. */
interface Progress<Service> {
  route: Route<Service>;
  caller?: Caller;
  handled: boolean;
}

/** The routes of a path: those that exist in the version of the request, and all. */
interface OfPath<Service> {
  readonly open: readonly Route<Service>[];
  readonly all: readonly Route<Service>[];
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

export async function handleRequest<Service>(
  options: ServeOptions<Service>,
  routes: readonly Route<Service>[],
  req: Request,
  res: Response,
): Promise<void> {
  const received = receive(options, req, res);
  const open = routes.filter((route) => isOpen(route, received.version));
  const [route] = open;
  if (!route) throw notFound('Resource', req.path);
  const progress: Progress<Service> = { route, handled: false };
  try {
    const answer = await answerTo(options, received, { open, all: routes }, progress);
    for (const [name, value] of headersOf(options, received)) res.setHeader(name, value);
    await send(res, answer);
  } catch (error) {
    await recordRefusal(options, received, progress, error);
    throw error;
  }
}

function receive<Service>({ dialect, addressing }: ServeOptions<Service>, req: Request, res: Response): Received {
  const header = (name: string) => req.headers[name] as string | undefined;
  const version = dialect.version(header);
  res.locals.version = version;
  return { req, res, header, version, queries: queriesOf(req.url), base: baseOf(req, addressing ?? withoutProxies) };
}

async function answerTo<Service>(
  options: ServeOptions<Service>,
  received: Received,
  { open, all }: OfPath<Service>,
  progress: Progress<Service>,
): Promise<Answer> {
  const { enforcer, service } = options;
  const { req, res, header, version, queries } = received;
  const first = progress.route;
  const caller = { ...(await identifyCaller(options, first, header, requestIdOf(res))), policy: enforcer };
  progress.caller = caller;
  res.locals.caller = caller;
  authorizePath(options, open, caller, req);
  const call: Mutable<Call<unknown>> = callOf(options, received, caller);
  if (first.subject) call.subject = await first.subject(service, call as Call<undefined>);
  call.body = first.body === 'stream' ? undefined : await readBody(req, limitsOf(options));
  const route = first.action === undefined ? first : routeOfAction({ open, all }, call.body, version);
  progress.route = route;
  call.rule = typeof route.rule === 'string' ? route.rule : null;
  if (!options.reservesRoom) refuseWhileShort(route, caller);
  if (call.rule !== null && open.length > 1) enforcer.authorize(call.rule, caller); // that of a single route has passed
  validate(options, route, version, call.body, queries);
  const refused = route.body === 'stream' ? undefined : await options.strict?.(req, res, version, call.body);
  if (refused) throw refused;
  progress.handled = true;
  const work = () => route.handler(service, call as Call<never>);
  const answer = await (route.body === 'stream' ? streamed(req, work, options.bodyIdleMs) : work());
  if (options.checkAnswers) validateAnswer(options, route, version, answer);
  return answer;
}

const requestIdOf = ({ locals }: Response): string => locals.requestId as string;

const headersOf = <Service>({ dialect }: ServeOptions<Service>, { version, res }: Received) =>
  Object.entries(dialect.headers?.(version, requestIdOf(res)) ?? {});

const limitsOf = <Service>({ bodyLimitBytes = 114_688, bodyIdleMs }: ServeOptions<Service>) => ({
  bytes: bodyLimitBytes,
  ...(bodyIdleMs === undefined ? {} : { idleMs: bodyIdleMs }),
});

/** Calls a handler that reads the body itself, with the idle timeout of the body. */
async function streamed(stream: Request, work: () => Promise<Answer>, idleMs?: number): Promise<Answer> {
  if (stream.complete) return work();
  const { stall, stop } = watchStream(stream, idleMs);
  try {
    return await Promise.race([work(), stall]);
  } finally {
    stop();
  }
}

const isOpen = ({ since, until }: Pick<Route<never>, 'since' | 'until'>, version: Version) =>
  (!since || atLeast(version, since)) && (!until || atLeast(until, version));

function routeOfAction<Service>({ open, all }: OfPath<Service>, body: unknown, version: Version): Route<Service> {
  const keys = body !== null && typeof body === 'object' ? Object.keys(body) : [];
  const isAsked = ({ action }: Route<Service>) => action !== undefined && keys.includes(action);
  const route = open.find(isAsked);
  if (route) return route;
  if (all.some(isAsked)) throw new Fault(404, 'notFound', `API version ${version} is not supported on this method.`);
  throw badRequest(`There is no such action: ${keys.join(', ')}`);
}

async function recordRefusal<Service>(
  options: ServeOptions<Service>,
  received: Received,
  { route, handled, caller }: Progress<Service>,
  error: unknown,
): Promise<void> {
  const { refused, service, enforcer } = options;
  if (!refused || !(error instanceof Fault) || (error.status !== 401 && error.status !== 403)) return;
  const known = caller ?? { ...anonymous(requestIdOf(received.res)), policy: enforcer };
  await refused(service, { route, handled, call: callOf(options, received, known), fault: error });
}
