/** Whether the hosts of this cloud have reported, as its own APIs say: before that nothing can be scheduled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request, textOf } from '#shared/clients/http.ts';
import { openSession, type Session } from '#shared/clients/session.ts';
import { ensureSecret } from './cloud/directory.ts';
import type { Endpoint } from './endpoints.ts';
import type { Home } from './settings.ts';

interface Look {
  readonly agent: string;
  /** Whose door is asked: there, and not where the catalog says, which may still name a former address. */
  readonly endpoint: string;
  readonly path: string;
  readonly isThere: (body: Body) => boolean;
}

interface Body {
  readonly services?: readonly { binary: string; state: string }[];
  readonly agents?: readonly { alive: boolean }[];
}

const isUp =
  (name: string) =>
  ({ services = [] }: Body) =>
    services.some(({ binary, state }) => binary === name && state === 'up');

const looks: readonly Look[] = [
  { agent: 'compute-agent', endpoint: 'compute', path: '/v2.1/os-services', isThere: isUp('nova-compute') },
  { agent: 'volume-agent', endpoint: 'volume', path: '/v3/os-services', isThere: isUp('cinder-volume') },
  {
    agent: 'network-agent',
    endpoint: 'network',
    path: '/v2.0/agents',
    isThere: ({ agents = [] }) => agents.some(({ alive }) => alive),
  },
];

/** The cloud's administrator, by the password that this machine keeps. */
export const openAdmin = ({ directory, cloud }: Home, identityUrl: string): Session =>
  openSession({
    identityUrl,
    user: 'admin',
    project: 'admin',
    region: cloud.region,
    password: async () => ensureSecret(directory.path, 'admin'),
  });

/** Gives the agents of `wanted` that did not report in time. Those that none of the doors knows are not looked for. */
export async function waitForAgents(
  admin: Session,
  endpoints: readonly Endpoint[],
  wanted: readonly string[],
  until: AbortSignal,
): Promise<string[]> {
  const urlOf = (name: string) => endpoints.find((endpoint) => endpoint.name === name)?.url;
  let awaited = looks.filter(({ endpoint, agent }) => urlOf(endpoint) && wanted.includes(agent));
  while (!until.aborted) {
    const there = await Promise.all(awaited.map((look) => hasReported(admin, `${urlOf(look.endpoint)}`, look, until)));
    awaited = awaited.filter((_, at) => !there[at]);
    if (awaited.length === 0) return [];
    await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return awaited.map(({ agent }) => agent);
}

async function hasReported(
  admin: Session,
  url: string,
  { path, isThere }: Look,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const headers = { 'x-auth-token': await admin.token() };
    return isThere(JSON.parse(await textOf(await request(url + path, { headers, signal }))) as Body);
  } catch {
    return false;
  }
}
