/** Whether the hosts of this cloud have reported, as its own APIs say: before that nothing can be scheduled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureSecret } from './cloud/directory.ts';
import type { Door } from './doors.ts';
import type { Home } from './settings.ts';

interface Look {
  /** Whose door is asked, and who is looked for there. */
  readonly door: string;
  readonly agent: string;
  readonly path: (projectId: string) => string;
  readonly isThere: (body: Body) => boolean;
}

interface Body {
  readonly services?: readonly { binary: string; state: string }[];
  readonly agents?: readonly { alive: boolean }[];
}

const looks: readonly Look[] = [
  {
    door: 'compute',
    agent: 'compute-agent',
    path: () => '/v2.1/os-services',
    isThere: ({ services = [] }) => services.some(({ binary, state }) => binary === 'nova-compute' && state === 'up'),
  },
  {
    door: 'volume',
    agent: 'volume-agent',
    path: (projectId) => `/v3/${projectId}/os-services`,
    isThere: ({ services = [] }) => services.some(({ binary, state }) => binary === 'cinder-volume' && state === 'up'),
  },
  {
    door: 'network',
    agent: 'network-agent',
    path: () => '/v2.0/agents',
    isThere: ({ agents = [] }) => agents.some(({ alive }) => alive),
  },
];

/** Gives the agents that did not report in time. */
export async function waitForAgents(
  home: Home,
  doors: readonly Door[],
  wanted: readonly string[],
  until: AbortSignal,
): Promise<string[]> {
  const urlOf = (name: string) => doors.find((door) => door.name === name)?.url;
  let awaited = looks.filter(({ door, agent }) => urlOf(door) && wanted.includes(agent));
  const identity = urlOf('identity');
  if (!identity) return [];
  while (!until.aborted && awaited.length > 0) {
    const login = await logIn(home, identity, until).catch(() => undefined);
    const there = await Promise.all(
      awaited.map((look) => login && reported(look, `${urlOf(look.door)}`, login, until)),
    );
    awaited = awaited.filter((_, at) => !there[at]);
    if (awaited.length > 0) await sleep(100, undefined, { signal: until }).catch(() => {});
  }
  return awaited.map(({ agent }) => agent);
}

interface Login {
  readonly token: string;
  readonly projectId: string;
}

async function logIn({ directory }: Home, url: string, signal: AbortSignal): Promise<Login> {
  const domain = { name: 'Default' };
  const user = { name: 'admin', domain, password: ensureSecret(directory.path, 'admin') };
  const auth = {
    identity: { methods: ['password'], password: { user } },
    scope: { project: { name: 'admin', domain } },
  };
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ auth }),
    signal,
  });
  const { token } = (await response.json()) as { token: { project: { id: string } } };
  return { token: response.headers.get('x-subject-token') ?? '', projectId: token.project.id };
}

async function reported(
  { path, isThere }: Look,
  url: string,
  { token, projectId }: Login,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const response = await fetch(url + path(projectId), { headers: { 'x-auth-token': token }, signal });
    return isThere((await response.json()) as Body);
  } catch {
    return false;
  }
}
