/** What the commands of `deploy` may use of this service without its running processes. */
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import type { ComputeReport } from '#shared/contracts/compute-agent.ts';
import { listHeldReports } from '#shared/db/hold.ts';
import { openDatabase } from '#shared/db/open.ts';
import { type Comparison, compareHosts } from '#shared/hosts/compare.ts';
import { section } from './config.ts';
import { listPlacedServers } from './servers/store.ts';

export const openRows = (settings: Settings) =>
  openDatabase(settings.read('compute', section).database || databaseOf(readCloud(settings), 'compute'));

/** The guests of hosts against the servers of a restored database. */
export async function compareRestored(settings: Settings): Promise<Comparison> {
  const db = openRows(settings);
  try {
    const reports = await listHeldReports<ComputeReport>(db);
    const found = [...reports].map(
      ([host, { guests }]) => [host, guests.map(({ id }) => ({ kind: 'guest', id, host }))] as const,
    );
    const wanted = (await listPlacedServers(db)).map(({ id, host, vmState }) => ({
      kind: 'guest',
      id,
      host,
      mayLack: vmState === 'building' || vmState === 'error',
    }));
    return compareHosts(wanted, new Map(found));
  } finally {
    await db.destroy();
  }
}
