/** Periodic work of this service. */
import type { IdentityClient } from '#shared/clients/identity.ts';
import { every, type Ticker } from '#shared/clock/every.ts';
import type { Network } from './context.ts';
import { takeOverFromLost } from './gateways/take-over.ts';
import { seedExternal } from './networks/seed.ts';
import { moveDhcpFromDownHosts } from './ports/dhcp-port.ts';

/** The project that owns the first external network. */
async function adminProject(identity: IdentityClient): Promise<string> {
  const id = await identity.findProject('admin');
  if (id === undefined) throw new Error('identity has no project named admin');
  return id;
}

/** Retries until identity, which may start later than this service, answers. */
function seedTimer(network: Network, identity: IdentityClient): Ticker {
  const { log } = network;
  let seeded = false;
  const seed = async () => {
    if (seeded) return;
    await seedExternal(network, () => adminProject(identity));
    seeded = true;
    void timer.close(); // done once only
  };
  const timer = every(1_000, seed, (error) =>
    log.warn({ error }, 'the external network could not be created yet; trying again'),
  );
  timer.wake();
  return timer;
}

function dhcpTimer(network: Network): Ticker {
  const { config, log } = network;
  return every(
    Math.min(2_000, config.hostDownMs),
    () => moveDhcpFromDownHosts(network),
    (error) => log.warn({ error }, 'DHCP could not be moved from hosts that are down; trying again'),
  );
}

const takeOverMs = 500;

const takeOverTimer = (network: Network): Ticker =>
  every(
    takeOverMs,
    () => takeOverFromLost(network),
    (error) => network.log.warn({ error }, 'routers could not be moved from a host that is lost; trying again'),
  );

export const openTimers = (network: Network, identity: IdentityClient): Ticker[] => [
  takeOverTimer(network),
  seedTimer(network, identity),
  dhcpTimer(network),
];
