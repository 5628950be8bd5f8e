/** Waits until the agents have reported to their services: before that nothing can be scheduled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request, textOf } from '#shared/clients/http.ts';
import { openSession, type Session } from '#shared/clients/session.ts';
import { ensureSecret } from './cloud/directory.ts';
import type { Endpoint } from './endpoints.ts';
import type { Home } from './settings.ts';

interface AgentCheck {
  readonly agent: string;
  /** The service that knows the agent. Its URL is taken from settings: the catalog may still hold a former address. */
  readonly endpoint: string;
  readonly path: string;
  readonly hasReported: (body: Body) => boolean;
}

interface Body {
  readonly services?: readonly { binary: string; state: string }[];
  readonly agents?: readonly { alive: boolean }[];
}

const isUp =
  (name: string) =>
  ({ services = [] }: Body) =>
    services.some(({ binary, state }) => binary === name && state === 'up');

const checks: readonly AgentCheck[] = [
  { agent: 'compute-agent', endpoint: 'compute', path: '/v2.1/os-services', hasReported: isUp('nova-compute') },
  { agent: 'volume-agent', endpoint: 'volume', path: '/v3/os-services', hasReported: isUp('cinder-volume') },
  {
    agent: 'network-agent',
    endpoint: 'network',
    path: '/v2.0/agents',
    hasReported: ({ agents = [] }) => agents.some(({ alive }) => alive),
  },
];

/** A session of the cloud's administrator, with the password in var/secrets. */
export const openAdmin = ({ directory, cloud }: Home, identityUrl: string): Session =>
  openSession({
    identityUrl,
    user: 'admin',
    project: 'admin',
    region: cloud.region,
    password: async () => ensureSecret(directory.path, 'admin'),
  });

/** Returns the agents of `wanted` that did not report in time. Agents whose service is not among the endpoints are skipped. */
export async function waitForAgents(
  admin: Session,
  endpoints: readonly Endpoint[],
  wanted: readonly string[],
  until: AbortSignal,
): Promise<string[]> {
  const urlOf = (name: string) => endpoints.find((endpoint) => endpoint.name === name)?.url;
  let pending = checks.filter(({ endpoint, agent }) => urlOf(endpoint) && wanted.includes(agent));
  while (!until.aborted) {
    const reported = await Promise.all(pending.map((check) => passes(admin, `${urlOf(check.endpoint)}`, check, until)));
    pending = pending.filter((_, at) => !reported[at]);
    if (pending.length === 0) return [];
    await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return pending.map(({ agent }) => agent);
}

async function passes(
  admin: Session,
  url: string,
  { path, hasReported }: AgentCheck,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const headers = { 'x-auth-token': await admin.token() };
    return hasReported(JSON.parse(await textOf(await request(url + path, { headers, signal }))) as Body);
  } catch {
    return false;
  }
}
