/** Which rules a write must pass: the rule of the verb, and that of each attribute that its body names. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import type { Call } from '#shared/http/route.ts';
import { hasGlobalAccess, policy } from '../policy.ts';

export type Body = Readonly<Record<string, unknown>>;
export type Defaults = Readonly<Record<string, unknown>>;

/** The project that a new thing shall belong to. Another than the caller's is for those who act for all. */
export function projectFor(caller: Caller, { project_id, tenant_id }: Body): string {
  if (project_id !== undefined && tenant_id !== undefined && project_id !== tenant_id)
    throw badRequest("'project_id' and 'tenant_id' do not match", 'HTTPBadRequest');
  const projectId = String(project_id ?? tenant_id ?? caller.projectId ?? '');
  if (projectId !== (caller.projectId ?? '') && !hasGlobalAccess(caller))
    throw badRequest(
      "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
      'HTTPBadRequest',
    );
  return projectId;
}

/**
 * All rules that a body asks for. An update asks for each attribute that it names, whatever the value; a create too,
 * but for an attribute that has a default of its own and is named with just that.
 */
export const rulesOfUpdate = (one: string, body: Body): string[] => rulesOf(`update_${one}`, body, {});
export const rulesOfCreate = (one: string, body: Body, defaults: Defaults): string[] =>
  rulesOf(`create_${one}`, body, defaults);

function rulesOf(rule: string, body: Body, defaults: Defaults): string[] {
  const named = Object.entries(body).filter(
    ([name, value]) => !(Object.hasOwn(defaults, name) && isDefault(value, defaults[name])),
  );
  return [rule, ...named.flatMap(([name, value]) => rulesBelow(`${rule}:${name}`, value))];
}

/** Clients write flags in several ways; null leaves an attribute as it would be. */
function isDefault(value: unknown, standard: unknown): boolean {
  if (value === null || value === standard) return true;
  return typeof standard === 'boolean' && flags.get(String(value).toLowerCase()) === standard;
}

const flags = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** `create_port:fixed_ips` and, since an address is in it, `create_port:fixed_ips:ip_address`. */
function rulesBelow(rule: string, value: unknown): string[] {
  const inside = Array.isArray(value) ? value : [value];
  const keys = inside.flatMap((each) => (each !== null && typeof each === 'object' ? Object.keys(each) : []));
  return [rule, ...new Set(keys.map((key) => `${rule}:${key}`))].filter((each) => Object.hasOwn(policy.rules, each));
}

/** `If-Match: revision_number=7` does a write only to the revision that its author has seen. */
export function revisionAsked(header: Call['header']): number | undefined {
  const asked = [...(header('if-match') ?? '').matchAll(/revision_number=([^",\s]*)/g)].map(
    ([, number = '']) => number,
  );
  const [only, another] = asked;
  if (only === undefined) return undefined;
  if (another !== undefined)
    throw badRequest('Bad if-match request: Multiple revision_number etags are not supported.', 'BadRequest');
  if (/^\d{1,15}$/.test(only)) return Number(only);
  throw badRequest(
    'Bad if-match request: Revision number etag must be in the format of revision_number=<int>.',
    'BadRequest',
  );
}
