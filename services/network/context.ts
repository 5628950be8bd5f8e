import type { Knex } from 'knex';
import type { Bus } from '#shared/bus/bus.ts';
import type { ValuesOf } from '#shared/config/settings.ts';
import type { NetworkAgent } from '#shared/contracts/network-agent.ts';
import { isDuplicate } from '#shared/db/errors.ts';
import type { GroupCommit } from '#shared/db/group-commit.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';
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
  readonly log: Log;
  readonly config: Config;
  readonly projectExists: (projectId: string) => Promise<boolean>;
  /** Four letters or digits that mark what is ours on a host. */
  readonly cloudId: string;
}

/** Where the hints go that a host, or compute, is to be told something. */
export const dirtyEntriesWait = 'network.statements';
export const eventsWait = 'network.events';

/**
 * One transaction: all of the work, or nothing. Two that pick the same address, number or MAC at once: one of
 * them goes again. Whoever has to be told hears of it afterwards.
 */
export async function atomically<T>(network: Network, work: (network: Network) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      const result = await network.db.transaction((tx) => work({ ...network, db: tx }));
      network.bus.notify(dirtyEntriesWait);
      network.bus.notify(eventsWait);
      return result;
    } catch (error) {
      if (!isDuplicate(error) || tries === 5) throw error;
    }
  }
}
