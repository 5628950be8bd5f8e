/** Access rules of application credentials: a token with rules may make only the requests that one of them matches. */
import { Lru } from '#shared/clock/lru.ts';
import { unauthorized } from '#shared/errors/fault.ts';
import { type LinearRegex, linearRegex } from '#shared/input/linear-regex.ts';
import { own } from '#shared/input/own.ts';
import { type Authenticated, isForUser } from './caller.ts';
import type { AccessRule } from './token.ts';

/** Service types of one API, where the catalog or a rule may use several. */
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

/** Throws 401, as keystonemiddleware does, unless a rule matches. A request of a service on behalf of the user is exempt. */
export function refuseUnlessAllowed(caller: Authenticated, request: Request): void {
  const { accessRules } = caller;
  if (!accessRules || isForUser(caller)) return;
  if (!accessRules.some((rule) => matches(rule, request))) throw unauthorized();
}

function matches({ service, method, path }: AccessRule, request: Request): boolean {
  if (!(own(types, request.api) ?? [request.api]).includes(service)) return false;
  return method.toUpperCase() === request.method.toUpperCase() && patternOf(path).test(request.path);
}

const patterns = new Lru<LinearRegex>(500);

/** `{any}` and `*` match one part of a path, `**` any number. Users write these patterns, hence linear-regex.ts. */
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
