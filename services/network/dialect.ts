/** The error format of Neutron. */
import { badRequest } from '#shared/errors/fault.ts';
import type { Dialect, Problem } from '#shared/http/dialect.ts';
import { loginRequired } from '#shared/http/fault-formats.ts';
import { own } from '#shared/input/own.ts';

/** The error type of a Fault that has none of its own. */
const types: Readonly<Record<string, string>> = {
  badRequest: 'HTTPBadRequest',
  unauthorized: 'HTTPUnauthorized',
  forbidden: 'PolicyNotAuthorized',
  notFound: 'HTTPNotFound',
  badMethod: 'HTTPMethodNotAllowed',
  conflict: 'Conflict',
  tooLarge: 'HTTPRequestEntityTooLarge',
  badMediaType: 'HTTPUnsupportedMediaType',
  unexpected: 'HTTPInternalServerError',
};

export const neutron = (identityUrl: string): Dialect => ({
  version: () => '2.0',
  fault: ({ status, kind, type, message }) =>
    status === 401
      ? loginRequired(identityUrl, message)
      : { body: { NeutronError: { type: typeOf(type) ?? own(types, kind) ?? kind, message, detail: '' } } },
  invalid,
});

/** For an unknown path Neutron has the generic HTTP error. */
const typeOf = (type: string | undefined) => (type === 'ResourceNotFound' ? 'HTTPNotFound' : type);

function invalid({ path, value, reason }: Problem) {
  const unexpected = reason.match(/^Additional properties are not allowed \('(.*)' was unexpected\)$/)?.[1];
  if (unexpected !== undefined && path.length === 0)
    return badRequest(`Unable to find a resource that is known in the request body: '${unexpected}'`, 'HTTPBadRequest');
  if (unexpected !== undefined) return badRequest(`Unrecognized attribute(s) '${unexpected}'`, 'HTTPBadRequest');
  const missing = reason.match(/^'(.*)' is a required property$/)?.[1];
  if (missing !== undefined && path.length === 0)
    return badRequest(`Unable to find '${missing}' in request body`, 'HTTPBadRequest');
  if (missing !== undefined)
    return badRequest(`Failed to parse request. Required attribute '${missing}' not specified`, 'HTTPBadRequest');
  if (path.length === 0) return badRequest('Resource body required', 'HTTPBadRequest');
  const name = path.find((key) => !/^\d+$/.test(key) && path.indexOf(key) > 0) ?? path.at(-1);
  const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  const text = reason.replace(/ is not a 'uuid'$/, ' is not a valid UUID');
  const explained = text.startsWith(shown) ? text : `${shown}: ${text}`;
  return badRequest(`Invalid input for ${name}. Reason: ${explained}.`, 'HTTPBadRequest');
}
