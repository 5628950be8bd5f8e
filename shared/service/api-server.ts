/** Opens the API of a service: loads openapi/ and the policy, and listens. */
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { checksOf } from '#shared/api/checks.ts';
import { openDocument } from '#shared/api/document.ts';
import type { Policy } from '#shared/auth/policy.ts';
import { openPolicy, type PolicySettings } from '#shared/auth/policy-file.ts';
import type { Identify } from '#shared/auth/token-keys.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import type { Refusal } from '#shared/http/options.ts';
import type { Route } from '#shared/http/route.ts';
import { serve } from '#shared/http/serve.ts';
import { createTunedServer, type Listening, listen } from '#shared/http/server.ts';
import type { Log } from '#shared/log/log.ts';
import type { Edge } from './edge.ts';

export interface ApiServer {
  readonly at: { readonly host: string; readonly port: number };
  readonly identify: Identify;
  readonly log: Log;
  /** From the section `cloud`. */
  readonly validation?: 'default' | 'strict';
  readonly edge?: Edge;
  readonly policySettings?: PolicySettings;
}

interface ApiServerOptions<Service> extends ApiServer {
  /** The folder below openapi/. */
  readonly name: string;
  readonly service: Service;
  readonly routes: readonly Route<Service>[];
  readonly policy: Policy;
  readonly dialect: Dialect;
  readonly bodyLimitBytes?: number;
  /** Called for each 401 and 403. */
  readonly refused?: (service: Service, refusal: Refusal<Service>) => Promise<void>;
  /** True when the service itself checks the disk space for what it stores. */
  readonly reservesRoom?: boolean;
  /** Takes the connections of requests for another protocol. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const openapi = join(import.meta.dirname, '..', '..', 'openapi');

export async function openApiServer<Service>({
  name,
  policy,
  policySettings = {},
  at,
  validation,
  edge,
  upgrade,
  ...options
}: ApiServerOptions<Service>): Promise<Listening> {
  const document = openDocument(join(openapi, name));
  const checks = checksOf(document);
  // loaded only when used: it takes 70 MB of memory
  const strict = validation === 'strict' ? (await import('#shared/http/strict.ts')).strictOf(document) : undefined;
  const checkAnswers = process.env.WATTLE_CHECK_ANSWERS === '1';
  const { limits, ...more } = edge ?? {};
  const app = serve({
    ...options,
    ...more,
    name,
    enforcer: openPolicy(policy, policySettings),
    checks,
    checkAnswers,
    ...(strict ? { strict } : {}),
  });
  const server = createTunedServer(app);
  if (upgrade) server.on('upgrade', upgrade);
  return listen(server, at, limits);
}
