import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { NetworkAgent } from '#shared/contracts/network-agent.ts';
import { isDuplicate } from '#shared/db/errors.ts';
import type { GroupCommit } from '#shared/db/group-commit.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
import type { Presence } from '#shared/hosts/presence.ts';
import type { Log } from '#shared/log/log.ts';
import type { section } from './config.ts';

export type Config = ValuesOf<typeof section>;

/** Everything this service's functions may reach. Inside a transaction, `db` is the transaction. */
export interface Network {
  readonly db: Knex;
  /** For small transactions that may share a commit. */
  readonly groupCommit: GroupCommit;
  readonly bus: Bus;
  readonly hosts: Hosts<NetworkAgent>;
  /** Which hosts are up. */
  readonly presence: Presence;
  /** Which hosts renew the lease of their routers. */
  readonly leases: Presence;
  readonly log: Log;
  readonly config: Config;
  readonly projectExists: (projectId: string) => Promise<boolean>;
  /** Four letters or digits in the names of this cloud's objects on a host. */
  readonly cloudId: string;
}

/** Bus subjects of the notifications that dirty entries, or events for compute, were written. */
export const dirtyEntriesChanged = 'network.statements';
export const eventsChanged = 'network.events';

/**
 * Runs the work in one transaction, and again when it collides with a concurrent one that picked the same address, number or
 * MAC. Then notifies the reconciler and the event sender.
 */
export async function atomically<T>(network: Network, work: (network: Network) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const result = await network.db.transaction((tx) => work({ ...network, db: tx }));
      network.bus.notify(dirtyEntriesChanged);
      network.bus.notify(eventsChanged);
      return result;
    } catch (error) {
      if (!isDuplicate(error) || tries === 5) throw error;
    }
  }
}
