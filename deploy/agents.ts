/** Whether the hosts of this cloud have reported, as its own APIs say: before that nothing can be scheduled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openSession, type ServiceType, type Session } from '#shared/clients/session.ts';
import { ensureSecret } from './cloud/directory.ts';
import type { Home } from './settings.ts';

interface Look {
  readonly agent: string;
  /** Whose door is asked, and by what name it stands in the catalog. */
  readonly door: string;
  readonly type: ServiceType;
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
  { agent: 'compute-agent', door: 'compute', type: 'compute', path: '/os-services', isThere: isUp('nova-compute') },
  { agent: 'volume-agent', door: 'volume', type: 'volumev3', path: '/os-services', isThere: isUp('cinder-volume') },
  {
    agent: 'network-agent',
    door: 'network',
    type: 'network',
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

/** Gives the agents of `wanted` that did not report in time. Those that no door of `wanted` knows are not looked for. */
export async function waitForAgents(admin: Session, wanted: readonly string[], until: AbortSignal): Promise<string[]> {
  let awaited = looks.filter(({ door, agent }) => wanted.includes(door) && wanted.includes(agent));
  while (!until.aborted) {
    const there = await Promise.all(awaited.map((look) => hasReported(admin, look, until)));
    awaited = awaited.filter((_, at) => !there[at]);
    if (awaited.length === 0) return [];
    await sleep(50, undefined, { signal: until }).catch(() => {});
  }
  return awaited.map(({ agent }) => agent);
}

const hasReported = (admin: Session, { type, path, isThere }: Look, signal: AbortSignal): Promise<boolean> =>
  admin.json<Body>(type, path, { signal }).then(isThere, () => false);
