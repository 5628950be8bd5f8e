/**
 * Every route of an API, called by every persona on an own and on a foreign target. The answer is compared with what upstream's
 * default rule says by hand (personas.ts), not with the service's own policy engine.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Json } from '#shared/api/document.ts';
import { narrow } from '#shared/api/narrow.ts';
import type { Route } from '#shared/http/route.ts';
import { exampleOf } from '../example.ts';
import type { ApiFacts } from '../services.ts';
import { mayByHand, type Persona, personas, type Target } from './personas.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly version: string;
  readonly body: unknown;
  readonly persona: Persona;
}

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads responses as a client does
  readonly body: any;
}

export interface Walk {
  readonly api: ApiFacts;
  ask(request: Request): Promise<Reply>;
  /** Routes that are left out: a second spelling of a path, for example. */
  readonly skip?: RegExp;
  /**
   * Routes (`method path action`) about a resource of a project, and how to make a fresh one for each request. The first that
   * matches counts; other routes are about nothing that belongs to a project.
   */
  readonly owned: readonly (readonly [
    key: RegExp,
    make: (target: Target) => Promise<Readonly<Record<string, string>>>,
  ])[];
  /** Routes that fail with 500 once they are allowed, because no host is there. */
  readonly needsHost?: RegExp;
  /** Values of the other parameters of paths. */
  readonly params: Readonly<Record<string, string>>;
  /** Bodies by `method path action`, where the example of OpenAPI is refused before the rule of the resource. */
  readonly bodies?: (key: string, ids: Readonly<Record<string, string>>) => unknown;
  /** Rules of routes whose verdict is not that of the route's own rule, by `method path`. */
  readonly verdict?: Readonly<Record<string, (persona: Persona, target: Target) => boolean>>;
}

export const keyOf = ({ method, path, action }: Pick<Route<never>, 'method' | 'path' | 'action'>): string =>
  [method, path, ...(action === undefined ? [] : [action])].join(' ');

export const routesOf = ({ api, skip }: Walk): readonly Route<never>[] =>
  api.routes.filter((route) => route.auth === undefined && !skip?.test(keyOf(route)));

/** One call of a route. Its target is made for it, so that no earlier call counts. */
export async function call(walk: Walk, route: Route<never>, persona: Persona, target: Target): Promise<number> {
  const { method, path, until } = route;
  const ids = (await walk.owned.find(([pattern]) => pattern.test(keyOf(route)))?.[1](target)) ?? {};
  const version = until ?? walk.api.newest;
  const filled = path.replace(/[:*](\w+)/g, (_match, name: string) => ids[name] ?? walk.params[name] ?? 'nothing');
  const body = walk.bodies?.(keyOf(route), ids) ?? bodyFor(walk, route, version);
  const { status } = await walk.ask({
    method: method.toUpperCase(),
    path: filled + (ids.query ?? ''),
    version,
    body,
    persona,
  });
  return status;
}

function bodyFor({ api }: Walk, { method, path, action }: Route<never>, version: string): unknown {
  if (!['post', 'put', 'patch'].includes(method)) return undefined;
  const content = Object.entries(api.document.operation(method, path)?.requestBody?.content ?? {});
  const whole = content.find(([type]) => type.includes('json'))?.[1].schema;
  if (whole === undefined) return undefined;
  const schema = narrow(whole as Json, version as '2.1') as { oneOf?: Schema[]; anyOf?: Schema[] };
  if (action === undefined) return exampleOf(schema);
  return exampleOf((schema.oneOf ?? schema.anyOf ?? []).find(({ properties = {} }) => action in properties) ?? {});
}
interface Schema {
  readonly properties?: object;
}

const isRefused = (status: number) => status === 403 || status === 404;

const targets: readonly Target[] = [{ project: 'blue' }, { project: 'green' }];

