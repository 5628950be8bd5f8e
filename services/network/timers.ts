/** Periodic work of this service. */
import type { Session } from '#shared/clients/session.ts';
import { every, type Ticker } from '#shared/clock/every.ts';
import type { Network } from './context.ts';
import { seedExternal } from './networks/seed.ts';
import { moveDhcpFromDownHosts } from './ports/dhcp-port.ts';

interface Project {
  readonly id: string;
}

/** The project that owns the first external network. */
async function adminProject(session: Session): Promise<string> {
  const { projects } = await session.json<{ projects: Project[] }>(
    'identity',
    '/projects?name=admin&domain_id=default',
  );
  const [admin] = projects;
  if (!admin) throw new Error('identity has no project named admin');
  return admin.id;
}

/** Retries until identity, which may start later than this service, answers. */
function seedTimer(network: Network, session: Session): Ticker {
  const { log } = network;
  let seeded = false;
  const seed = async () => {
    if (seeded) return;
    await seedExternal(network, () => adminProject(session));
    seeded = true;
    void timer.close(); // done once only
  };
  const timer = every(1_000, seed, (error) =>
    log.warn({ error }, 'the external network could not be created yet; trying again'),
  );
  timer.wake();
  return timer;
}

/** The first run is after awayMs, so that all hosts have had the time to report since the start. */
function dhcpTimer(network: Network): Ticker {
  const { config, log } = network;
  return every(
    config.awayMs,
    () => moveDhcpFromDownHosts(network),
    (error) => log.warn({ error }, 'DHCP could not be moved from hosts that are down; trying again'),
  );
}

export const openTimers = (network: Network, session: Session): Ticker[] => [
  seedTimer(network, session),
  dhcpTimer(network),
];
