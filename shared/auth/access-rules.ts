/** What an application credential allows, where it allows only some requests. */
import { unauthorized } from '#shared/errors/fault.ts';
import type { AccessRule } from './token.ts';
import type { Who } from './who.ts';

/** The types by which the catalog, and so a rule, may know an API. */
const types: Readonly<Record<string, readonly string[]>> = {
  volume: ['volume', 'volumev3', 'block-storage'],
};

interface Request {
  /** The folder below openapi/. */
  readonly api: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** 401 as keystonemiddleware says it, unless a rule fits; a service that passes the request on may do what it needs. */
export function refuseUnlessAllowed({ accessRules, serviceRoles }: Who, request: Request): void {
  if (!accessRules || serviceRoles.includes('service')) return;
  if (!accessRules.some((rule) => fits(rule, request))) throw unauthorized();
}

function fits({ service, method, path }: AccessRule, asked: Request): boolean {
  if (!(types[asked.api] ?? [asked.api]).includes(service)) return false;
  return method.toUpperCase() === asked.method.toUpperCase() && patternOf(path).test(asked.path);
}

/** `{any}` and `*` are one part of a path, `**` any number of them. */
function patternOf(path: string): RegExp {
  const source = path
    .split(/(\*\*|\*|\{[^}]*\})/)
    .map((part, at) => {
      if (at % 2 === 0) return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
      return part === '**' ? '.*' : '[^/]+';
    })
    .join('');
  return new RegExp(`^${source}$`);
}
