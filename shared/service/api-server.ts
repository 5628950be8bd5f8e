/** Opens an API: its description, its rules, its road, its port. */
import { join } from 'node:path';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import { enforcerOf, type Policy, type Scopes } from '#shared/auth/policy.ts';
import type { Identify } from '#shared/auth/token-keys.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import type { Route } from '#shared/http/route.ts';
import { type Refusal, serve } from '#shared/http/serve.ts';
import { createTunedServer, type Listening, listen } from '#shared/http/server.ts';
import type { Log } from '#shared/log/log.ts';
import type { Edge } from './edge.ts';

/** Where it stands, who comes in, and how closely all are looked at. */
export interface ApiServer {
  readonly at: { readonly host: string; readonly port: number };
  readonly identify: Identify;
  readonly log: Log;
  /** From the section `cloud`. */
  readonly validation?: 'everyday' | 'strict';
  readonly edge?: Edge;
}

interface ApiServerOptions<Service> extends ApiServer {
  /** The folder below openapi/. */
  readonly name: string;
  readonly service: Service;
  readonly routes: readonly Route<Service>[];
  readonly policy: Policy;
  /** Where tokens must count for a rule; none: anywhere. */
  readonly scopes?: Scopes;
  readonly dialect: Dialect;
  readonly bodyLimitBytes?: number;
  /** Is told who was turned away with 401 or 403. */
  readonly refused?: (service: Service, refusal: Refusal<Service>) => Promise<void>;
  /** True where the service itself looks at the room that what it stores needs. */
  readonly reservesRoom?: boolean;
}

const openapi = join(import.meta.dirname, '..', '..', 'openapi');

export async function openApiServer<Service>({
  name,
  policy,
  scopes,
  at,
  validation,
  edge,
  ...options
}: ApiServerOptions<Service>): Promise<Listening> {
  const document = openDocument(join(openapi, name));
  const checks = checksOf(document);
  // loaded only when asked for: it weighs 70 MB
  const strict = validation === 'strict' ? (await import('#shared/http/strict.ts')).strictOf(document) : undefined;
  const checkAnswers = process.env.WATTLE_CHECK_ANSWERS === '1';
  const { limits, ...more } = edge ?? {};
  const app = serve({
    ...options,
    ...more,
    name,
    enforcer: enforcerOf(policy, scopes),
    checks,
    checkAnswers,
    ...(strict ? { strict } : {}),
  });
  return listen(createTunedServer(app), at, limits);
}
