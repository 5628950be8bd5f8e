/** Opens an API: its description, its rules, its road, its port. */
import { join } from 'node:path';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import { enforcerOf, type Policy } from '#shared/auth/policy.ts';
import type { Identify } from '#shared/auth/trust.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import type { Route } from '#shared/http/route.ts';
import { serve } from '#shared/http/serve.ts';
import { createTunedServer, type Listening, listen } from '#shared/http/server.ts';
import type { Log } from '#shared/log/log.ts';

export interface DoorOptions<Service> {
  /** The folder below openapi/. */
  readonly name: string;
  readonly service: Service;
  readonly routes: readonly Route<Service>[];
  readonly policy: Policy;
  readonly dialect: Dialect;
  readonly identify: Identify;
  readonly log: Log;
  readonly at: { readonly host: string; readonly port: number };
  readonly bodyLimitBytes?: number;
}

const openapi = join(import.meta.dirname, '..', '..', 'openapi');

export function openDoor<Service>({ name, policy, at, ...options }: DoorOptions<Service>): Promise<Listening> {
  const checks = checksOf(openDocument(join(openapi, name)));
  const checkAnswers = process.env.WATTLE_CHECK_ANSWERS === '1';
  const app = serve({ ...options, enforcer: enforcerOf(policy), checks, checkAnswers });
  return listen(createTunedServer(app), at);
}