/** Everything that differs from upstream's rules, as sentences; `blind` are targets that not even an administrator reaches. */
export async function walkAll(walk: Walk, over: readonly Target[] = targets) {
  const wrong: string[] = [];
  const blind = new Set<string>();
  let asked = 0;
  for (const route of routesOf(walk)) {
    const isOwned = walk.owned.some(([pattern]) => pattern.test(keyOf(route)));
    for (const target of isOwned ? over : over.slice(0, 1)) {
      const about: Target = isOwned ? target : { project: '' };
      for (const persona of personas.toReversed()) {
        // `rule:shared` lets in callers without a role, whom some routes refuse before they look at the target
        if (target.visibility === 'shared' && persona.roles.includes('none')) continue;
        const status = await call(walk, route, persona, target);
        asked += 1;
        const place = `${target.project}: ${keyOf(route)}`;
        if (persona.name === 'admin' && isRefused(status)) blind.add(place);
        const expected = expects(walk, route, persona, isOwned ? about : { project: persona.project });
        const isAsExpected = expected ? !isRefused(status) || blind.has(place) : isRefused(status);
        const isBroken = status === 401 || ((status === 500 || status > 501) && !walk.needsHost?.test(keyOf(route)));
        if (!isAsExpected || isBroken)
          wrong.push(`${persona.name}, ${target.project}: ${keyOf(route)} ${status}, ${expected ? 'may' : 'may not'}`);
      }
    }
  }
  return { wrong, blind: [...blind], asked };
}

function expects({ api, verdict = {} }: Walk, route: Route<never>, persona: Persona, target: Target): boolean {
  const special = verdict[keyOf(route)];
  if (special) return special(persona, target);
  const names = namesOf(route);
  return names.length === 0 || names.some((name) => mayByHand(api.policy.rules[name] ?? '', persona, target));
}

/**
 * Calls every route of a service whose policy file forbids all rules of routes. Returns what an administrator may do all the same:
 * routes that ask none of the rules that they name.
 */
export async function walkClosed(walk: Walk, closed: readonly string[]): Promise<string[]> {
  const open: string[] = [];
  const admin = personas.at(-1) as Persona;
  for (const route of routesOf(walk)) {
    const names = namesOf(route);
    if (walk.verdict?.[keyOf(route)] || names.length === 0 || !names.every((name) => closed.includes(name))) continue;
    const status = await call(walk, route, admin, { project: admin.project });
    if (!isRefused(status)) open.push(`${keyOf(route)} ${status}`);
  }
  return open;
}

/** The rules of routes; of one route. */
export const rulesOfRoutes = (api: ApiFacts): string[] => [...new Set(api.routes.flatMap(namesOf))];

function namesOf({ rule }: Route<never>): readonly string[] {
  if (typeof rule === 'string') return [rule];
  return rule !== undefined && 'checkedInHandler' in rule ? rule.checkedInHandler : [];
}

/** A policy file of these rules, for the settings of a service. */
export function policyFile(t: Pick<TestContext, 'after'>, rules: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, JSON.stringify(rules));
  return file;
}

/**
 * Calls every route that changes something, as a member of another project who may read everything: a policy that widens reads
 * must not widen writes. Returns the writes that pass.
 */
export async function walkWidened(walk: Walk, reads: RegExp): Promise<string[]> {
  const auditor: Persona = { name: 'auditor', project: 'red', user: 'auditor', roles: ['auditor', 'member', 'reader'] };
  const passed: string[] = [];
  for (const route of routesOf(walk)) {
    const isRead = route.method === 'get' || namesOf(route).every((name) => reads.test(name));
    if (isRead || !walk.owned.some(([pattern]) => pattern.test(keyOf(route)))) continue;
    const status = await call(walk, route, auditor, { project: 'green' });
    if (!isRefused(status)) passed.push(`${keyOf(route)} ${status}`);
  }
  return passed;
}

/** Upstream's rules of reads, open to the role auditor. */
export const widened = ({ policy }: ApiFacts, isRead: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(policy.rules)
      .filter(([name]) => isRead.test(name))
      .map(([name, check]) => [name, `role:auditor or (${check})`]),
  );
