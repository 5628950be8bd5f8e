/** What an application credential allows, where it allows only some requests. */
import { Lru } from '#shared/clock/lru.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { type LinearRegex, linearRegex } from '#shared/input/linear-regex.ts';
import { own } from '#shared/input/own.ts';
import type { Caller } from './caller.ts';
import type { AccessRule } from './token.ts';

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
export function refuseUnlessAllowed({ accessRules, serviceRoles }: Caller, request: Request): void {
  if (!accessRules || serviceRoles.includes('service')) return;
  if (!accessRules.some((rule) => fits(rule, request))) throw unauthorized();
}

function fits({ service, method, path }: AccessRule, asked: Request): boolean {
  if (!(own(types, asked.api) ?? [asked.api]).includes(service)) return false;
  return method.toUpperCase() === asked.method.toUpperCase() && patternOf(path).test(asked.path);
}

const patterns = new Lru<LinearRegex>(500);

/** `{any}` and `*` are one part of a path, `**` any number of them. Users write these: see linear-regex.ts. */
function patternOf(path: string): LinearRegex {
  const known = patterns.get(path);
  if (known) return known;
  const source = path
    .split(/(\*\*|\*|\{[^{}]*\})/)
    .map((part, at) => {
      if (at % 2 === 0) return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
      return part === '**' ? '.*' : '[^/]+';
    })
    .join('');
  const pattern = linearRegex(`^${source}$`);
  patterns.set(path, pattern);
  return pattern;
}
