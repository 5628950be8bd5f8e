/** Checks requests, and in tests answers, against openapi/. */
import type { Version } from '#shared/api/versions.ts';
import { badRequest, type Fault } from '#shared/errors/fault.ts';
import type { Queries } from './call.ts';
import type { Dialect, Problem } from './dialect.ts';
import type { ServeOptions } from './options.ts';
import type { Route } from './route.ts';

/** Throws the dialect's 400 for an invalid query or body. */
export function validate<Service>(
  { checks, dialect }: ServeOptions<Service>,
  route: Route<Service>,
  version: Version,
  body: unknown,
  queries: Queries,
): void {
  const { method, path, action } = route;
  const query = checks.query(method, path, version, queries);
  if (query) throw refuse(dialect, { where: 'query', ...query });
  if (route.body === 'stream' || method === 'get' || method === 'head' || method === 'delete') return;
  const misfit = checks.body(method, path, action, version, body ?? null);
  if (misfit) throw refuse(dialect, { where: 'body', ...misfit });
}

const secret = /password|adminpass|secret|token/i;

function refuse(dialect: Dialect, problem: Problem): Fault {
  if (dialect.invalid) return dialect.invalid(problem);
  const { where, path, value, reason } = problem;
  if (where === 'query')
    return badRequest(`Invalid input for query parameters ${path.join('/')}. Value: ${plain(value)}. ${reason}`);
  if (path.length === 0) return badRequest(reason);
  const name = path.at(-1) ?? '';
  if (secret.test(name)) return badRequest(`Invalid input for field/attribute ${name}.`);
  return badRequest(`Invalid input for field/attribute ${name}. Value: ${plain(value)}. ${reason}`);
}

const plain = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 200);

/** Throws an Error for an answer that openapi/ does not allow. */
export function validateAnswer<Service>(
  { checks }: ServeOptions<Service>,
  { method, path }: Route<Service>,
  version: Version,
  answer: { status: number; body?: unknown },
): void {
  if (answer.body === undefined || Buffer.isBuffer(answer.body)) return;
  const misfit = checks.answer(method, path, answer.status, version, JSON.parse(JSON.stringify(answer.body)));
  if (misfit)
    throw new Error(
      `the answer of ${method} ${path} does not match openapi: ${misfit.path.join('.')} ${misfit.reason}`,
    );
}
