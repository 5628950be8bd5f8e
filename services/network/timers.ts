/** What this service does by the clock. */
import type { Session } from '#shared/clients/session.ts';
import { every, type Ticker } from '#shared/clock/every.ts';
import type { Network } from './context.ts';
import { seedExternal } from './networks/seed.ts';
import { leaveSilentHosts } from './ports/leases.ts';

interface Project {
  readonly id: string;
}

/** The admin's project owns what a new cloud begins with. */
async function adminProject(session: Session): Promise<string> {
  const { projects } = await session.json<{ projects: Project[] }>(
    'identity',
    '/projects?name=admin&domain_id=default',
  );
  const [admin] = projects;
  if (!admin) throw new Error('identity knows no project admin');
  return admin.id;
}

/** Identity may start later than this service. */
function seeding(network: Network, session: Session): Ticker {
  const { log } = network;
  let seeded = false;
  const seed = async () => {
    if (seeded) return;
    await seedExternal(network, () => adminProject(session));
    seeded = true;
    void timer.close(); // once in a life
  };
  const timer = every(1_000, seed, (error) => log.warn({ error }, 'the external network is not made yet'));
  timer.wake();
  return timer;
}

/** After a start everybody seems silent: nothing is moved before all had the time to report. */
function leaving(network: Network): Ticker {
  const { config, log } = network;
  return every(
    config.awayMs,
    () => leaveSilentHosts(network),
    (error) => log.warn({ error }, 'leases were not moved'),
  );
}

export const openTimers = (network: Network, session: Session): Ticker[] => [
  seeding(network, session),
  leaving(network),
];
